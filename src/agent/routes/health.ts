// GET /health

import { healthShape } from '../../engine/api/health-shape.ts';
import type { Api } from '../server.ts';
import type { Served } from '../served.ts';

export function healthRoute(api: Api, { health }: Pick<Served, 'health'>): void {
  api.route({
    method: 'GET',
    url: '/health',
    config: { access: { scope: 'health' } },
    schema: {
      summary: 'How the agent itself is',
      description: '503 when it cannot do its work, for instance because the record cannot be read.',
      response: { 200: healthShape, 503: healthShape },
    },
    handler: (_request, reply) => {
      const told = health();
      reply.code(told.journal === null ? 200 : 503);
      return told;
    },
  });
}
