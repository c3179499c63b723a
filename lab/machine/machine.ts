// A host that is a machine: a kernel of its own with OpenZFS, and disks that can lose their power. Emulated where the
// processor cannot do better, ten times slower than a container.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bytes } from '../../src/domain/bytes.ts';
import { elapsed, type Instant, later } from '../../src/domain/instant.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { limitTime } from '../../src/lib/time-limit.ts';
import { describeDuration, duration, type Duration } from '../../src/domain/duration.ts';
import { BaseHost, INTERFACE } from '../base-host.ts';
import { BOOT_LIMIT } from '../command.ts';
import type { ExecOptions, Executed } from '../host.ts';
import { qemuNetArguments } from '../network/attach.ts';
import type { Network } from '../network/network.ts';
import { type Long, startLong } from '../sealed.ts';
import { execInMachine } from './guest-agent.ts';
import { JsonSocket } from './json-socket.ts';
import { type Acceleration, accelerationFor, AGENT_PORT, byId, type Disk, qemuArguments, RELEASE } from './qemu.ts';

export interface MachineSpec {
  readonly name: string;
  readonly runId: string;
  readonly directory: string;
  readonly kernel: string;
  /** What it boots from; kept between boots. */
  readonly root: Disk;
  /** A file system that is mounted at /opt/holdfast. */
  readonly release: string;
  /** Files that are its data disks. */
  readonly data: readonly string[];
  readonly memory: Bytes;
  /** How far its clock is from that of this machine. */
  readonly clockOffset: Duration;
  readonly network: Network | null;
}

export class Machine extends BaseHost {
  readonly #spec: MachineSpec;
  readonly #sockets: { readonly monitor: string; readonly agent: string; readonly console: string };
  #clockOffset: Duration;

  constructor(spec: MachineSpec) {
    super(spec.name, spec.directory);
    this.#spec = spec;
    this.#clockOffset = spec.clockOffset;
    const at = (name: string): string => join(spec.directory, name);
    this.#sockets = { monitor: at('monitor'), agent: at('agent'), console: at('console') };
  }

  /** Its data disks, as it names them. */
  get disks(): string[] {
    return Object.keys(this.#dataDisks()).map(byId);
  }

  /** For those who use it without us. */
  get agent(): string {
    return this.#sockets.agent;
  }

  get console(): string {
    return this.#sockets.console;
  }

  protected async start(started: (long: Long) => void): Promise<void> {
    const by = await accelerationFor(this.#spec.kernel);
    for (let left = by === 'tcg' ? EMULATED_TRIES : 1; ; left -= 1) {
      try {
        return await this.#startOnce(by, started);
      } catch (error) {
        if (left === 1 || !this.#panicked()) throw error;
      }
    }
  }

  async #startOnce(by: Acceleration, started: (long: Long) => void): Promise<void> {
    const { name, runId, kernel, root, release, memory, network } = this.#spec;
    for (const file of [...Object.values(this.#sockets), this.#log]) rmSync(file, { force: true });
    const hardware = {
      ...this.#sockets,
      name,
      kernel,
      memory,
      root,
      disks: { [RELEASE]: { file: release, format: 'raw', readOnly: true } as const, ...this.#dataDisks() },
      network: network ? qemuNetArguments(network.port(name)) : [],
      clock: later(systemClock.now(), this.#clockOffset),
    };
    using limit = limitTime(BOOT_LIMIT, () =>
      this.failure('boot', `its agent did not answer within ${describeDuration(BOOT_LIMIT)}\n${this.#lastWords()}`),
    );
    const trouble = new AbortController();
    const signal = AbortSignal.any([limit.signal, trouble.signal]);
    const monitor = JsonSocket.accept(this.#sockets.monitor, signal);
    monitor.catch(() => {}); // told below
    const qemu = await startLong({ argv: qemuArguments(hardware, by), operation: 'boot', subject: name }, { runId, name });
    started(qemu);
    const gone = (why: string): void => trouble.abort(this.failure('boot', `qemu ended: ${why}\n${this.#lastWords()}`));
    void qemu.ended.then(
      ({ stderrTail }) => gone(stderrTail.join('\n')),
      (error: unknown) => gone(String(error)),
    );
    using qmp = await monitor;
    await agentAppears(qmp, signal, qemu.ended);
  }

  protected async plugIn(): Promise<void> {
    const { network } = this.#spec;
    if (network) await this.join(network, INTERFACE);
  }

  protected async execute(argv: readonly [string, ...string[]], options: ExecOptions): Promise<Executed> {
    return await execInMachine(this.#sockets.agent, this.name, argv, options);
  }

  /** From now on, and after every boot. While it is off: what it shows when it is booted. */
  async setClock(to: Instant): Promise<void> {
    if (this.runs) await this.exec(['date', '--set', new Date(to).toISOString()]);
    this.#clockOffset = elapsed(systemClock.now(), to);
  }

  #dataDisks(): Record<string, Disk> {
    return Object.fromEntries(this.#spec.data.map((file, index) => [`data${index + 1}`, { file, format: 'raw' }]));
  }

  get #log(): string {
    return `${this.#sockets.console}.log`; // as qemu is told
  }

  /** What its console showed. */
  #lastWords(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').slice(-2000) : '';
  }

  /** Before it could know what it is for: an emulated processor is not always right. */
  #panicked(): boolean {
    return /Kernel panic - not syncing: (?!VFS)/.test(this.#lastWords());
  }
}

/** qemu tells when the agent has opened its port. Its monitor is silent until it was greeted. */
async function agentAppears(qmp: JsonSocket, signal: AbortSignal, qemuEnded: Promise<unknown>): Promise<void> {
  const stop = (): void => qmp[Symbol.dispose]();
  signal.addEventListener('abort', stop, { once: true });
  using _stop = { [Symbol.dispose]: () => signal.removeEventListener('abort', stop) };
  try {
    await qmp.until((message) => 'QMP' in message);
    qmp.send({ execute: 'qmp_capabilities' });
    await qmp.until(
      ({ event, data }) =>
        event === 'VSERPORT_CHANGE' &&
        typeof data === 'object' &&
        data !== null &&
        'id' in data &&
        data.id === AGENT_PORT &&
        'open' in data &&
        data.open === true,
    );
  } catch (error) {
    if (!signal.aborted) await qemuEnded.catch(() => {}); // it hung up because it ends: why is known then
    signal.throwIfAborted();
    throw error;
  }
}

/** How often a machine is started whose kernel panics on an emulated processor. */
const EMULATED_TRIES = 3;

export const NO_OFFSET = duration(0, 'ms');
