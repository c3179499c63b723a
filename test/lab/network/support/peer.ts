// Runs in the namespace of a test host: answers datagrams, swallows streams, and does the same to others when it is asked.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const ECHO_PORT = 7;
const SINK_PORT = 9;
const EVERY_MS = 50;

export interface Pinged {
  /** Milliseconds of the first round trip; null when nothing came back. */
  readonly roundTrip: number | null;
  /** What the kernel had to say to the sender. */
  readonly errors: readonly string[];
}

export type Order =
  | { readonly id: number; readonly do: 'ping'; readonly address: string; readonly timeout: number }
  | { readonly id: number; readonly do: 'upload'; readonly address: string; readonly bytes: number };

/** With `result`: a Pinged, or how many milliseconds an upload took until its last byte was acknowledged by the other side. */
export interface Answer {
  readonly id: number;
  readonly result: unknown;
}

/** Sends datagrams until one comes back, or the time is up. */
async function ping(address: string, timeout: number): Promise<Pinged> {
  const socket = createSocket('udp4');
  const sent: number[] = [];
  const errors: string[] = [];
  const back = Promise.withResolvers<number | null>();
  socket.on('message', (message) => back.resolve(performance.now() - (sent[Number(message.toString())] ?? Infinity)));
  socket.on('error', (error) => errors.push(error.message));
  socket.connect(ECHO_PORT, address);
  await once(socket, 'connect');
  const send = (): void => {
    sent.push(performance.now());
    socket.send(String(sent.length - 1), (error) => error && errors.push(error.message));
  };
  send();
  const sending = setInterval(send, EVERY_MS);
  const patience = setTimeout(() => back.resolve(null), timeout);
  const roundTrip = await back.promise;
  clearInterval(sending);
  clearTimeout(patience);
  socket.close();
  return { roundTrip, errors };
}

async function upload(address: string, bytes: number): Promise<number> {
  const started = performance.now();
  const socket = connect(SINK_PORT, address);
  socket.end(Buffer.alloc(bytes));
  socket.resume(); // the other side ends when it has everything
  await once(socket, 'end');
  return performance.now() - started;
}

if (process.send) {
  const echo = createSocket('udp4', (message, { port, address }) => echo.send(message, port, address, () => {}));
  echo.bind(ECHO_PORT);
  const sink = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.resume();
  });
  sink.listen(SINK_PORT, '0.0.0.0');
  await Promise.all([once(echo, 'listening'), once(sink, 'listening')]);
  process.on('message', (order: Order) => {
    const work = order.do === 'ping' ? ping(order.address, order.timeout) : upload(order.address, order.bytes);
    void work.then((result) => process.send?.({ id: order.id, result } satisfies Answer));
  });
  process.send({ id: 0, result: 'ready' } satisfies Answer);
}
