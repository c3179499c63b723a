// holdfast gate: every backup system of the host, in stages, and one answer by its exit code: safe to deploy? Around it a
// deployment: run a command only then, and hold the timers of backups meanwhile.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';
import { durationOption, waitOption } from './options.ts';

const STOP = ['--stop-on-interrupt', 'stop the units that run when the gate is interrupted; otherwise they go on'] as const;
const freshWithin = () =>
  durationOption('--fresh-within <duration>', 'let successes count that are younger, and run nothing for them');

/**
 * Options that `gate` shares with a command below it are found by `gate`, wherever they stand: those commands ask for all
 * that was given (`optsWithGlobals`).
 */
export const gateCommand: CommandFactory = (context) => {
  const gate = new Command('gate')
    .description('run every backup of this host in stages, and say by the exit code whether it is safe to deploy')
    .argument('[name]', 'which gate of the configuration; "default" when not given')
    .option('--dry-run', 'show the stages with what belongs to each, change nothing')
    .option(...STOP)
    .addOption(freshWithin())
    .addOption(waitOption())
    .action(async (name, options) => {
      const { pass, whileAlone } = await import('./gate/pass.ts');
      const cli = context();
      if (options.dryRun) await pass(cli, name, options);
      else await whileAlone(cli, () => pass(cli, name, options));
    });
  gate
    .command('run')
    .description('run a command only when the gate says that it is safe; ends with its exit code')
    .argument('<command...>', 'program and arguments, behind --')
    .option('--gate <name>', 'which gate')
    .option('--dry-run', 'show the gate, run nothing')
    .option('--accept-partial', 'also when some backups failed, but not too many (exit code 1)')
    .option('--hold', 'hold the timers of backups while the command runs')
    .option(...STOP)
    .addOption(freshWithin())
    .addOption(waitOption())
    .action(async (words, _, command) => {
      const { whileAlone } = await import('./gate/pass.ts');
      const { deploy } = await import('./gate/deploy.ts');
      const options = command.optsWithGlobals();
      const cli = context();
      if (options.dryRun) await deploy(cli, words, options);
      else await whileAlone(cli, () => deploy(cli, words, options));
    });
  gate
    .command('hold')
    .description('stop the timers of backups, so that none starts in the middle of a deployment')
    .argument('[name]', 'which gate')
    .option('--dry-run', 'show the step, change nothing')
    .addOption(durationOption('--for <duration>', 'after this they are started again in any case (default 2h)'))
    .action(async (name, _, command) => {
      const { hold } = await import('./gate/hold.ts');
      await hold(context(), name, command.optsWithGlobals());
    });
  gate
    .command('release')
    .description('start exactly those timers again that are held')
    .option('--dry-run', 'show the step, change nothing')
    .action(async (_, command) => {
      const { release } = await import('./gate/hold.ts');
      await release(context(), command.optsWithGlobals());
    });
  return gate;
};
