// holdfast migrate: a service's directory onto a dataset of its own, and back.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';
import { waitOption } from './options.ts';

export const migrateCommand: CommandFactory = (context) =>
  new Command('migrate')
    .description("move a service's directory onto its declared ZFS dataset, with a way back at every step")
    .argument('<service>', 'its name')
    .option('--rollback', 'put the old directory back; what was written since stays in the dataset')
    .option('--clean-up', 'remove the old directory, when it was kept for as long as keepOld says')
    .option('--repository <name>', 'back up to this repository only, and drill from it')
    .option('--no-backup', 'neither back up nor drill before: the old directory is the only way back then')
    .option('--dry-run', 'show what would be done, change nothing')
    .addOption(waitOption())
    .action(async (service, options) => {
      const { migrate } = await import('./migrate/migrate.ts');
      await migrate(context(), service, options);
    });
