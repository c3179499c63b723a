// Each service by itself: does it say what to keep, and does what it says make sense together?

import { describeDuration, type Duration } from '../../domain/duration.ts';
import { expectedInterval } from '../../domain/frequency.ts';
import { cadenceOf } from '../cadence.ts';
import type { ProtectionConfig, RepositoryConfig, ServiceConfig } from '../configuration.ts';
import { contains, normalPath } from '../repository-url.ts';
import type { DeclaredService } from '../resolve.ts';
import { type CrossCheckInput, type Findings, needsNoService } from './findings.ts';

export function checkServices(input: CrossCheckInput, findings: Findings): void {
  const someLeftOut = [...input.leftOut].some((path) => path.startsWith('services'));
  if (input.services.length === 0 && !someLeftOut && !needsNoService(input))
    findings.warn(['services'], 'no service is declared: nothing is backed up');
  for (const service of input.services) {
    const effective = input.resolved.configuration.services.get(service.name);
    if (effective === undefined) continue;
    checkPurpose(service, effective, findings);
    checkDatabases(service, findings);
    checkSnapshots(service, effective, findings);
    checkEmptyStart(service, effective, findings);
    checkCadence(effective, input, findings);
    const { backup } = service.value;
    if (backup?.repository !== undefined && backup.repositories !== undefined) {
      findings.error(['services', service.name, 'backup', 'repository'], 'write either repository or repositories');
    }
  }
}

/** Either there is something to back up, or it is said on purpose that there is not. */
function checkPurpose({ name, value }: DeclaredService, effective: ServiceConfig, findings: Findings): void {
  const path = ['services', name];
  const { backup, postgres, mariadb } = value;
  const switchedOff = backup?.enable === false;
  const something = (backup?.paths?.length ?? 0) > 0 || (backup?.databases?.length ?? 0) > 0;
  if (effective.protection.copies === 0) {
    const owed = `its protection class '${effective.protection.class}' keeps nothing`;
    if (backup && !switchedOff)
      findings.error([...path, 'backup'], `${owed}, yet a backup is declared: take one of the two away`);
    if (postgres)
      findings.error([...path, 'postgres'], `${owed}, yet a database engine is declared: take one of the two away`);
    if (mariadb)
      findings.error([...path, 'mariadb'], `${owed}, yet a database server is declared: take one of the two away`);
  } else if (switchedOff && (!postgres || postgres.engine === 'dump')) {
    findings.warn([...path, 'backup', 'enable'], 'the backup is switched off: nothing of this service is kept');
  } else if (!something && !postgres && !mariadb) {
    findings.error(
      backup ? [...path, 'backup'] : path,
      'nothing of it is backed up: name paths or databases under backup, or say so on purpose with protection: {class: ephemeral}',
    );
  }
}

function checkDatabases({ name, value }: DeclaredService, findings: Findings): void {
  const paths = value.backup?.paths ?? [];
  if (paths.length === 0) return; // the databases themselves are then what is backed up
  for (const [index, database] of (value.backup?.databases ?? []).entries()) {
    const file = normalPath(database.path);
    if (paths.some((path) => normalPath(path) === file || contains(normalPath(path), file))) continue;
    findings.error(
      ['services', name, 'backup', 'databases', index, 'path'],
      `the database is outside of the service's paths, so no copy of it would be kept; add it or its directory to paths`,
    );
  }
}

/** It widens what a person may allow; without that it allows nothing. */
function checkEmptyStart({ name, value }: DeclaredService, effective: ServiceConfig, findings: Findings): void {
  if (value.recover?.onFailure !== 'start-empty' || effective.protection.allowEmptyStart) return;
  findings.warn(
    ['services', name, 'recover', 'onFailure'],
    'start-empty has no effect without protection.allowEmptyStart: true: it never starts empty',
  );
}

function checkSnapshots({ name, value }: DeclaredService, effective: ServiceConfig, findings: Findings): void {
  const { backup } = value;
  const root = backup?.paths?.findIndex((path) => normalPath(path) === '/') ?? -1;
  if (root !== -1 && effective.backup?.useSnapshots === true)
    findings.warn(
      ['services', name, 'backup', 'paths', root],
      'no snapshot can be put in the place of /: it is read as it lives, and every run is partial; name the directories in it instead',
    );
  if (backup?.zfsDataset === undefined || backup.useSnapshots !== false) return;
  findings.error(
    ['services', name, 'backup', 'zfsDataset'],
    'it is for snapshots, but useSnapshots is false: take one of the two away',
  );
}

/** A promise that the schedule cannot keep is broken every day. */
function checkCadence({ name, backup, protection }: ServiceConfig, input: CrossCheckInput, findings: Findings): void {
  if (backup === null) return;
  const { repositories } = input.resolved.configuration;
  const into = backup.repositories.flatMap((each) => repositories.get(each) ?? []);
  for (const [cadence, some] of Map.groupBy(into, (repository) => cadenceOf(backup, repository))) {
    const owed = Math.min(...some.map((each) => rpoAt(each, protection) ?? Infinity)) as Duration; // one of them, or none
    if ((expectedInterval(cadence) ?? 0) <= owed) continue;
    const where = cadence === backup.frequency ? '' : ` into ${some.map((each) => each.name).join(', ')}`;
    findings.warn(
      ['services', name, ...(backup.serverCopy ? ['postgres', 'offsite'] : ['backup'])],
      `it runs ${cadence}${where}, but its newest copy may be at most ${describeDuration(owed)} old (rpo of class ${protection.class}): back up more often or promise less`,
    );
  }
}

const rpoAt = ({ location }: RepositoryConfig, { rpo, offsiteRpo }: ProtectionConfig): Duration | null =>
  location === 'offsite' ? (offsiteRpo ?? rpo) : rpo;
