// holdfast repository init|unlock|check-access: housekeeping of repositories.

import { Command } from '@commander-js/extra-typings';
import type { RepositoryConfig } from '../config/configuration.ts';
import { EXIT, exitCodeOf } from '../domain/exit-code.ts';
import type { Plan } from '../domain/plan.ts';
import type { Report } from '../domain/report.ts';
import type { AccessAnswer } from '../engine/repository/repository-access.ts';
import type { Toolbox } from '../engine/toolbox.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { execute, type ExecuteOptions } from './execute.ts';
import { waitOption } from './options.ts';

export const repositoryCommand: CommandFactory = (context) => {
  const repository = new Command('repository').description('initialise, unlock and try repositories');
  repository
    .command('init')
    .description('create a repository where there is none; one that exists is never touched')
    .argument('<name...>', 'as it is configured')
    .option('--dry-run', 'show the steps, change nothing')
    .addOption(waitOption())
    .action(async (names, options) => {
      const { planInitialise } = await import('../engine/repository/plan-initialise.ts');
      await perform(context(), names, options, planInitialise);
    });
  repository
    .command('unlock')
    .description('clear the locks of dead processes; live ones stay')
    .argument('<name...>', 'as it is configured')
    .option('--dry-run', 'show the steps, change nothing')
    .addOption(waitOption())
    .action(async (names, options) => {
      const { planUnlock } = await import('../engine/repository/plan-repository.ts');
      await perform(context(), names, options, planUnlock);
    });
  repository
    .command('check-access')
    .description('open it: does it answer, is it there, does the password fit?')
    .argument('[name...]', 'as it is configured; all of them without a name')
    .action((names) => checkAccess(context(), names));
  return repository;
};

type Planner = (config: { host: string }, repositories: readonly RepositoryConfig[], toolbox: Toolbox) => Plan;

async function perform(cli: CliContext, names: readonly string[], options: ExecuteOptions, plan: Planner): Promise<void> {
  const configuration = await cli.configuration();
  const repositories = await selected(cli, names);
  const { renderReport } = await import('./render-report.ts');
  const render = (report: Report): string => renderReport(report, cli.out) + lockLines(report);
  await execute(cli, configuration, (toolbox) => plan(configuration, repositories, toolbox), { ...options, render });
}

/** Whose locks were removed, and whose stay. */
function lockLines(report: Report): string {
  const lines = report.steps.flatMap(({ result, repository }) =>
    (['removed', 'remaining'] as const).flatMap((kind) => {
      const locks = result?.[kind];
      return (Array.isArray(locks) ? locks : []).map((lock: { describe?: unknown }) => {
        const [name, holder] = [repository ?? '', typeof lock.describe === 'string' ? lock.describe : 'somebody'];
        return kind === 'removed'
          ? `${name}: removed the lock of ${holder}\n`
          : `${name}: STILL LOCKED by ${holder}, which is alive or was a moment ago: its lock stays\n`;
      });
    }),
  );
  return lines.join('');
}

async function selected(cli: CliContext, names: readonly string[]): Promise<RepositoryConfig[]> {
  const { selectRepository } = await import('../engine/select.ts');
  const configuration = await cli.configuration();
  if (names.length === 0) return [...configuration.repositories.values()];
  return [...new Set(names)].map((name) => selectRepository(configuration, name));
}

async function checkAccess(cli: CliContext, names: readonly string[]): Promise<void> {
  const { accessOf } = await import('../engine/repository/repository-access.ts');
  const { renderError } = await import('./render-error.ts');
  const { paint } = await import('./style.ts');
  const configuration = await cli.configuration();
  const repositories = await selected(cli, names);
  const answers = await Promise.all(repositories.map((each) => accessOf(each, configuration, cli.signal)));
  cli.signal.throwIfAborted();
  const told = answers.map((answer) => ({ ...answer, error: answer.error && cli.tailor(answer.error) }));
  const human = told.map(({ repository, identity, error }) =>
    error
      ? `${paint(cli.out, 'bad', '✗')} ${repository}: ${error.code}\n${renderError(error)}`
      : `${paint(cli.out, 'good', '✓')} ${repository}: opens, repository ${identity?.id.slice(0, 10) ?? ''} (format ${identity?.version ?? ''})\n`,
  );
  cli.exitCode = exitCodeOfAll(told);
  cli.result(cli.options.quiet && cli.exitCode === EXIT.ok ? '' : human.join(''), {
    schemaVersion: 1,
    exitCode: cli.exitCode,
    repositories: told.map(({ repository, identity, error }) => ({ repository, opens: error === null, identity, error })),
  });
}

/** Failures beside successes are 1, here as everywhere; failures of one kind alone keep the code of that kind. */
function exitCodeOfAll(answers: readonly AccessAnswer[]): number {
  const codes = new Set(answers.flatMap(({ error }) => (error ? exitCodeOf(error.code) : [])));
  const [only] = codes;
  if (only === undefined) return EXIT.ok;
  if (answers.some(({ error }) => error === null)) return EXIT.partial;
  return codes.size === 1 ? only : EXIT.failed;
}
