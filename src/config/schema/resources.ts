// Limits on what backups may take from the machine, as they are written: for one service, and for all of them together.

import { z } from 'zod';
import { bytesText, count, optional, section } from './scalars.ts';

const weight = count(1).max(10_000, { error: 'expected a whole number from 1 to 10000' });
const quota = z
  .string({ error: 'expected a percentage of one CPU such as 50% or 200%' })
  .regex(/^[1-9]\d{0,5}%$/, { error: 'expected a percentage of one CPU such as 50% or 200%' })
  .meta({ examples: ['50%', '200%'] });

const shape = {
  memoryMax: optional(bytesText, 'Memory above which the kernel ends a process of it. restic keeps its index in memory.'),
  memoryHigh: optional(bytesText, 'Memory above which it is slowed down.'),
  cpuQuota: optional(quota, 'Most CPU time it gets; 200% is two CPUs.'),
};

/** Of one job; what is not written is not limited. */
export const resourcesSchema = section({
  ...shape,
  cpuWeight: optional(weight, 'Its share of CPU time among backups that run at once. 100 is ordinary.'),
  ioWeight: optional(weight, 'Its share of disk time among backups that run at once. 100 is ordinary.'),
});

/** Of all that Holdfast starts by itself, together. */
export const unitsSchema = section({
  ...shape,
  cpuWeight: optional(weight, 'The share of CPU time of all backups together, against 100 of everything else.', 20),
  ioWeight: optional(weight, 'The share of disk time of all backups together, against 100 of everything else.', 20),
});
