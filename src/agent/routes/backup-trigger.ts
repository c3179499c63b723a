// POST /v1/backup-trigger

import { z } from 'zod';
import { errorShape } from '../../engine/api/report-shape.ts';
import type { Api } from '../server.ts';
import type { Served } from '../served.ts';

export function backupTriggerRoute(api: Api, { triggers }: Pick<Served, 'triggers'>): void {
  api.route({
    method: 'POST',
    url: '/v1/backup-trigger',
    config: { access: { scope: 'backup-trigger' } },
    schema: {
      summary: 'Back up a service now',
      description:
        'Answers at once; what becomes of it is told under /v1/runs/{id} and in the stream of events. While somebody holds the backups of this host for a deployment it is refused with 409.',
      headers: z.object({
        'idempotency-key': z
          .string()
          .min(1)
          .max(200)
          .optional()
          .meta({ description: 'A request that is repeated with the same key within a day gets the run of the first one.' }),
      }),
      body: z.strictObject({
        service: z.string().min(1).max(100),
        repository: z
          .string()
          .min(1)
          .max(100)
          .optional()
          .meta({ description: "Only into this one; all of the service's when not given." }),
      }),
      response: {
        202: z.object({
          runId: z.string().meta({ example: '01KAMZ3V5M6Z4X3Q0N2R7P8S9T' }),
          service: z.string(),
          repository: z.string().nullable(),
          repeated: z.boolean().meta({ description: 'An earlier request with this key started it.' }),
        }),
        404: errorShape,
        409: errorShape,
        422: errorShape,
        429: errorShape,
      },
    },
    handler: (request, reply) => {
      const { service, repository = null } = request.body;
      const key = request.headers['idempotency-key'] ?? null;
      const by = request.caller?.name ?? 'nobody';
      const triggered = triggers.trigger({ service, repository, key, by });
      reply.header('location', `/v1/runs/${triggered.runId}`);
      reply.code(202);
      return triggered;
    },
  });
}
