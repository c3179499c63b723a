// Scheduled jobs as plain as they come.

import { duration } from '../../../src/domain/duration.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { ScheduledJob } from '../../../src/engine/schedule/scheduled-jobs.ts';

export const scheduled = (id: string, frequency: string, rest: Partial<ScheduledJob> = {}): ScheduledJob => ({
  id,
  kind: 'run',
  subject: id,
  title: `Back up ${id}`,
  service: id,
  repositories: ['nas'],
  argv: ['run', id],
  frequency,
  randomizedDelay: null,
  catchUp: true,
  ...rest,
});

export const at = (text: string): Instant => Date.parse(text) as Instant;
export const PLACE = { zone: 'Europe/Berlin', host: 'attic' };
export const SIX_HOURS = duration(6, 'h');
