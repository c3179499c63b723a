// A host that is a container: systemd as the first process, on the kernel and at the speed of the machine. Its namespaces,
// mounts and loop devices end with its processes.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

interface Running {
  readonly holder: Long;
  /** systemd, as this machine numbers it. */
  readonly leader: number;
}

export class Container extends BaseHost {
  readonly #spec: ContainerSpec;
  #running: Running | null = null;

  constructor(spec: ContainerSpec) {
    super(spec.name);
    this.#spec = spec;
  }

  /** For those who enter it without us. */
  get leader(): number | null {
    return this.#running?.leader ?? null;
  }

  async boot(): Promise<void> {
    const { name, runId, directory, tree, release, network } = this.#spec;
    if (this.#running) throw this.failure('boot', 'it runs already');
    const ready = Promise.withResolvers<void>();
    const tap = network ? `lab${randomBytes(5).toString('hex')}` : ''; // for a moment it is in the machine's own namespace
    const wire = network ? tapCommand(network.port(name), tap) : [];
    const holder = await startLong(
      {
        argv: ['sh', '-c', BOOT, 'sh', directory, tree, release, name, tap, ...wire],
        operation: 'boot',
        subject: name,
      },
      { runId, name, onLine: (line) => line.endsWith('READY=1') && ready.resolve() },
    );
    void holder.ended.then(
      ({ stderrTail }) => ready.reject(this.failure('boot', `it ended: ${[...stderrTail, this.#lastWords()].join('\n')}`)),
      (error: unknown) => ready.reject(error instanceof Error ? error : new Error(String(error))),
    );
    await using failed = new AsyncDisposableStack();
    failed.defer(() => holder.kill());
    const limit = setTimeout(
      () => ready.reject(this.failure('boot', `it is not up after 4 m: ${this.#lastWords()}`)),
      BOOT_LIMIT,
    );
    await ready.promise.finally(() => clearTimeout(limit));
    this.#running = { holder, leader: leaderOf(holder, groupOf(runId, name)) };
    void holder.ended.finally(() => (this.#running = null)).catch(() => {}); // also when it powers itself off
    await this.assertStarted();
    if (network) {
      const move: [string, ...string[]] = [
        'ip',
        'link',
        'set',
        'dev',
        tap,
        'netns',
        String(this.#running.leader),
        'name',
        INTERFACE,
      ];
      await run({ argv: move, operation: 'plug in', subject: name });
      await this.join(network, INTERFACE);
    }
    failed.move();
  }

  protected async execute(argv: readonly [string, ...string[]], options: ExecOptions): Promise<Executed> {
    if (!this.#running) throw this.failure(argv.join(' '), 'it does not run');
    return await execInContainer(this.#running.leader, this.name, argv, options);
  }

  async shutdown(): Promise<void> {
    const { holder } = this.#expectRunning('shut down');
    await this.exec(['systemctl', 'poweroff']);
    await holder.ended;
  }

  async powerCut(): Promise<void> {
    await this.#expectRunning('cut the power of').holder.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.holder.kill();
    // Root may be anybody's uid in there, and modes anything: rm knows no bounds, but takes its time for large trees.
    await run({ argv: ['rm', '-rf', '--', this.#spec.directory], operation: 'remove', subject: this.name });
  }

  #expectRunning(operation: string): Running {
    if (!this.#running) throw this.failure(operation, 'it does not run');
    return this.#running;
  }

  #lastWords(): string {
    return readFileSync(join(this.#spec.directory, 'console.log'), 'utf8').slice(-2000);
  }
}

/** The first process of the container's own control group, which is systemd. Its parent sees another number. */
function leaderOf(holder: Long, group: string): number {
  const procs = `/proc/${holder.pid}/root${group}/payload/init.scope/cgroup.procs`;
  return Number(readFileSync(procs, 'utf8').split('\n', 1)[0]);
}
