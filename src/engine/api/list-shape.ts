// The snapshots of a service that are on record, as they go over the wire.

import { z } from 'zod';
import { instant } from './report-shape.ts';

export const listShape = z.object({
  schemaVersion: z.literal(1),
  kind: z.literal('backup-list'),
  service: z.string(),
  at: instant,
  repositories: z.array(
    z.object({
      repository: z.string(),
      askedAt: instant.nullable().meta({
        description:
          'When the repository itself was asked last what it holds; null when never. What is listed is on record.',
      }),
      ageSeconds: z.number().nullable(),
      snapshots: z.array(
        z.object({
          id: z.string(),
          at: instant,
          complete: z.boolean(),
          how: z.enum(['backup', 'copy', 'found']),
          files: z.number().nullable(),
          bytes: z.number().nullable(),
          runId: z.string(),
        }),
      ),
    }),
  ),
});

export type BackupList = z.infer<typeof listShape>;
