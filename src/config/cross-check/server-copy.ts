// The offsite copy of a pgBackRest repository: of which one, and whether that is a copy that is worth it.

import type { KeyPath } from '../problems.ts';
import { contains } from '../repository-url.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

export function checkServerCopies(input: CrossCheckInput, findings: Findings): void {
  for (const { name, value } of input.services) {
    const effective = input.resolved.configuration.services.get(name);
    const offsite = value.postgres?.offsite;
    if (offsite === undefined || !effective?.postgres) continue;
    const { postgres, backup } = effective;
    const path: KeyPath = ['services', name, 'postgres', 'offsite'];
    if (postgres.engine === 'barman-cloud') continue; // refused already
    if (postgres.engine !== 'pgbackrest') {
      findings.warn(path, `it copies a repository of pgBackRest, and the engine is ${postgres.engine}: nothing is copied`);
      continue;
    }
    const copy = backup?.serverCopy;
    if (copy === undefined) {
      findings.error(path, `files of ${name} are backed up as well (backup): give those a service of their own`);
      continue;
    }
    const { dataDir, repositories } = postgres;
    const kept = repositories.map((each) => `${each.path} (${each.name})`).join(', ');
    if (repositories.length > 0 && copy.repository === null)
      findings.error([...path, 'path'], `pgBackRest has no repository there; there is: ${kept}`);
    else if (copy.path === dataDir || contains(dataDir, copy.path) || contains(copy.path, dataDir))
      findings.error([...path, 'path'], `it and the data directory (${dataDir}) lie one inside of the other`);
    if (offsite.cipherPassFile !== undefined) findings.secretFile([...path, 'cipherPassFile'], offsite.cipherPassFile);
    const receiver = input.resolved.configuration.repositories.get(offsite.repository);
    if (receiver?.location === 'onsite')
      findings.warn([...path, 'repository'], `${receiver.name} is onsite: a copy in it is none that a fire spares`);
  }
}
