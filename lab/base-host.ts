// What every host does alike: it is off, boots or runs; and because it can run commands it can do the rest.

import { setTimeout as delay } from 'node:timers/promises';
import { duration } from '../src/domain/duration.ts';
import { HoldfastError } from '../src/lib/errors.ts';
import { run } from './command.ts';
import type { ExecOptions, Executed, Host } from './host.ts';
import { interfaceCommands } from './network/attach.ts';
import type { Network } from './network/network.ts';
import type { Long } from './sealed.ts';

/** On every host that is in a network. */
export const INTERFACE = 'eth0';

/** For a host that does not answer any more, to end. */
const PATIENCE = duration(30, 's');

export abstract class BaseHost implements Host {
  readonly name: string;
  readonly #directory: string;
  /** Its outermost process, from the moment when that was started. */
  #process: Long | null = null;
  #phase: 'off' | 'booting' | 'running' = 'off';

  /** Everything in the directory belongs to it, and goes with it. */
  constructor(name: string, directory: string) {
    this.name = name;
    this.#directory = directory;
  }

  /**
   * Resolves when systemd can be asked; gives `started` the process as soon as there is one. Whatever it throws is thrown by
   * `boot`, with that process gone.
   */
  protected abstract start(started: (long: Long) => void): Promise<void>;
  /** Joins its network, if it is in one. Everything in it has started. */
  protected abstract plugIn(): Promise<void>;
  /** Whatever the exit code is. Throws when the command takes too long. */
  protected abstract execute(argv: readonly [string, ...string[]], options: ExecOptions): Promise<Executed>;

  protected get runs(): boolean {
    return this.#phase === 'running';
  }

  async boot(mayFail: readonly string[] = []): Promise<void> {
    if (this.#phase !== 'off')
      throw this.failure('boot', this.#phase === 'booting' ? 'it boots already' : 'it runs already');
    this.#phase = 'booting';
    await using failed = new AsyncDisposableStack();
    failed.defer(async () => {
      await this.#process?.kill();
      this.#phase = 'off';
    });
    await this.start((long) => {
      this.#process = long;
      void long.ended
        .catch(() => {}) // that it was ended is no news
        .then(() => this.#isOff(long)); // also when it powers itself off
    });
    await this.#assertStarted(mayFail);
    await this.plugIn();
    if (this.#process === null) throw this.failure('boot', 'it ended');
    this.#phase = 'running';
    failed.move();
  }

  async shutdown(): Promise<void> {
    const { ended } = this.#expectRunning('shut down');
    const off = ended.then(() => true);
    try {
      await this.exec(['systemctl', 'poweroff', '--no-block']);
    } catch (error) {
      // It may have been too quick to answer.
      if (!(await Promise.race([off, delay(PATIENCE, false, { ref: false })]))) throw error;
    }
    await off;
  }

  async powerCut(): Promise<void> {
    if (this.#process === null) throw this.failure('cut the power of', 'it does not run');
    await this.#process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.kill();
    await run({ argv: ['rm', '-rf', '--', this.#directory], operation: 'remove', subject: this.name });
  }

  async exec(argv: readonly [string, ...string[]], options: ExecOptions = {}): Promise<Executed> {
    if (this.#process === null) throw this.failure(argv.join(' '), 'it does not run');
    const executed = await this.execute(argv, options);
    if (executed.exitCode === 0 || options.anyExit) return executed;
    const words = [executed.stdout, executed.stderr].map((text) => text.trim().slice(-2000)).filter((text) => text !== '');
    throw this.failure(
      argv.join(' '),
      `it ended with ${executed.exitCode}${words.length > 0 ? `: ${words.join('\n')}` : ''}`,
    );
  }

  async sh(script: string, args: readonly string[] = [], options: ExecOptions = {}): Promise<Executed> {
    return await this.exec(['sh', '-c', script, 'sh', ...args], options);
  }

  async tell(...argv: readonly [string, ...string[]]): Promise<string> {
    const { stdout } = await this.exec(argv);
    return stdout.replace(/\n$/, '');
  }

  async read(path: string): Promise<string> {
    return (await this.exec(['cat', '--', path])).stdout;
  }

  async write(path: string, content: string, mode = 0o644): Promise<void> {
    const script = 'mkdir -p -- "$(dirname -- "$1")" && cat >"$1.new" && chmod -- "$2" "$1.new" && mv -- "$1.new" "$1"';
    await this.sh(script, [path, mode.toString(8)], { stdin: content });
  }

  async journal(unit: string): Promise<string> {
    await this.exec(['journalctl', '--sync']); // what was said may be on its way
    return await this.tell('journalctl', '--boot', '--no-pager', '--output=cat', `--unit=${unit}`);
  }

  /** The host's interface is there, and down. */
  protected async join(network: Network, interfaceName: string): Promise<void> {
    for (const command of interfaceCommands(network.port(this.name), interfaceName)) await this.exec(command);
    await this.write('/etc/hosts', `127.0.0.1 localhost\n::1 localhost\n${network.hostsFile}`);
  }

  protected failure(operation: string, message: string, hint?: string): HoldfastError {
    return new HoldfastError({ code: 'failed', operation, subject: `on ${this.name}`, message, hint });
  }

  /** Throws unless every unit has started, or may fail. */
  async #assertStarted(mayFail: readonly string[]): Promise<void> {
    const { stdout } = await this.exec(['systemctl', 'is-system-running', '--wait'], { anyExit: true });
    if (stdout.trim() === 'running') return;
    const failed = await this.tell('systemctl', 'list-units', '--failed', '--plain', '--no-legend', '--no-pager');
    const units = failed.split('\n').map((line) => line.split(' ', 1)[0] ?? '');
    if (failed !== '' && units.every((unit) => mayFail.includes(unit))) return;
    throw this.failure('boot', `systemd is ${stdout.trim() || 'not there'}: ${failed || 'no unit failed'}`);
  }

  #expectRunning(operation: string): Long {
    if (this.#process && this.#phase === 'running') return this.#process;
    throw this.failure(operation, this.#phase === 'booting' ? 'it still boots' : 'it does not run');
  }

  #isOff(long: Long): void {
    if (this.#process !== long) return;
    this.#process = null;
    if (this.#phase === 'running') this.#phase = 'off';
  }
}
