// The file in the state directory that remembers which times of which schedule are dealt with. It is no record of runs: what it
// knows is that a time was nobody's any more, also where the run died. Without it nothing is made up for, once.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { replacePrivately } from '../../lib/private-file.ts';
import type { ScheduleMemory } from './timetable.ts';

const SHAPE = z.object({
  version: z.literal(1),
  jobs: z.record(z.string(), z.object({ until: z.int(), frequency: z.string() })),
});

export interface ScheduleStore {
  /** Empty where there is none, or none that can be read. */
  read(): Promise<ScheduleMemory>;
  /** Whole or not at all, and on the disk when it resolves. Throws HoldfastError. */
  write(memory: ScheduleMemory): Promise<void>;
}

export function scheduleStore(stateDir: string): ScheduleStore {
  const file = join(stateDir, 'schedule.json');
  return {
    read: async () => {
      const parsed = SHAPE.safeParse(await contents(file));
      const jobs = parsed.success ? Object.entries(parsed.data.jobs) : [];
      return new Map(jobs.map(([id, { until, frequency }]) => [id, { until: until as Instant, frequency }]));
    },
    write: async (memory) => {
      try {
        replacePrivately(file, `${JSON.stringify({ version: 1, jobs: Object.fromEntries(memory) })}\n`);
      } catch (cause) {
        throw new HoldfastError({
          code: 'failed',
          operation: 'remember what was scheduled',
          subject: file,
          message: 'it cannot be written',
          hint: 'is the state directory writable, and is there room?',
          cause,
        });
      }
    },
  };
}

/** Undefined where there is nothing that could be read, which is as if nothing were remembered. */
async function contents(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined; // missing, damaged, not readable: the schedule begins anew
  }
}
