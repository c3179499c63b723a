// The unit of a PostgreSQL server. What Debian calls postgresql.service runs no server: it is a shell around the instances of
// postgresql@.service, one for each cluster, which do not even wait for it. To stop, to start or to hold back a server by it would
// do nothing, or look as if it had.

import { builtIn, type Choice } from './effective.ts';

const SHELL = 'postgresql.service';
/** Where Debian has the cluster NAME of version V. A name with a dash would be written differently in a unit's. */
const CLUSTER = /^\/var\/lib\/postgresql\/(\d+(?:\.\d+)?)\/([A-Za-z0-9_]+)$/;

/** The instance in the place of the shell. `dataDir`: of the server, undefined where the service has none. */
export function serverUnit(unit: Choice<string> | undefined, dataDir: string | undefined): Choice<string> | undefined {
  const [, version, name] = CLUSTER.exec(dataDir ?? '') ?? [];
  if (unit?.value !== SHELL || version === undefined || name === undefined) return unit;
  const via = `the server in ${dataDir}, which ${SHELL} does not run itself`;
  const value = `postgresql@${version}-${name}.service`;
  return unit.origin.kind === 'option' ? builtIn(value, via) : { value, origin: { ...unit.origin, via } }; // it was written, and is kept as that
}
