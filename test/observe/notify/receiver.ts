// A server on the loopback that writes down what it is sent, and answers as a test wants it to.

import { execFileSync } from 'node:child_process';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryDirectory } from '../../support/temporary.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** What is answered from now on; null: nothing, ever. */
  answer: Answer | null;
  /** Resolves when a request has begun. */
  reached(): Promise<void>;
}

export async function openReceiver(tls: Certificate | null = null): Promise<Receiver> {
  const received: Received[] = [];
  const reached = Promise.withResolvers<void>();
  const receiver = { answer: { status: 200, body: '{"ok":true}' } as Answer | null };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    reached.resolve();
    const body = await text(request);
    const { method = '', url = '', headers } = request;
    received.push({ method, path: url, headers, body });
    if (receiver.answer === null) return;
    response.writeHead(receiver.answer.status, receiver.answer.headers ?? {});
    response.end(receiver.answer.body ?? '');
  };
  const listener: RequestListener = (request, response) => void take(request, response);
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    received,
    get answer() {
      return receiver.answer;
    },
    set answer(value) {
      receiver.answer = value;
    },
    reached: () => reached.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Signed by itself, for 127.0.0.1 (or another name), valid for a day. */
export function selfSigned(name = 'IP:127.0.0.1'): Certificate {
  using directory = temporaryDirectory();
  const [key, cert] = ['key.pem', 'cert.pem'].map((file) => join(directory.path, file)) as [string, string];
  const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${name}`];
  const files = ['-keyout', key, '-out', cert];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      ...subject,
      ...files,
    ],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
