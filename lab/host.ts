// A host of the lab: what tests can do with one, whichever kind it is.

import type { Duration } from '../src/domain/duration.ts';

export interface ExecOptions {
  /** Answer whatever the exit code is; otherwise one that is not 0 is an error with the command's last words. */
  readonly anyExit?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is otherwise empty. */
  readonly stdin?: string;
  /** Default: five minutes. The command is killed then. */
  readonly timeout?: Duration;
  readonly signal?: AbortSignal;
}

export interface Executed {
  readonly exitCode: number;
  readonly stdout: string;
  /** The last lines. */
  readonly stderr: string;
}

/**
 * A Debian of its own, booted with systemd. All of it is gone when it is disposed of, or when the process that made it dies.
 * Every method throws a HoldfastError that says what the host was saying meanwhile.
 */
export interface Host extends AsyncDisposable {
  readonly name: string;
  /** Runs as root; resolves when the command has ended. */
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<Executed>;
  /** `exec` of a script for sh, with its arguments as $1... */
  sh(script: string, args?: readonly string[], options?: ExecOptions): Promise<Executed>;
  /** Standard output of a command that must succeed, without the last newline. */
  tell(...argv: readonly [string, ...string[]]): Promise<string>;
  read(path: string): Promise<string>;
  /** Makes the directories on the way; mode 0644 unless given. */
  write(path: string, content: string, mode?: number): Promise<void>;
  /** What a unit said since the last boot, a line each. */
  journal(unit: string): Promise<string>;
  /** Orderly; what was written is on disk. */
  shutdown(): Promise<void>;
  /** Stops at once, like a pulled plug, also while it boots: that boot fails then. A container keeps what it has written; a machine only what it has synced. */
  powerCut(): Promise<void>;
  /** After either of them; resolves when every unit has started. Those that `mayFail` may have failed. */
  boot(mayFail?: readonly string[]): Promise<void>;
}
