// holdfast recover: lost data comes back, of some services or of all.

import { Command } from '@commander-js/extra-typings';
import type { Duration } from '../domain/duration.ts';
import type { Plan } from '../domain/plan.ts';
import type { Toolbox } from '../engine/toolbox.ts';
import { usage } from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { executeObserving } from './execute-observing.ts';
import { waitOption } from './options.ts';

interface Options {
  readonly all?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly allowEmptyOnce?: true | undefined;
  readonly gone?: string[] | undefined;
  readonly acknowledgeEmpty?: true | undefined;
  readonly beforeStart?: true | undefined;
  readonly again?: true | undefined;
  readonly wait?: Duration | undefined;
}

export const recoverCommand: CommandFactory = (context) =>
  new Command('recover')
    .description('bring lost data back: only where there is none, and never to nothing because a repository is silent')
    .argument('[service...]', 'names or shell patterns')
    .option('--all', 'every service, the most urgent first')
    .option('--allow-empty-once', 'it is new: let its next start, within a day, be without data; recover nothing now')
    .option('--gone <id...>', 'with that: these copies, which are on record, were removed on purpose')
    .option('--acknowledge-empty', 'it was started empty and is right as it is: go on backing it up')
    .option('--before-start', 'as its unit says it, which starts when this goes well')
    .option('--again', 'as a timer says it after that has failed: start its unit, if that may help now')
    .option('--dry-run', 'show what would come from where, change nothing')
    .addOption(waitOption())
    .action((services, options) => recover(context(), services, options));

async function recover(cli: CliContext, patterns: readonly string[], options: Options): Promise<void> {
  if (patterns.length === 0 && !options.all)
    throw usage('which service?', '`holdfast recover SERVICE`, or --all. What would be done: --all --dry-run.');
  if (patterns.length > 0 && options.all) throw usage('--all and names exclude each other', 'Either says which services.');
  if (options.gone && !options.allowEmptyOnce)
    throw usage('--gone goes with --allow-empty-once', 'It is a word for one start.');
  if (options.again) return await tryAgain(cli, patterns, options);
  if (options.allowEmptyOnce || options.acknowledgeEmpty) return await settleEmptyStart(cli, patterns, options);
  const configuration = await cli.configuration();
  const { planRecovery } = await import('../engine/recover/plan-recovery.ts');
  const { selectServices } = await import('../engine/select.ts');
  const { renderRecovery } = await import('./render-recovery.ts');
  const services = selectServices(configuration, patterns);
  const now = cli.clock.now();
  const wish = { beforeStart: options.beforeStart === true };
  await executeObserving(
    cli,
    configuration,
    (toolbox, world) => planRecovery(configuration, services, toolbox, world, wish),
    {
      ...options,
      ...(wish.beforeStart ? { thorough: 'this-boot' } : {}), // a service waits for it
      render: (report) => renderRecovery(report, now, cli.out),
    },
  );
}

/** Said of services by name: nobody means all of them. */
async function settleEmptyStart(cli: CliContext, patterns: readonly string[], options: Options): Promise<void> {
  const { allowEmptyOnce, acknowledgeEmpty } = options;
  if (allowEmptyOnce && acknowledgeEmpty)
    throw usage('--allow-empty-once and --acknowledge-empty exclude each other', 'The first is for a start to come.');
  if (patterns.length === 0) throw usage('which service?', 'Each is named: --all does not go with this.');
  const configuration = await cli.configuration();
  const plans = await import('../engine/recover/plan-empty-start.ts');
  const { execute } = await import('./execute.ts');
  const { selectServices } = await import('../engine/select.ts');
  const services = selectServices(configuration, patterns);
  const gone = options.gone ?? [];
  if (gone.length > 0 && services.length > 1) throw usage('which service?', 'Copies are of one: --gone goes with one name.');
  const plan = (toolbox: Toolbox): Plan =>
    allowEmptyOnce
      ? plans.planAllowEmptyOnce(configuration, services, toolbox, gone)
      : plans.planAcknowledgeEmpty(configuration, services, toolbox);
  await execute(cli, configuration, plan, options);
}

/** What leaves everything as it is leaves no record, either. */
async function tryAgain(cli: CliContext, patterns: readonly string[], options: Options): Promise<void> {
  const { selectServices } = await import('../engine/select.ts');
  const { planTurn, turnOf } = await import('../engine/recover/again.ts');
  const { execute } = await import('./execute.ts');
  const { readJournal } = await import('./read-journal.ts');
  const configuration = await cli.configuration();
  const [service, another] = selectServices(configuration, patterns);
  if (service === undefined || another)
    throw usage('which service?', 'One goes with --again: holdfast recover SERVICE --again');
  const turn = await (async () => {
    using journal = await readJournal(cli, configuration.stateDir);
    return await turnOf(service, journal, cli.clock.now(), cli.signal);
  })();
  const told = { service: service.name, action: turn.kind, reason: turn.reason };
  if (turn.kind === 'wait') return cli.result(`${service.name}: ${turn.reason}\n`, told);
  await execute(cli, configuration, () => planTurn(configuration, service, turn), options);
}
