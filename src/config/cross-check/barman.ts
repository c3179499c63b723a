// Servers that barman-cloud backs up: one without a place, two in one place, what barman-cloud has no use for, and a secret that
// everybody can read.

import type { PostgresConfig } from '../configuration.ts';
import type { KeyPath } from '../problems.ts';
import type { PostgresFile } from '../schema.ts';
import type { Findings } from './findings.ts';

/** barman-cloud makes whole backups only, compresses in ways of its own, and lies where nothing has to be copied to. */
const NOT_OF_BARMAN = ['compress', 'differential', 'incremental', 'offsite'] as const;

/** `places`: of the servers before this one. */
export function checkBarman(
  { engine, barman }: PostgresConfig,
  value: PostgresFile,
  path: KeyPath,
  places: Map<string, KeyPath>,
  findings: Findings,
): void {
  if (engine !== 'barman-cloud') {
    if (value.barman !== undefined)
      findings.error([...path, 'barman'], `this is for barman-cloud, and the engine is ${engine}`);
    return;
  }
  for (const key of NOT_OF_BARMAN)
    if (value[key] !== undefined) findings.error([...path, key], `barman-cloud has no use for it${INSTEAD[key] ?? ''}`);
  if (barman === null) {
    findings.error(path, 'where barman-cloud keeps its backups is not written: barman: {destination: s3://BUCKET/PATH}');
    return;
  }
  const place = `${barman.endpointUrl ?? ''} ${barman.destination}/${barman.serverName}`;
  const other = places.get(place);
  if (other)
    findings.error(
      [...path, 'barman'],
      `another server is kept there as ${barman.serverName} (${findings.place(other)}): the log of one would come among that of the other`,
    );
  places.set(place, path);
  if (barman.credentialsFile !== null) findings.secretFile([...path, 'barman', 'credentialsFile'], barman.credentialsFile);
}

const INSTEAD: Partial<Record<(typeof NOT_OF_BARMAN)[number], string>> = {
  compress: ': barman.compression is',
  differential: ': all its backups are full ones',
  incremental: ': all its backups are full ones',
};
