// A host that is a container: systemd as the first process, on the kernel and at the speed of the machine. Its namespaces,
// mounts and loop devices end with its processes.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeDuration } from '../../src/domain/duration.ts';
import { BaseHost, INTERFACE } from '../base-host.ts';
import { BOOT_LIMIT, run } from '../command.ts';
import { groupOf } from '../control-group.ts';
import type { ExecOptions, Executed } from '../host.ts';
import { tapCommand } from '../network/attach.ts';
import type { Network } from '../network/network.ts';
import { type Long, startLong } from '../sealed.ts';
import { BOOT } from './boot.ts';
import { execInContainer } from './exec.ts';

export interface ContainerSpec {
  readonly name: string;
  readonly runId: string;
  /** Of its own. Holds what `BOOT` expects there. */
  readonly directory: string;
  /** An image. */
  readonly tree: string;
  readonly release: string;
  readonly network: Network | null;
}

export class Container extends BaseHost {
  readonly #spec: ContainerSpec;
  #leader: number | null = null;
  /** Its end of the network, before it has it. */
  #tap = '';

  constructor(spec: ContainerSpec) {
    super(spec.name, spec.directory);
    this.#spec = spec;
  }

  /**
   * Where one of its paths is on this machine, as long as it runs: for sockets, which no command carries. Whoever listens there
   * cannot tell who connects, since that process is not in the container: systemd's own socket refuses that.
   */
  outside(path: string): string {
    if (this.#leader === null) throw this.failure(`find ${path}`, 'it does not run yet');
    return `/proc/${this.#leader}/root${path}`;
  }

  protected async start(started: (long: Long) => void): Promise<void> {
    const { name, runId, directory, tree, release, network } = this.#spec;
    const ready = Promise.withResolvers<void>();
    this.#tap = network ? `lab${randomBytes(5).toString('hex')}` : ''; // for a moment it is in the machine's own namespace
    const wire = network ? tapCommand(network.port(name), this.#tap) : [];
    const holder = await startLong(
      {
        argv: ['sh', '-c', BOOT, 'sh', directory, tree, release, name, this.#tap, ...wire],
        operation: 'boot',
        subject: name,
      },
      { runId, name, onLine: (line) => line.endsWith('READY=1') && ready.resolve() },
    );
    started(holder);
    void holder.ended.then(
      ({ stderrTail }) => ready.reject(this.failure('boot', `it ended: ${[...stderrTail, this.#lastWords()].join('\n')}`)),
      (error: unknown) => ready.reject(error instanceof Error ? error : new Error(String(error))),
    );
    const giveUp = (): void =>
      ready.reject(this.failure('boot', `it is not up after ${describeDuration(BOOT_LIMIT)}: ${this.#lastWords()}`));
    const limit = setTimeout(giveUp, BOOT_LIMIT);
    await ready.promise.finally(() => clearTimeout(limit));
    this.#leader = leaderOf(holder, groupOf(runId, name));
  }

  protected async execute(argv: readonly [string, ...string[]], options: ExecOptions): Promise<Executed> {
    if (this.#leader === null) throw this.failure(argv.join(' '), 'it does not run yet');
    return await execInContainer(this.#leader, this.name, argv, options);
  }

  protected async plugIn(): Promise<void> {
    const { network } = this.#spec;
    if (!network) return;
    const argv = ['ip', 'link', 'set', 'dev', this.#tap, 'netns', String(this.#leader), 'name', INTERFACE] as const;
    await run({ argv, operation: 'plug in', subject: this.name });
    await this.join(network, INTERFACE);
  }

  #lastWords(): string {
    const log = join(this.#spec.directory, 'console.log');
    return existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : '';
  }
}

/** The first process of the container's own control group, which is systemd. Its parent sees another number. */
function leaderOf(holder: Long, group: string): number {
  const procs = `/proc/${holder.pid}/root${group}/payload/init.scope/cgroup.procs`;
  return Number(readFileSync(procs, 'utf8').split('\n', 1)[0]);
}
