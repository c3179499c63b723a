// holdfast run: back up.

import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from './context.ts';
import { execute } from './execute.ts';
import { waitOption } from './options.ts';

export const runCommand: CommandFactory = (context) =>
  new Command('run')
    .description('back up services (all of them, or those that match)')
    .argument('[service...]', 'names or shell patterns')
    .option('--repository <name>', 'only into this repository')
    .option('--tag <tag>', 'only services that carry this tag')
    .option('--dry-run', 'show the plan, change nothing')
    .addOption(waitOption())
    .action(async (services, options) => {
      const { planRun, selectJobs } = await import('../engine/backup/plan-run.ts');
      const cli = context();
      const configuration = await cli.configuration();
      const selection = { services, repository: options.repository, tag: options.tag };
      selectJobs(configuration, selection); // a typo is told before anything is opened or made
      await execute(cli, configuration, (toolbox) => planRun(configuration, selection, toolbox), options);
    });
