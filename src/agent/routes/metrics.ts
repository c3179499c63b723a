// GET /metrics

import { z } from 'zod';
import { metricsText } from '../../engine/metrics/metrics-text.ts';
import type { Api } from '../server.ts';
import type { Served } from '../served.ts';

export function metricsRoute(
  api: Api,
  { configuration, journal, clock }: Pick<Served, 'configuration' | 'journal' | 'clock'>,
): void {
  api.route({
    method: 'GET',
    url: '/metrics',
    config: { access: { scope: 'metrics' } },
    schema: {
      summary: "The metrics of this host in Prometheus' text format",
      response: {
        200: { description: 'The metrics.', content: { 'text/plain; version=0.0.4': { schema: z.string() } } },
      },
    },
    handler: async (request, reply) => {
      reply.type('text/plain; version=0.0.4; charset=utf-8');
      return await metricsText({ configuration: configuration(), journal: journal.now(), now: clock.now() }, request.signal);
    },
  });
}
