// holdfast snapshot: snapshots of ZFS by calendar.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';
import { waitOption } from './options.ts';

export const snapshotCommand: CommandFactory = (context) => {
  const snapshot = new Command('snapshot').description('snapshots of ZFS datasets by their policies');
  snapshot
    .command('take')
    .description('take the snapshots that are due, and prove that they are there')
    .option('--dry-run', 'say which are due, take none')
    .addOption(waitOption())
    .action(async (options) => {
      const { take } = await import('./snapshot/take.ts');
      await take(context(), options);
    });
  snapshot
    .command('prune')
    .description('destroy the snapshots that no policy keeps; none that is held, cloned or the base of a replication')
    .option('--dry-run', 'say which would go, which stay and why; destroy none')
    .addOption(waitOption())
    .action(async (options) => {
      const { prune } = await import('./snapshot/prune.ts');
      await prune(context(), options);
    });
  return snapshot;
};
