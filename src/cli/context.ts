// What every command is given: global options, streams, the signal that cancels it, and how results and warnings are told.
// Results go to standard output, everything else to standard error; with --json standard output is one document.

import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import type { Report } from '../domain/report.ts';
import type { Clock } from '../lib/clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { OpenOptions } from '../journal/open-journal.ts';
import type { Tailor } from './hints.ts';

export interface GlobalOptions {
  readonly config?: string;
  readonly stateDir?: string;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  /** --no-color */
  readonly color: boolean;
}

export interface Output {
  readonly isTerminal: boolean;
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number;
  /** Whether to colour: a terminal, no NO_COLOR, no --no-color. */
  readonly colors: boolean;
  write(text: string): void;
}

export interface CliContext extends Daemons {
  readonly options: GlobalOptions;
  readonly out: Output;
  readonly err: Output;
  readonly clock: Clock;
  /** Aborts on SIGINT and SIGTERM; its reason says which. */
  readonly signal: AbortSignal;
  /** Set by the command; 0 until then. */
  exitCode: number;
  /** What SIGHUP means to a daemon, which sets it; null: the terminal is gone, stop. */
  hangUp: (() => void) | null;
  /** How errors are told; a command that works without a configuration sets its own. */
  tailor: Tailor;
  /** The one way a result is told: `human` on standard output, or `json` with --json. */
  result(human: string, json: unknown): void;
  /** A remark on standard error, not with --quiet. */
  note(text: string): void;
  warn(text: string): void;
  configuration(): Promise<Configuration>;
  /** As it is written now; `configuration` answers what it was at the first call. */
  reload(): Promise<Configuration>;
  /** Opens the journal in the state directory; dispose it. */
  journal(stateDir: string, options?: OpenOptions): Promise<Journal>;
}

/** What the entry points beside the command line offer it: they never import each other, main.ts knows them all. */
export interface Daemons {
  /** Is the agent until `signal` aborts. */
  readonly serve: (request: ServeRequest) => Promise<void>;
}

export interface ServeRequest {
  readonly configuration: Configuration;
  /** Reads it again. */
  readonly load: () => Promise<Configuration>;
  /** How this program is called, with its configuration. */
  readonly self: readonly [string, ...string[]];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: { readonly human: boolean; readonly verbose: boolean; readonly write: (text: string) => void };
  /** Is given what reads the configuration again, to be called whenever somebody asks for it. */
  readonly onReload: (reload: () => void) => void;
}

/** Makes a command; the context exists only once the command line has been parsed. */
export type CommandFactory = (context: () => CliContext) => CommandUnknownOpts;

/** Commands that run a plan end with their report's exit code; with --quiet they say nothing when all is well. */
export function tellReport(context: CliContext, report: Report, human: string): void {
  context.result(context.options.quiet && report.exitCode === 0 ? '' : human, report);
  context.exitCode = report.exitCode;
}
