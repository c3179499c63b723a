// Lets many talk through one serial line, one after the other: a socket that anybody may connect to, in front of the one that
// the line's other end is connected to. Whoever comes last has the line.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export class SerialLine implements Disposable {
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();
  #line: Socket | null = null;
  #speaker: Socket | null = null;

  private constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  /** Listens at both paths when it resolves. */
  static async open(paths: { readonly line: string; readonly speakers: string }): Promise<SerialLine> {
    const [ofLine, ofSpeakers] = [createServer(), createServer()];
    const made = new SerialLine([ofLine, ofSpeakers]);
    ofLine.on('connection', (socket) => {
      made.#line = made.#keep(socket);
      socket.on('data', (data) => made.#speaker?.write(data));
    });
    ofSpeakers.on('connection', (socket) => {
      made.#speaker?.destroy();
      made.#speaker = made.#keep(socket);
      socket.on('data', (data) => made.#line?.write(data));
    });
    await Promise.all([listening(ofLine, paths.line), listening(ofSpeakers, paths.speakers)]);
    return made;
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => {}); // it closes, too
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#speaker === socket) this.#speaker = null;
      if (this.#line === socket) this.#line = null;
    });
    return socket;
  }
}

async function listening(server: Server, path: string): Promise<void> {
  server.listen(path);
  await once(server, 'listening');
  server.unref();
}
