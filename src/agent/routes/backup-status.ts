// GET /v1/backup-status

import { z } from 'zod';
import { errorShape } from '../../engine/api/report-shape.ts';
import { statusShape } from '../../engine/api/status-shape.ts';
import type { Api } from '../server.ts';
import type { Served } from '../served.ts';

export function backupStatusRoute(api: Api, { status }: Pick<Served, 'status'>): void {
  api.route({
    method: 'GET',
    url: '/v1/backup-status',
    config: { access: { scope: 'backup-status' } },
    schema: {
      summary: 'When each service was last backed up, how large that is, how the last attempt came out, and the verdict',
      description: 'From the record of this host: no repository is asked. What `holdfast status --json` prints.',
      querystring: z.object({
        service: z
          .union([z.string(), z.array(z.string())])
          .optional()
          .meta({ description: 'Only this one; more than once for several.' }),
      }),
      response: { 200: statusShape, 404: errorShape },
    },
    handler: (request, reply) => {
      reply.type('application/json; charset=utf-8');
      return status.text([request.query.service ?? []].flat()) as never; // JSON already
    },
  });
}
