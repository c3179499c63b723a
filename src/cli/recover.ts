// holdfast recover: lost data comes back, of some services or of all.

import { Command } from '@commander-js/extra-typings';
import type { Duration } from '../domain/duration.ts';
import { usage } from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { executeObserving } from './execute-observing.ts';
import { waitOption } from './options.ts';

interface Options {
  readonly all?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly wait?: Duration | undefined;
}

export const recoverCommand: CommandFactory = (context) =>
  new Command('recover')
    .description('bring lost data back: only where there is none, and never to nothing because a repository is silent')
    .argument('[service...]', 'names or shell patterns')
    .option('--all', 'every service, the most urgent first')
    .option('--dry-run', 'show what would come from where, change nothing')
    .addOption(waitOption())
    .action((services, options) => recover(context(), services, options));

async function recover(cli: CliContext, patterns: readonly string[], options: Options): Promise<void> {
  if (patterns.length === 0 && !options.all)
    throw usage('which service?', '`holdfast recover SERVICE`, or --all. What would be done: --all --dry-run.');
  if (patterns.length > 0 && options.all) throw usage('--all and names exclude each other', 'Either says which services.');
  const configuration = await cli.configuration();
  const { planRecovery } = await import('../engine/recover/plan-recovery.ts');
  const { selectServices } = await import('../engine/select.ts');
  const { renderRecovery } = await import('./render-recovery.ts');
  const services = selectServices(configuration, patterns);
  const now = cli.clock.now();
  await executeObserving(cli, configuration, (toolbox, world) => planRecovery(configuration, services, toolbox, world), {
    ...options,
    render: (report) => renderRecovery(report, now, cli.out),
  });
}
