// holdfast verify: is what the repositories hold still what was written?

import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { RepositoryConfig, VerificationConfig } from '../config/configuration.ts';
import type { Duration } from '../domain/duration.ts';
import { parsePercentage } from '../domain/percentage.ts';
import { roundsOf } from '../domain/verification.ts';
import type { VerifyWish } from '../engine/verify/plan-verify.ts';
import type { Declared } from '../engine/verify/stock.ts';
import {
  type AdHocOptions,
  adHocRepository,
  environmentFileOption,
  passwordFileOption,
  thisHost,
  urlOption,
  usage,
} from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { execute } from './execute.ts';
import { hintsForAdHoc } from './hints.ts';
import { waitOption } from './options.ts';
import { readJournal } from './read-journal.ts';
import { stateOrNone } from './state-or-none.ts';

interface Options extends AdHocOptions {
  readonly data?: number | undefined;
  readonly due?: true | undefined;
  readonly keyless?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly wait?: Duration | undefined;
}

export const verifyCommand: CommandFactory = (context) =>
  new Command('verify')
    .description('read repositories, and tell what of them can no longer be read')
    .argument('[repository...]', 'as configured (default: those of the verification section)')
    .addOption(
      new Option('--data <share>', 'decrypt this share of the data, the next part each time: 10%, 100%').argParser(
        roundsArgument,
      ),
    )
    .option('--due', 'only what was not verified within verification.schedule')
    .option('--keyless', 'only compare files with their names: a local path, all of it, no password')
    .addOption(urlOption())
    .addOption(passwordFileOption())
    .addOption(environmentFileOption())
    .option('--dry-run', 'show the steps, read nothing')
    .addOption(waitOption())
    .action((names, options) => verify(context(), names, options));

async function verify(cli: CliContext, names: readonly string[], options: Options): Promise<void> {
  const { scene, repositories, stateDir } = await sceneOf(cli, names, options);
  const { planVerify } = await import('../engine/verify/plan-verify.ts');
  const { renderVerify } = await import('./render-verify.ts');
  const wish: VerifyWish = {
    rounds: options.data ?? null,
    keyless: options.keyless === true,
    due: options.due === true,
  };
  await using place = options.url !== undefined && !options.dryRun ? await stateOrNone(cli, stateDir) : null;
  using past = options.dryRun ? await readJournal(cli, stateDir) : null;
  const report = await execute(
    place?.context ?? cli,
    { host: scene.host, stateDir: place?.stateDir ?? stateDir },
    (toolbox) => planVerify(scene, repositories, wish, past ? { ...toolbox, journal: past } : toolbox, cli.clock.now()),
    { dryRun: options.dryRun, wait: options.wait, render: (told) => renderVerify(told, cli.out, cli.clock.now()) },
  );
  cli.exitCode = report.exitCode;
}

interface Scene {
  readonly scene: Declared & { readonly verification: VerificationConfig };
  readonly repositories: readonly RepositoryConfig[];
  readonly stateDir: string;
}

async function sceneOf(cli: CliContext, names: readonly string[], options: Options): Promise<Scene> {
  const keyless = options.keyless === true;
  if (keyless && options.data !== undefined)
    throw usage('--keyless and --data exclude each other', '--keyless reads all files, and decrypts nothing.');
  const repository = await adHocRepository(options, { keyless });
  if (repository) return await adHocScene(cli, repository, names, options);
  const configuration = await cli.configuration();
  const { selectForVerification } = await import('../engine/verify/plan-verify.ts');
  const repositories = selectForVerification(configuration, names, { keyless });
  const { hasOwnRepositories } = await import('../engine/postgres/plan-backup.ts');
  const servers = [...configuration.services.values()].filter(hasOwnRepositories).map(({ name }) => name);
  if (repositories.length === 0 && !options.due)
    throw usage(
      configuration.verification.enable ? 'there is nothing to verify' : 'verification.enable is false',
      keyless
        ? 'Name a repository on a local path; others can be read without a password only on the machine that holds them.'
        : servers.length > 0
          ? `Backups of a PostgreSQL server are verified by a drill, which reads every index, row and page: holdfast drill ${servers.join(' ')}`
          : 'Name the repository: holdfast verify NAME.',
    );
  return { scene: configuration, repositories, stateDir: configuration.stateDir };
}

async function adHocScene(
  cli: CliContext,
  repository: RepositoryConfig,
  names: readonly string[],
  options: Options,
): Promise<Scene> {
  if (names.length > 0) throw usage('--url and a repository exclude each other', 'Either names the repository.');
  if (options.due) throw usage('--due needs a configuration', 'It says how often is often enough.');
  const { localDirectory } = await import('../config/repository-url.ts');
  if (options.keyless && localDirectory(repository.url) === null)
    throw usage('--keyless reads files: --url must be a local path', 'Run it on the machine that holds the repository.');
  cli.tailor = hintsForAdHoc({ ...options, url: repository.name });
  const { defaultStateDir } = await import('../config/load.ts');
  const { resolve } = await import('node:path');
  const place = { isRoot: process.getuid?.() === 0, env: process.env, cwd: process.cwd() };
  const drills = { enable: false, schedule: 'monthly', sampleFiles: null, scratch: null };
  return {
    scene: {
      host: thisHost(),
      services: new Map(),
      repositories: new Map(),
      verification: { enable: true, schedule: 'weekly', rounds: null, repositories: [], drills },
    },
    repositories: [repository],
    stateDir: cli.options.stateDir === undefined ? defaultStateDir(place) : resolve(cli.options.stateDir),
  };
}

function roundsArgument(text: string): number {
  const share = parsePercentage(text);
  if (share === null || share === 0) throw new InvalidArgumentError('expected a share such as 10% or 100%');
  return roundsOf(share);
}
