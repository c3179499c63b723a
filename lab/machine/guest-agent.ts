// Running a command in a machine without its network: through the QEMU guest agent, over a virtual serial port.
// Source: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html

import { setTimeout as delay } from 'node:timers/promises';
import { duration, formatDuration } from '../../src/domain/duration.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { limitTime } from '../../src/lib/time-limit.ts';
import type { ExecOptions, Executed } from '../host.ts';
import { asLogin } from '../login.ts';
import { JsonSocket, type Message } from './json-socket.ts';

/** The agent does not tell when a command has ended: it is asked. */
const FIRST_LOOK = duration(20, 'ms');
const LONGEST_PAUSE = duration(300, 'ms');

/** `socket` is where qemu listens for whoever wants to talk to the agent; one at a time. */
export async function execInMachine(
  socket: string,
  name: string,
  argv: readonly string[],
  { env, stdin = '', timeout = duration(5, 'm'), signal }: ExecOptions,
): Promise<Executed> {
  const failure = (code: 'failed' | 'timed-out', message: string): HoldfastError =>
    new HoldfastError({ code, operation: argv.join(' '), subject: `on ${name}`, message });
  using limit = limitTime(timeout, () => failure('timed-out', `did not finish within ${formatDuration(timeout)}`));
  const stop = AbortSignal.any([limit.signal, ...(signal ? [signal] : [])]);
  try {
    using agent = new Agent(await JsonSocket.connect(socket));
    await agent.synchronise();
    const { pid } = await agent.ask('guest-exec', {
      path: 'setsid', // so that what it starts can be ended with it
      arg: asLogin(argv, env),
      'input-data': Buffer.from(stdin).toString('base64'),
      'capture-output': true,
    });
    let pause: number = FIRST_LOOK;
    for (;;) {
      const status = await agent.ask('guest-exec-status', { pid });
      if (status['out-truncated'] === true) throw failure('failed', 'it printed more than 16 MiB: write to a file instead');
      if (status['exited'] === true) return executed(status);
      if (stop.aborted) {
        await agent.ask('guest-exec', { path: 'kill', arg: ['-KILL', '--', `-${String(pid)}`] });
        throw stop.reason;
      }
      await delay(pause, undefined, { signal: stop }).catch(() => {}); // the next round sees why
      pause = Math.min(pause * 1.5, LONGEST_PAUSE);
    }
  } catch (error) {
    if (error instanceof HoldfastError || stop.aborted) throw error;
    throw failure('failed', `the machine does not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Writes a file in pieces of so many bytes, each when the one before has arrived. */
export async function writeInPieces(socket: string, path: string, content: string, size: number): Promise<void> {
  using agent = new Agent(await JsonSocket.connect(socket));
  await agent.synchronise();
  const handle = await agent.tell('guest-file-open', { path, mode: 'w' });
  const bytes = Buffer.from(content);
  for (let begin = 0; begin < bytes.length; begin += size) {
    const piece = bytes.subarray(begin, begin + size).toString('base64');
    await agent.tell('guest-file-write', { handle, 'buf-b64': piece });
  }
  await agent.tell('guest-file-close', { handle });
}

class Agent implements Disposable {
  readonly #socket: JsonSocket;

  constructor(socket: JsonSocket) {
    this.#socket = socket;
  }

  /** What somebody before us asked, and did not wait for, is answered first. */
  async synchronise(): Promise<void> {
    const id = Math.floor(Math.random() * 2 ** 31);
    this.#socket.send({ execute: 'guest-sync', arguments: { id } });
    await this.#socket.until((message) => message['return'] === id);
  }

  async ask(command: string, given: Message): Promise<Message> {
    return (await this.tell(command, given)) as Message; // as the reference of each command says
  }

  async tell(command: string, given: Message): Promise<unknown> {
    this.#socket.send({ execute: command, arguments: given });
    const answer = await this.#socket.receive();
    if (answer['return'] !== undefined) return answer['return'];
    throw new Error(`${command}: ${JSON.stringify(answer['error'] ?? answer)}`);
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

function executed(status: Message): Executed {
  const text = (key: string): string => {
    const encoded = status[key];
    return typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString() : '';
  };
  const signal = status['signal'];
  const tail = text('err-data').trimEnd().split('\n').slice(-20);
  return {
    exitCode: typeof signal === 'number' ? 128 + signal : Number(status['exitcode'] ?? 255),
    stdout: text('out-data'),
    stderr: tail.join('\n'),
  };
}
