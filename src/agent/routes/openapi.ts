// GET /openapi.json: made when somebody asks for the first time, for hardly anybody does.

import { z } from 'zod';
import type { Api } from '../server.ts';

export function openapiRoute(api: Api): void {
  let text: Promise<string> | null = null;
  api.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: { scope: null } },
    schema: { summary: 'This description', response: { 200: z.record(z.string(), z.json()) } },
    handler: async (_request, reply) => {
      text ??= import('../openapi.ts').then(({ openapiDocument }) => openapiDocument().then((each) => JSON.stringify(each)));
      reply.type('application/json; charset=utf-8');
      return (await text) as never; // JSON already
    },
  });
}
