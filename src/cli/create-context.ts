// The real context of a process: its streams, its signals, its configuration.

import type { Configuration } from '../config/configuration.ts';
import type { LoadOptions } from '../config/load.ts';
import { interruption, type StopSignal } from '../lib/interruption.ts';
import { systemClock } from '../lib/clock.ts';
import type { CliContext, Daemons, GlobalOptions, Output } from './context.ts';
import { hintsForConfiguration } from './hints.ts';

export function createContext(options: GlobalOptions, daemons: Daemons): CliContext {
  const out = outputOf(process.stdout, options);
  const err = outputOf(process.stderr, options);
  let configuration: Promise<Configuration> | null = null;
  const context: CliContext = {
    ...daemons,
    options,
    out,
    err,
    clock: systemClock,
    signal: stopSignals(err, () => context.hangUp),
    exitCode: 0,
    hangUp: null,
    tailor: hintsForConfiguration(options),
    result(human, json) {
      if (options.json) out.write(`${JSON.stringify(json, null, out.isTerminal ? 2 : undefined)}\n`);
      else if (human !== '') out.write(human.endsWith('\n') ? human : `${human}\n`);
    },
    note(text) {
      if (!options.quiet) err.write(`${text}\n`);
    },
    warn(text) {
      err.write(`warning: ${text}\n`);
    },
    configuration() {
      configuration ??= load(options, this.signal, (text) => this.warn(text));
      return configuration;
    },
    reload() {
      return load(options, this.signal, (text) => this.warn(text));
    },
    async journal(stateDir, journalOptions) {
      const { openJournal } = await import('../journal/open-journal.ts');
      return openJournal(stateDir, journalOptions);
    },
  };
  return context;
}

async function load(options: GlobalOptions, signal: AbortSignal, warn: (text: string) => void): Promise<Configuration> {
  const { loadConfiguration } = await import('../config/load.ts');
  const { describeProblem } = await import('../config/problems.ts');
  const { defaultCacheDirectory } = await import('../config/cache.ts');
  const cacheDirectory = defaultCacheDirectory(process.env);
  const configuration = await loadConfiguration({
    ...lookupOf(options),
    stateDir: options.stateDir,
    signal,
    cacheDirectory,
  });
  if (!options.quiet) for (const problem of configuration.warnings) warn(describeProblem(problem));
  return configuration;
}

/** Where to look for the configuration. */
export const lookupOf = (options: Pick<GlobalOptions, 'config'>): Omit<LoadOptions, 'stateDir'> => ({
  file: options.config,
  cwd: process.cwd(),
  env: process.env,
  isRoot: process.getuid?.() === 0,
});

function outputOf(stream: NodeJS.WriteStream, options: GlobalOptions): Output {
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    columns: isTerminal ? stream.columns : 80,
    colors: isTerminal && options.color && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    write: (text) => void stream.write(text),
  };
}

/** The first signal cancels; later ones change nothing, because clean-up must not be skipped. */
function stopSignals(err: Output, hangUp: () => (() => void) | null): AbortSignal {
  const controller = new AbortController();
  const stop = (name: StopSignal) => (): void => {
    if (controller.signal.aborted) err.write('still cleaning up; please wait\n');
    else {
      err.write(`${name}: stopping and cleaning up\n`);
      controller.abort(interruption(name));
    }
  };
  process.on('SIGINT', stop('SIGINT'));
  process.on('SIGTERM', stop('SIGTERM'));
  process.on('SIGHUP', () => (hangUp() ?? stop('SIGTERM'))()); // the terminal is gone, where it has no other meaning
  return controller.signal;
}
