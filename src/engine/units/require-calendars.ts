// Whether systemd itself finds a next time for every calendar that timers are to have: one that it refuses, or gives up on in
// the time zone of this host, is a job that never runs.

import type { Configuration } from '../../config/configuration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { refusedCalendars } from '../../tools/systemd/analyze.ts';
import { scheduledJobs } from '../schedule/scheduled-jobs.ts';

/** Throws `config` for those for which it does not. Where it cannot be asked, that is for the host that gets them. */
export async function requireCalendars(configuration: Configuration, signal: AbortSignal): Promise<void> {
  const jobs = scheduledJobs(configuration);
  const refused = await refusedCalendars([...new Set(jobs.map(({ frequency }) => frequency))], signal);
  if (refused === null || refused.length === 0) return;
  const hit = jobs.filter(({ frequency }) => refused.includes(frequency));
  throw new HoldfastError({
    code: 'config',
    operation: 'make timers for',
    subject: hit.map(({ id }) => id).join(', '),
    message: `systemd does not understand ${refused.map((text) => `'${text}'`).join(', ')}, or never comes to it here: ${hit.map(({ id }) => id).join(', ')}`,
    hint: 'Nothing was changed. Try another expression with: systemd-analyze calendar --iterations=12 EXPRESSION',
  });
}
