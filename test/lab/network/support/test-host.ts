// The smallest host that can be attached: a network namespace, held by a process in it that does what tests ask (peer.ts), and
// a tap device that socat serves. Both processes die with the process of the test.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { interfaceCommands, tapCommand } from '../../../../lab/network/attach.ts';
import type { Network, Port } from '../../../../lab/network/network.ts';
import { findProgram } from '../../../../src/process/find-program.ts';
import type { Answer, Order, Pinged } from './peer.ts';

const runFile = promisify(execFile);
const WITH_US = ['--pdeathsig', 'KILL', '--'];
const PEER = join(import.meta.dirname, 'peer.ts');
const LONG_ENOUGH = 60_000; // milliseconds, for what is only slow

/** Why there can be no test host here; false when there can. */
export function whyNoHosts(): string | false {
  const missing = ['socat', 'ip', 'unshare', 'nsenter', 'setpriv'].filter((name) => findProgram(name) === null);
  if (missing.length > 0) return `needs ${missing.join(', ')}`;
  if (process.getuid?.() !== 0) return 'needs root';
  return !existsSync('/dev/net/tun') && 'needs /dev/net/tun';
}

type Asked = Order extends infer One ? (One extends Order ? Omit<One, 'id'> : never) : never;

export class TestHost implements AsyncDisposable {
  static #made = 0;
  readonly #peer: ChildProcess;
  readonly #port: Port;
  #orders = 0;
  /** As long as the device is outside the host's namespace. */
  readonly tap: string;
  socat: ChildProcess | null = null;

  private constructor(peer: ChildProcess, port: Port) {
    this.#peer = peer;
    this.#port = port;
    TestHost.#made += 1;
    this.tap = `hf${process.pid}-${TestHost.#made}`;
  }

  static async attach(network: Network, name: string): Promise<TestHost> {
    const command = [...WITH_US, 'unshare', '--net', '--', process.execPath, PEER];
    const peer = spawn('setpriv', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await using stack = new AsyncDisposableStack();
    const host = stack.use(new TestHost(peer, network.port(name)));
    await once(peer, 'message');
    await host.plugIn();
    stack.move();
    return host;
  }

  get pids(): number[] {
    return [this.#peer, this.socat].flatMap((child) => child?.pid ?? []);
  }

  /** What a container is given when it boots; again with a tap of another process, after a restart. */
  async plugIn(): Promise<void> {
    await end(this.socat);
    const [program, ...args] = tapCommand(this.#port, this.tap);
    this.socat = spawn('setpriv', [...WITH_US, program, ...args], { stdio: ['ignore', 'inherit', 'ignore'] });
    while (!existsSync(`/sys/class/net/${this.tap}`)) {
      if (this.socat.exitCode !== null) throw new Error(`socat ended with ${this.socat.exitCode}`);
      await sleep(10);
    }
    await runFile('ip', ['link', 'set', 'dev', this.tap, 'netns', String(this.#peer.pid), 'name', 'lab0']);
    for (const argv of interfaceCommands(this.#port, 'lab0')) await this.exec(...argv);
  }

  async exec(...argv: readonly string[]): Promise<void> {
    await runFile('nsenter', [`--net=/proc/${this.#peer.pid}/ns/net`, '--', ...argv]);
  }

  /** Tries for that long (or long enough for any machine) to get a datagram there and back. */
  async ping(other: TestHost, milliseconds = LONG_ENOUGH): Promise<Pinged> {
    const order = { do: 'ping', address: other.#port.address, timeout: milliseconds } as const;
    return (await this.#order(order)) as Pinged; // what peer.ts answers
  }

  /** Answers with the milliseconds until the other one had everything. */
  async upload(other: TestHost, bytes: number): Promise<number> {
    return (await this.#order({ do: 'upload', address: other.#port.address, bytes })) as number; // what peer.ts answers
  }

  async #order(asked: Asked): Promise<unknown> {
    this.#orders += 1;
    const id = this.#orders;
    this.#peer.send({ ...asked, id });
    for (;;) {
      const [answer] = (await once(this.#peer, 'message')) as [Answer];
      if (answer.id === id) return answer.result;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([end(this.socat), end(this.#peer)]);
  }
}

async function end(child: ChildProcess | null): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
