// A conversation in lines of JSON over a Unix socket: how one talks to qemu, and to the agent in its guest.

import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export type Message = Readonly<Record<string, unknown>>;

export class JsonSocket implements Disposable {
  readonly #socket: Socket;
  readonly #waiting: { readonly resolve: (message: Message) => void; readonly reject: (error: Error) => void }[] = [];
  readonly #messages: Message[] = [];
  #ended: Error | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket })
      .on('line', (line) => this.#receive(line))
      .on('error', () => {}); // the socket's own, which it passes on
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the other side hung up')));
  }

  /** Rejects when nobody listens there. */
  static async connect(path: string): Promise<JsonSocket> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new JsonSocket(socket);
  }

  /** The first one who connects to a socket that is made there. */
  static async accept(path: string, signal: AbortSignal): Promise<JsonSocket> {
    const server = createServer();
    using _server = { [Symbol.dispose]: () => void server.close() }; // who has connected stays so
    return await new Promise<JsonSocket>((resolve, reject) => {
      const giveUp = (): void => reject(signal.reason as Error); // an AbortSignal's reason is ours
      signal.addEventListener('abort', giveUp, { once: true });
      server.once('error', reject);
      server.once('connection', (socket) => resolve(new JsonSocket(socket)));
      server.listen(path);
    });
  }

  send(message: Message): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** The next message; rejects when none will come any more. */
  async receive(): Promise<Message> {
    const message = this.#messages.shift();
    if (message) return message;
    if (this.#ended) throw this.#ended;
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The first one that is wanted; those before it are dropped. */
  async until(isWanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const message = await this.receive();
      if (isWanted(message)) return message;
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #receive(line: string): void {
    let message: Message;
    try {
      message = JSON.parse(line.replace(/^\u00FF+/, '')) as Message; // qemu's protocols say that it is an object
    } catch {
      return; // the rest of a line that somebody before us did not read
    }
    const next = this.#waiting.shift();
    if (next) next.resolve(message);
    else this.#messages.push(message);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
