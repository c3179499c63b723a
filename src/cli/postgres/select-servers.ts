// The servers that a command is about.

import type { Configuration } from '../../config/configuration.ts';
import type { EngineService } from '../../engine/postgres/access.ts';
import { HoldfastError } from '../../lib/errors.ts';

/** Of services that match any of the patterns, or all of them. Throws `usage` where no engine backs up any of them. */
export async function selectServers(configuration: Configuration, names: readonly string[]): Promise<EngineService[]> {
  const { selectServices } = await import('../../engine/select.ts');
  const { engineJobs } = await import('../../engine/postgres/plan-backup.ts');
  const servers = selectServices(configuration, names).flatMap((service) => engineJobs(service).slice(0, 1));
  if (servers.length > 0) return servers;
  throw none(names);
}

const none = (names: readonly string[]): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'select',
    subject: names.join(' ') || 'services',
    message: 'no PostgreSQL server is declared there that pgbackrest or barman-cloud backs up',
    hint: '`holdfast config show` lists what each service declares.',
  });
