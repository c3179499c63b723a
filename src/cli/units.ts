// holdfast units: systemd services and timers for everything that recurs, and for what comes back before a service starts.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';

const PROGRAM = ['--program <path>', 'what the units start, an absolute path (default: this very program)'] as const;

export const unitsCommand: CommandFactory = (context) => {
  const units = new Command('units').description('systemd services and timers for everything that is configured');
  units
    .command('write')
    .description('show the units, or write them into a directory; systemd is not told')
    .option('--dir <dir>', 'into this directory, in which nothing else of Holdfast stays')
    .option('--force', 'replace also what was changed by hand')
    .option('--dry-run', 'show the steps, change nothing')
    .option(...PROGRAM)
    .action(async (options) => {
      const { write } = await import('./units/install.ts');
      await write(context(), options);
    });
  units
    .command('install')
    .description(
      'write the units, take away those that are no longer configured, and start the timers; nothing that runs is stopped',
    )
    .option('--force', 'replace also what was changed by hand')
    .option('--dry-run', 'show the steps, change nothing')
    .option(...PROGRAM)
    .action(async (options) => {
      const { install } = await import('./units/install.ts');
      await install(context(), options);
    });
  units
    .command('check')
    .description('say where the units of this host differ from its configuration, and what would keep a job from running')
    .option(...PROGRAM)
    .action(async (options) => {
      const { check } = await import('./units/check.ts');
      await check(context(), options);
    });
  return units;
};
