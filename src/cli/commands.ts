// Every command, in the order of the help.

import type { Command } from '@commander-js/extra-typings';
import type { CliContext } from './context.ts';
import { runCommand } from './run.ts';

/** Makes the command; the context exists only once the command line has been parsed. */
export type CommandFactory = (context: () => CliContext) => Command;

export const COMMANDS: readonly CommandFactory[] = [runCommand];
