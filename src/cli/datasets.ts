// holdfast datasets: ZFS datasets as they are declared.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';

const SERVICES = ['[services...]', 'only those of these services'] as const;

export const datasetsCommand: CommandFactory = (context) => {
  const datasets = new Command('datasets').description('ZFS datasets as they are declared; none is ever destroyed');
  datasets
    .command('plan')
    .description('say what would be created, set and inherited, and what cannot be changed in place')
    .argument(...SERVICES)
    .action(async (services) => {
      const { apply } = await import('./datasets/apply.ts');
      await apply(context(), services, { dryRun: true });
    });
  datasets
    .command('apply')
    .description('make the datasets as they are declared; what would hide data is refused')
    .argument(...SERVICES)
    .option('--dry-run', 'show the steps, change nothing')
    .action(async (services, options) => {
      const { apply } = await import('./datasets/apply.ts');
      await apply(context(), services, options);
    });
  datasets
    .command('drift')
    .description('say every difference, in value and in source, and put it on record; exit 1 when there is one')
    .argument(...SERVICES)
    .action(async (services) => {
      const { drift } = await import('./datasets/drift.ts');
      await drift(context(), services);
    });
  return datasets;
};
