// A real agent of a scratch host, and requests to it over its real socket.

import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { RunEvent } from '../../../src/domain/run-event.ts';
import { eventReader, type StreamEvent } from '../../../src/engine/agent-client/event-stream.ts';
import { LineSplitter } from '../../../src/process/lines.ts';
import { scratchHost, type ScratchHost, type Started } from '../../support/cli.ts';

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- what is in it is what the tests are about
  readonly body: any;
  readonly headers: IncomingMessage['headers'];
}

export interface Agent {
  readonly host: ScratchHost;
  readonly socket: string;
  readonly started: Started;
  ask(path: string, asked?: Asked): Promise<Answered>;
  trigger(body: object, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** Live events, until the test ends or `close`. */
  events(query?: string, headers?: Readonly<Record<string, string>>): Promise<Events>;
}

export interface Events {
  readonly all: StreamEvent[];
  /** Resolves with the first event, also of those before, of which it is true. */
  until(is: (event: RunEvent & { readonly type: string }) => boolean): Promise<StreamEvent>;
  close(): void;
  readonly ended: Promise<void>;
}

/** A host with one repository and one service; `prepare` adds to it. */
export async function runningAgent(
  t: Pick<TestContext, 'after'>,
  prepare: (host: ScratchHost) => void = () => {},
  given?: ScratchHost,
): Promise<Agent> {
  const host = given ?? scratchHost(t);
  const socket = host.path('run', 'agent.sock');
  if (!given) {
    host.addRepository('near');
    host.addService('app');
    host.configure({ agent: { socket, group: 'no-such-group', schedule: false } });
    prepare(host);
  }
  const started = host.start(['agent']);
  await started.said(/"msg":"listening"/);
  const send = (path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<IncomingMessage> => {
    const answered = Promise.withResolvers<IncomingMessage>();
    const sent = request({ socketPath: socket, path, method, headers, agent: false });
    sent.once('response', answered.resolve);
    sent.on('error', answered.reject);
    sent.end(body);
    return answered.promise;
  };
  const ask: Agent['ask'] = async (path, asked) => {
    const response = await send(path, asked);
    const told = await text(response);
    const isJson = response.headers['content-type']?.startsWith('application/json') ?? false;
    return { status: response.statusCode ?? 0, body: isJson ? JSON.parse(told) : told, headers: response.headers };
  };
  return {
    host,
    socket,
    started,
    ask,
    trigger: (body, headers = {}) =>
      ask('/v1/backup-trigger', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async events(query = '', headers = {}) {
      const response = await send(`/v1/events${query}`, { headers });
      t.after(() => void response.destroy());
      return readEvents(response);
    },
  };
}

function readEvents(response: IncomingMessage): Events {
  const all: StreamEvent[] = [];
  const read = eventReader();
  let look = (): void => {};
  const lines = new LineSplitter((line) => {
    const event = read(line);
    if (!event) return;
    all.push(event);
    look();
  });
  response.on('data', (chunk: Buffer) => lines.write(chunk));
  response.on('error', () => {});
  const ended = new Promise<void>((done) => {
    response.once('close', () => done());
  });
  return {
    all,
    ended,
    close: () => void response.destroy(),
    until: (is) =>
      new Promise((found, missed) => {
        const before = look;
        look = () => {
          before();
          const event = all.find((each) => is(JSON.parse(each.data) as RunEvent));
          if (event) found(event);
        };
        look();
        void ended.then(() => missed(new Error(`the stream ended after ${JSON.stringify(all)}`)));
      }),
  };
}
