// A connection over D-Bus: calls, signals, and its end. The only module that knows the library. It knows no unit, and makes no
// second attempt at anything.

import type { MessageBus } from 'dbus-native';
import { duration } from '../../domain/duration.ts';
import { untilAborted } from '../../lib/abort.ts';
import { asHoldfastError, errnoOf, type HoldfastError } from '../../lib/errors.ts';
import { ConnectionLost, notUnderstood, refusal } from './refusal.ts';

export interface Call<Answer> {
  /** What is asked for, and of what: for errors. */
  readonly operation: string;
  readonly subject: string;
  /** Default: systemd. */
  readonly destination?: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /**
   * Parses the answer, in the moment when it arrives: all signals that were sent before it have been given out, and no later
   * one. (The promise resolves when everything has been that arrived together with it.)
   */
  readonly read: (answer: unknown) => Answer;
}

export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** systemd does not answer during a daemon-reload, which takes some seconds where there are thousands of units. */
const ANSWER_TIME = duration(1, 'm');
/** The bus itself. */
export const DBUS = 'org.freedesktop.DBus';
export const SYSTEMD = 'org.freedesktop.systemd1';

export class Bus implements AsyncDisposable {
  /** Given every signal. None is kept while there is nobody to give it to. */
  listener: ((signal: Signal) => void) | null = null;
  readonly #client: MessageBus;
  readonly #lost = new AbortController();
  /** Whom we hear on a bus that others use, too. */
  #partner: string | null = null;

  /** `signalType`: the library's number for messages that are signals. */
  constructor(client: MessageBus, signalType: number) {
    this.#client = client;
    const { connection } = client;
    connection.on('error', (error) => this.lose(new ConnectionLost(error)));
    for (const end of ['end', 'close'] as const) connection.on(end, () => this.lose(new ConnectionLost()));
    connection.on('message', (message) => {
      if (message.type !== signalType) return;
      const { sender = '', path = '', interface: name = '', member = '', body = [] } = message;
      if (this.#partner !== null && sender !== this.#partner) {
        if (sender === DBUS && member === 'NameOwnerChanged')
          this.lose(new ConnectionLost(new Error('systemd has left the bus')));
        return;
      }
      try {
        this.listener?.({ path, interface: name, member, body });
      } catch (error) {
        this.lose(asHoldfastError(error, 'understand', `${name}.${member}`)); // thrown inside an event it would end Holdfast
      }
    });
  }

  /** Aborts when the connection has ended, with the error that says why. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * On a bus with others, any of whom may send us what looks like a word of systemd: only signals of this unique name are given
   * out, and the connection counts as ended when the bus says that a name has a new owner.
   */
  hearOnly(partner: string): void {
    this.#partner = partner;
  }

  /** Ends it. Whoever waits for an answer gets the reason instead. */
  lose(reason: HoldfastError): void {
    this.#lost.abort(reason); // the first reason stays
    this.#client.connection.stream.destroy();
  }

  /**
   * Throws `permission-denied`, `tool-output` when `read` throws, and `tool-failed` when it is refused, not answered, or the
   * connection ends.
   */
  async call<Answer>({ operation, subject, read, body = [], ...message }: Call<Answer>): Promise<Answer> {
    this.lost.throwIfAborted();
    const answered = Promise.withResolvers<Answer>();
    const order = { destination: SYSTEMD, ...message, body: [...body] };
    this.#client.invoke(order, (error: unknown, answer: unknown) => {
      if (errnoOf(error) === 'ECONNCLOSED') this.lose(new ConnectionLost());
      if (error) {
        answered.reject(this.lost.aborted ? this.lost.reason : refusal(error, operation, subject));
        return;
      }
      try {
        answered.resolve(read(answer));
      } catch (cause) {
        answered.reject(notUnderstood(cause, operation, subject));
      }
    });
    return await answered.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lose(new ConnectionLost(new Error('it was closed')));
    await this.#client.close();
  }
}

/**
 * Connects, as the user who runs this. Throws the system's own error (ENOENT, EACCES, ...) when nobody can be reached there, and
 * another one when whoever is there does not let us in.
 */
export async function connectBus(socket: string, signal: AbortSignal): Promise<Bus> {
  signal.throwIfAborted();
  const { createClient, messageType } = await import('dbus-native');
  // `direct`: the caller says hello where that is wanted. When it is refused the library throws where nobody can catch it.
  const client = createClient({ socket, direct: true, authMethods: ['EXTERNAL'], timeout: ANSWER_TIME });
  const connected = Promise.withResolvers<void>();
  client.connection.on('connect', () => connected.resolve());
  client.connection.on('error', (error) => connected.reject(error));
  client.connection.on('close', () => connected.reject(new ConnectionLost()));
  try {
    await untilAborted(connected.promise, signal);
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  }
  return new Bus(client, messageType.signal);
}
