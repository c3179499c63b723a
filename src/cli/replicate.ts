// holdfast replicate: sends ZFS snapshots to where they are declared to go.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';
import { waitOption } from './options.ts';

export const replicateCommand: CommandFactory = (context) =>
  new Command('replicate')
    .description('send ZFS snapshots to their targets, and measure how far those are behind')
    .argument('[datasets...]', 'only these, and those beneath them')
    .option('--target <name>', 'only to this target')
    .option(
      '--start-over',
      'where nothing can follow any more: set the replica aside under another name, send everything anew',
    )
    .option('--dry-run', 'show what would be sent, and how much; change nothing')
    .addOption(waitOption())
    .action(async (datasets, options) => {
      const { replicate } = await import('./replicate/replicate.ts');
      await replicate(context(), datasets, options);
    });
