// The command line as a tree of commands. Each verb is its own file, light to import; what it works with is loaded when it
// runs, so that --help and status start fast.

import { Command, type CommandUnknownOpts, type Option } from '@commander-js/extra-typings';
import { VERSION } from '../lib/version.ts';
import type { GlobalOptions } from './context.ts';
import { COMMANDS } from './commands.ts';
import { createContext } from './create-context.ts';
import type { CliContext, Daemons } from './context.ts';

export interface Invocation {
  /** Null until a command has begun (or when the command line was wrong). */
  context: CliContext | null;
}

/** Builds the program; parsing it runs the command and leaves the context in `invocation`. */
export function buildProgram(invocation: Invocation, daemons: Daemons): CommandUnknownOpts {
  const program = new Command('holdfast')
    .description('The backup control plane for self-hosted Linux.')
    .version(VERSION, '-V, --version')
    .option('--config <file>', 'configuration file; - reads standard input')
    .option('--state-dir <dir>', 'where the journal, locks and spool are kept')
    .option('--json', 'print exactly one JSON document on standard output')
    .option('-v, --verbose', 'tell more')
    .option('-q, --quiet', 'say nothing when all is well')
    .option('--no-color', 'no colours (NO_COLOR is respected too)')
    .showHelpAfterError('(holdfast --help lists every command)')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: globalOptions })
    .exitOverride();
  const contextOf = (): CliContext => {
    const given = program.opts();
    const options: GlobalOptions = {
      ...(given.config === undefined ? {} : { config: given.config }),
      ...(given.stateDir === undefined ? {} : { stateDir: given.stateDir }),
      json: given.json === true,
      verbose: given.verbose === true,
      quiet: given.quiet === true,
      color: given.color,
    };
    invocation.context ??= createContext(options, daemons);
    return invocation.context;
  };
  for (const factory of COMMANDS) {
    const command = factory(contextOf);
    inherit(command, program);
    program.addCommand(command, { hidden: command.name().startsWith('__') });
  }
  return program;
}

/** commander passes settings on only to commands that were made by the parent itself. */
function inherit(command: CommandUnknownOpts, parent: CommandUnknownOpts): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
}

/** Of a command below another the options of the one between are not its own. */
function globalOptions(command: CommandUnknownOpts): Option[] {
  let root = command;
  while (root.parent) root = root.parent;
  return root === command ? [] : [...root.options];
}
