// GET /v1/events: one server-sent stream of what happens in all runs of this host. Who does not read is cut off: nothing of it is
// kept for him but the ring that everybody shares.

import { z } from 'zod';
import { duration } from '../../domain/duration.ts';
import { errorShape } from '../../engine/api/report-shape.ts';
import type { Numbered } from '../event-hub.ts';
import { Refusal } from '../failures.ts';
import type { Api } from '../server.ts';
import type { Served } from '../served.ts';

/** Streams at once. */
const MOST = 64;
/** Bytes that wait for one listener. */
const SLOW = 512 * 1024;
const HEARTBEAT = duration(15, 's');

export function eventsRoute(api: Api, { hub }: Pick<Served, 'hub'>): void {
  api.route({
    method: 'GET',
    url: '/v1/events',
    config: { access: { scope: 'events' } },
    schema: {
      summary: 'What happens in the runs of this host, while it happens',
      description:
        'A stream of server-sent events: `run-started`, `notice`, `step-waiting`, `step-started`, `step-progress`, `step-warning`, `step-ended`, `run-ended`. Each `data` is a JSON object with the same `type` and the `runId`. A client that comes again with Last-Event-ID gets what it missed; where that is no longer known, an event `gap` comes first: then ask /v1/runs. Every 15 seconds a comment says that the stream lives. A client that does not read is cut off.',
      querystring: z.object({ run: z.string().optional().meta({ description: 'Only of the run of that id.' }) }),
      headers: z.object({ 'last-event-id': z.string().max(60).optional() }),
      response: {
        200: { description: 'The stream.', content: { 'text/event-stream': { schema: z.string() } } },
        503: errorShape,
      },
    },
    handler: (request, reply) => {
      if (hub.listeners >= MOST) throw tooMany();
      const { run } = request.query;
      const { raw } = reply;
      reply.hijack();
      raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      const write = (text: string): void => {
        raw.write(text);
        if (raw.writableLength > SLOW) raw.destroy();
      };
      const tell = (event: Numbered): void => {
        if (run === undefined || event.runId === run) write(event.frame);
      };
      write(': listening\n\n');
      const lastId = request.headers['last-event-id'];
      if (lastId !== undefined) {
        const { events, gap } = hub.since(lastId);
        if (gap) write(`event: gap\ndata: ${JSON.stringify({ type: 'gap', after: lastId })}\n\n`);
        for (const event of events) tell(event);
      }
      const listening = hub.listen(tell);
      const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT);
      raw.once('close', () => {
        listening[Symbol.dispose]();
        clearInterval(heartbeat);
      });
    },
  });
}

const tooMany = (): Refusal =>
  new Refusal(503, {
    code: 'busy',
    subject: 'the stream of events',
    message: `${MOST} are listening already`,
    hint: 'Close some, and come again with Last-Event-ID.',
  });
