// holdfast drill: try out that services come back, and how long that takes.

import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { type DrillPick, PICKS } from '../domain/drill.ts';
import type { Duration } from '../domain/duration.ts';
import { usage } from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { executeObserving } from './execute-observing.ts';
import { waitOption } from './options.ts';

interface Options {
  readonly repository?: string | undefined;
  readonly pick?: DrillPick | undefined;
  readonly sample?: number | undefined;
  readonly whole?: true | undefined;
  readonly against?: string | undefined;
  readonly due?: true | undefined;
  readonly keep?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly wait?: Duration | undefined;
}

export const drillCommand: CommandFactory = (context) =>
  new Command('drill')
    .description('restore into a scratch place, prove it there, and measure how long it takes')
    .argument('[service...]', 'names or shell patterns')
    .option('--repository <name>', 'only from this repository (default: from each)')
    .addOption(
      new Option(
        '--pick <which>',
        'the snapshot; rotate: newest, middle, newest, oldest in turn (default: newest; with --due rotate)',
      ).choices(PICKS),
    )
    .addOption(new Option('--sample <files>', 'restore so many files only, and extrapolate').argParser(count))
    .option('--whole', 'restore all of it, whatever verification.restoreTesting.sampleFiles says')
    .option('--against <repository>', 'compare with the copy in this repository; none: with no other copy')
    .option('--due', 'only what verification.restoreTesting.schedule says it is time for; what timers run')
    .option('--keep', 'when a drill fails, keep what was restored, and say where')
    .option('--dry-run', 'show what would be drilled, change nothing')
    .addOption(waitOption())
    .action((services, options) => drill(context(), services, options));

async function drill(cli: CliContext, services: readonly string[], options: Options): Promise<void> {
  const { sample, whole, against, repository } = options;
  if (sample !== undefined && whole)
    throw usage('--sample and --whole exclude each other', 'Either says how much is restored.');
  if (against !== undefined && against === repository)
    throw usage(`--against ${against} is the repository that is drilled`, 'A copy is compared with another one.');
  const { planDrill } = await import('../engine/drill/plan-drill.ts');
  const { selectJobs } = await import('../engine/backup/plan-run.ts');
  const { selectRepository } = await import('../engine/select.ts');
  const { renderDrill } = await import('./render-drill.ts');
  const configuration = await cli.configuration();
  selectJobs(configuration, { services, repository }); // a typo is told before anything is opened or made
  if (against !== undefined && against !== 'none') selectRepository(configuration, against);
  const due = options.due ?? false;
  const selection = {
    services,
    repository,
    pick: options.pick ?? (due ? 'rotate' : 'newest'),
    sampleFiles: whole ? null : (sample ?? configuration.verification.drills.sampleFiles),
    against,
    due,
    keep: options.keep ?? false,
  };
  await executeObserving(cli, configuration, (toolbox, world) => planDrill(configuration, selection, toolbox, world), {
    dryRun: options.dryRun,
    wait: options.wait,
    render: (report) => renderDrill(report, cli.out),
  });
}

function count(text: string): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new InvalidArgumentError('expected a number of files, at least 1');
  return value;
}
