// Where barman-cloud keeps a server: its own words over what is built in. To everything else it is one repository.

import type { Json } from '../lib/json.ts';
import type { BarmanConfig, PostgresRepositoryConfig, PostgresSchedule } from './configuration.ts';
import { type Choice, builtIn, type EffectiveEntries, type Written } from './effective.ts';
import type { PostgresFile } from './schema.ts';
import { milliseconds } from './written-values.ts';

type BarmanFile = NonNullable<PostgresFile['barman']>;

const KEPT = 7;

export interface ResolvedBarman {
  readonly barman: BarmanConfig;
  readonly repository: PostgresRepositoryConfig;
}

/** Null where nothing is written of it. */
export function resolveBarman(
  service: string,
  server: Written<PostgresFile>,
  value: BarmanFile | undefined,
  schedule: PostgresSchedule,
  entries: EffectiveEntries,
): ResolvedBarman | null {
  if (value === undefined) return null;
  const own = server.inside<BarmanFile>('barman', value);
  const add = <Chosen>(key: string, choice: Choice<Chosen>): Chosen => entries.add([...own.path, key], choice);
  const nothing = builtIn(null);
  const destination = add('destination', own.get('destination') ?? builtIn(value.destination)).replace(/\/+$/, '');
  const serverName = add('serverName', own.get('serverName') ?? builtIn(service, 'the name of the service'));
  const endpointUrl = add('endpointUrl', own.get('endpointUrl') ?? nothing);
  const credentialsFile = add('credentialsFile', own.get('credentialsFile') ?? nothing);
  const profile = add('profile', own.get('profile') ?? nothing);
  const compression = add('compression', own.get('compression') ?? builtIn<BarmanConfig['compression']>('gzip'));
  const retention = own.get('retention');
  if (retention) add('retention', retention as Choice<Json>); // the schema holds JSON only
  const location = add('location', own.get('location') ?? builtIn<'onsite' | 'offsite'>('offsite'));
  const medium = add('medium', own.get('medium') ?? builtIn('s3'));
  const { full = KEPT, window } = value.retention ?? {};
  return {
    barman: {
      destination,
      serverName,
      endpointUrl,
      credentialsFile,
      profile,
      compression,
      retention: { full, window: window === undefined ? null : milliseconds(window) },
    },
    repository: {
      key: 1,
      name: 'repo1',
      path: `${destination}/${serverName}`,
      mounted: null,
      location,
      medium,
      cipherPassFile: null,
      bundle: false,
      block: false,
      retention: { full, differential: null, archive: null },
      schedule,
    },
  };
}
