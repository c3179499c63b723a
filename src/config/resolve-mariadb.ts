// The MariaDB server of one service: its own words over what is built in.

import type { MariadbConfig } from './configuration.ts';
import { builtIn, type Choice, type EffectiveEntries, type Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import type { MariadbFile } from './schema.ts';

/** Where Debian, NixOS and others have it. */
const SOCKET = '/run/mysqld/mysqld.sock';

/** Null when the service declares none. */
export function resolveMariadb(
  service: string,
  own: Written<MariadbFile>,
  value: MariadbFile | undefined,
  entries: EffectiveEntries,
): MariadbConfig | null {
  if (value === undefined) return null;
  const path = ['services', service, 'mariadb'];
  const add = <Chosen>(key: string, choice: Choice<Chosen>): Chosen => entries.add([...path, key], choice);
  const dataDir = normalPath(add('dataDir', own.get('dataDir') ?? builtIn(value.dataDir)));
  const socket = normalPath(add('socket', own.get('socket') ?? builtIn(SOCKET)));
  const defaultsFile = add('defaultsFile', own.get('defaultsFile') ?? builtIn(null));
  const standard = defaultsFile === null ? builtIn('root') : builtIn(null, 'what defaultsFile says');
  const user = add<string | null>('user', own.get('user') ?? standard);
  const processes = add('processes', own.get('processes') ?? builtIn(1));
  const excludeDatabases = own.get('excludeDatabases');
  if (excludeDatabases) add('excludeDatabases', excludeDatabases);
  return {
    dataDir,
    socket,
    user,
    defaultsFile: defaultsFile === null ? null : normalPath(defaultsFile),
    processes,
    excludeDatabases: excludeDatabases?.value ?? [],
  };
}
