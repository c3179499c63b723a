// What every host can do because it can run commands.

import { HoldfastError } from '../src/lib/errors.ts';
import type { ExecOptions, Executed, Host } from './host.ts';
import { interfaceCommands } from './network/attach.ts';
import type { Network } from './network/network.ts';

/** On every host that is in a network. */
export const INTERFACE = 'eth0';

export abstract class BaseHost implements Host {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Whatever the exit code is. Throws when the host does not run, or the command takes too long. */
  protected abstract execute(argv: readonly [string, ...string[]], options: ExecOptions): Promise<Executed>;
  abstract shutdown(): Promise<void>;
  abstract powerCut(): Promise<void>;
  abstract boot(): Promise<void>;
  abstract [Symbol.asyncDispose](): Promise<void>;

  async exec(argv: readonly [string, ...string[]], options: ExecOptions = {}): Promise<Executed> {
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
    const script = 'mkdir -p "$(dirname "$1")" && cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"';
    await this.sh(script, [path, mode.toString(8)], { stdin: content });
  }

  async journal(unit: string): Promise<string> {
    return await this.tell('journalctl', '--boot', '--no-pager', '--output=cat', `--unit=${unit}`);
  }

  /** Throws unless every unit has started. Of a host that has just been booted. */
  protected async assertStarted(): Promise<void> {
    const { stdout } = await this.exec(['systemctl', 'is-system-running', '--wait'], { anyExit: true });
    if (stdout.trim() === 'running') return;
    const failed = await this.tell('systemctl', 'list-units', '--failed', '--plain', '--no-legend', '--no-pager');
    throw this.failure('boot', `systemd is ${stdout.trim() || 'not there'}: ${failed || 'no unit failed'}`);
  }

  /** The host's interface is there, and down. */
  protected async join(network: Network, interfaceName: string): Promise<void> {
    for (const command of interfaceCommands(network.port(this.name), interfaceName)) await this.exec(command);
    await this.write('/etc/hosts', `127.0.0.1 localhost\n::1 localhost\n${network.hostsFile}`);
  }

  protected failure(operation: string, message: string, hint?: string): HoldfastError {
    return new HoldfastError({ code: 'failed', operation, subject: `on ${this.name}`, message, hint });
  }
}
