// The description of the API as OpenAPI 3.1, from the very routes that are served.

import swagger from '@fastify/swagger';
import fastify from 'fastify';
import { jsonSchemaTransform, validatorCompiler } from 'fastify-type-provider-zod';
import type { Json, JsonObject } from '../lib/json.ts';
import { VERSION } from '../lib/version.ts';
import { EventHub } from './event-hub.ts';
import { addRoutes } from './server.ts';
import type { Served } from './served.ts';

export async function openapiDocument(): Promise<JsonObject> {
  const server = fastify();
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(() => (value) => JSON.stringify(value));
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Holdfast agent',
        version: VERSION,
        description:
          'What the agent of a host does for other programs. Each operation but this description needs the scope that it names (`x-scope`).',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route);
      return { schema: { ...schema, 'x-scope': route.route.config?.access?.scope ?? null }, url };
    },
  });
  addRoutes(server, nothing);
  await server.ready();
  const document = server.swagger() as unknown as JsonObject; // it is JSON
  await server.close();
  return JSON.parse(JSON.stringify(document)) as JsonObject satisfies Json; // without what is undefined
}

/** The routes are described here, never called. */
const nothing = { hub: new EventHub('0') } as unknown as Served;
