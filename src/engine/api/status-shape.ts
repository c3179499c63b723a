// The status of services as it goes over the wire.

import { z } from 'zod';
import { OUTCOMES } from '../../domain/outcome.ts';
import { PROTECTION_VERDICTS } from '../../domain/protection.ts';
import type { StatusReport } from '../status/status.ts';
import { instant } from './report-shape.ts';

const count = z.object({ have: z.number(), owed: z.number() });

const drill = z.looseObject({ at: instant, snapshotId: z.string() });

const job = z.object({
  job: z.string().meta({ example: 'sonarr@nas-primary' }),
  repository: z.string(),
  location: z.enum(['onsite', 'offsite']),
  medium: z.string(),
  standing: z.string(),
  newest: z
    .object({
      snapshotId: z.string(),
      at: instant.meta({ description: 'When the last complete backup was made.' }),
      ageSeconds: z.number().nullable(),
      files: z.number().nullable(),
      bytes: z.number().nullable().meta({ description: 'Its size.' }),
      how: z.enum(['backup', 'copy']),
    })
    .nullable(),
  rpoSeconds: z.number().nullable(),
  lastRun: z
    .object({ runId: z.string(), outcome: z.enum(OUTCOMES), at: instant, reason: z.string().nullable() })
    .nullable()
    .meta({ description: 'How the last attempt came out.' }),
  failing: z.boolean(),
  verifiedAt: instant.nullable(),
  dataReadSince: instant.nullable(),
  drill: drill.nullable(),
  failedDrill: z.object({ at: instant, snapshotId: z.string(), reason: z.string().nullable() }).nullable(),
  damage: z
    .object({
      since: instant,
      newest: z.boolean(),
      snapshots: z.number(),
      items: z.array(z.string()),
      paths: z.array(z.string()),
    })
    .nullable(),
  issues: z.array(z.string()),
});

const service = z.object({
  service: z.string(),
  class: z.string(),
  verdict: z.enum(PROTECTION_VERDICTS),
  copies: count,
  media: count,
  offsite: count,
  rpoSeconds: z.number().nullable(),
  rtoSeconds: z.number().nullable(),
  recovery: z.object({ seconds: z.number(), repository: z.string(), extrapolated: z.boolean() }).nullable(),
  drilledAt: instant.nullable(),
  missing: z.array(z.string()),
  unproven: z.array(z.string()),
  paths: z.array(z.string()),
  jobs: z.array(job),
});

export const statusShape = z.object({
  schemaVersion: z.literal(1),
  kind: z.literal('status'),
  host: z.string(),
  at: instant,
  checkExitCode: z.number(),
  counts: z.record(z.string(), z.number()),
  problems: z.array(
    z.object({ severity: z.string(), subject: z.string(), message: z.string(), hint: z.string().nullable() }),
  ),
  services: z.array(service),
}) as unknown as z.ZodType<StatusReport>; // what is loose above is a drill, which has a module of its own
