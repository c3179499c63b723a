// What the schema cannot see: parts of the configuration that do not fit together. Everything that is found is reported.

import { checkDatasets } from './cross-check/datasets.ts';
import { checkDirectories } from './cross-check/directories.ts';
import { type CrossCheckInput, Findings } from './cross-check/findings.ts';
import { checkGates } from './cross-check/gate.ts';
import { checkNotifications } from './cross-check/notifications.ts';
import { checkMetrics } from './cross-check/metrics.ts';
import { checkMariadb } from './cross-check/mariadb.ts';
import { checkPostgres } from './cross-check/postgres.ts';
import { checkReferences } from './cross-check/references.ts';
import { checkReplication } from './cross-check/replication.ts';
import { checkRepositories } from './cross-check/repositories.ts';
import { checkServerCopies } from './cross-check/server-copy.ts';
import { checkServices } from './cross-check/services.ts';
import { checkUnheard } from './cross-check/unheard.ts';

export type { CrossCheckInput } from './cross-check/findings.ts';

export function crossCheck(input: CrossCheckInput): Pick<Findings, 'errors' | 'warnings' | 'secretFiles'> {
  const findings = new Findings(input);
  checkRepositories(input, findings);
  checkReferences(input, findings);
  checkServices(input, findings);
  checkPostgres(input, findings);
  checkMariadb(input, findings);
  checkServerCopies(input, findings);
  checkDirectories(input, findings);
  checkDatasets(input, findings);
  checkReplication(input, findings);
  checkGates(input, findings);
  checkNotifications(input, findings);
  checkUnheard(input, findings);
  checkMetrics(input, findings);
  return findings;
}
