// How the agent itself is, as it goes over the wire.

import { z } from 'zod';
import { instant } from './report-shape.ts';

export const healthShape = z.object({
  status: z.enum(['ok', 'degraded']).meta({ description: 'Whether anything below is wrong.' }),
  problems: z.array(z.string()),
  version: z.string(),
  pid: z.number(),
  host: z.string(),
  stateDir: z.string(),
  startedAt: instant,
  configuration: z.object({
    file: z.string(),
    loadedAt: instant,
    error: z.string().nullable().meta({ description: 'Why what is written now does not hold; the one before still does.' }),
    needsRestart: z.boolean(),
  }),
  journal: z.string().nullable().meta({ description: 'Why the record cannot be read; null when it can.' }),
  schedule: z.object({
    active: z.boolean().meta({ description: 'Whether the agent starts what recurs.' }),
    jobs: z.number(),
    next: z.object({ job: z.string(), at: instant }).nullable(),
  }),
  runs: z.object({ open: z.number(), started: z.number().meta({ description: 'Processes that the agent started.' }) }),
  listeners: z.number(),
});

export type Health = z.infer<typeof healthShape>;
