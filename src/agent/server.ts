// The agent's HTTP server: every route behind the same guard, the same limits and the same words for what goes wrong. One for each
// place that it listens on, over what is served once (served.ts).

import type { IncomingMessage, ServerResponse } from 'node:http';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type RawServerDefault } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { duration } from '../domain/duration.ts';
import { type AccessRules, guard } from './access.ts';
import { failureOf, Refusal } from './failures.ts';
import { backupListRoute } from './routes/backup-list.ts';
import { backupStatusRoute } from './routes/backup-status.ts';
import { backupTriggerRoute } from './routes/backup-trigger.ts';
import { eventsRoute } from './routes/events.ts';
import { healthRoute } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';
import { openapiRoute } from './routes/openapi.ts';
import { runsRoutes } from './routes/runs.ts';
import type { Served } from './served.ts';

/** A server whose routes are typed by their schemas. */
export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

/** Bytes. The largest request is a service's name. */
const BODY_LIMIT = 64 * 1024;
const HEADERS_TIME = duration(10, 's');
const REQUEST_TIME = duration(30, 's');
const IDLE_TIME = duration(65, 's');
/** Beyond what the stream of events may have, for everything else. */
const CONNECTIONS = 512;

export interface ServerOptions extends AccessRules {
  /** Null: nothing is encrypted, which is for a socket of this machine only. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly log: FastifyBaseLogger;
}

const limits = {
  bodyLimit: BODY_LIMIT,
  requestTimeout: REQUEST_TIME,
  keepAliveTimeout: IDLE_TIME,
  exposeHeadRoutes: false,
  logController: new LogController({ disableRequestLogging: true }),
  return503OnClosing: false,
  forceCloseConnections: true,
} as const;

export async function makeServer(served: Served, options: ServerOptions): Promise<FastifyInstance> {
  const http = { maxHeaderSize: 16 * 1024, headersTimeout: HEADERS_TIME };
  const server = (options.tls
    ? fastify({ ...limits, loggerInstance: options.log, https: { ...options.tls, ...http, minVersion: 'TLSv1.2' } })
    : fastify({ ...limits, loggerInstance: options.log, http })) as unknown as FastifyInstance; // both are servers of HTTP
  server.server.maxConnections = CONNECTIONS;
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(() => (value) => JSON.stringify(value)); // our own values, of the types that the shapes describe
  guard(server, options);
  server.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error);
    // a refusal is meant, and whoever may be flooded by it tells of it himself
    if (failure.status >= 500 && !(error instanceof Refusal))
      request.log.error({ err: error, url: request.url }, 'a request failed');
    if (failure.status === 401) reply.header('www-authenticate', 'Bearer realm="holdfast"');
    return reply.code(failure.status).send(failure.body);
  });
  server.setNotFoundHandler((request) => {
    throw new Refusal(404, {
      code: 'usage',
      subject: `${request.method} ${request.url.slice(0, 200)}`,
      message: 'there is nothing under that address',
      hint: 'See /openapi.json for all there is.',
    });
  });
  addRoutes(server, served);
  await server.ready();
  return server;
}

/** Streams have no end of their own. */
export async function putAway(server: FastifyInstance): Promise<void> {
  const closed = server.close();
  server.server.closeAllConnections();
  await closed;
}

/** Every capability, in the order of the documentation. */
export function addRoutes(server: FastifyInstance, served: Served): void {
  const api = server.withTypeProvider<ZodTypeProvider>();
  backupStatusRoute(api, served);
  backupTriggerRoute(api, served);
  backupListRoute(api, served);
  runsRoutes(api, served);
  eventsRoute(api, served);
  metricsRoute(api, served);
  healthRoute(api, served);
  openapiRoute(api);
}
