// holdfast restore: get data back, into a new directory or in place.

import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import type { Duration } from '../domain/duration.ts';
import type { Instant } from '../domain/instant.ts';
import { systemClock } from '../lib/clock.ts';
import type { RestoreScene, RestoreWish } from '../engine/restore/plan-restore.ts';
import {
  adHocRepository,
  adHocStateDir,
  environmentFileOption,
  passwordFileOption,
  thisHost,
  urlOption,
  usage,
} from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { executeObserving } from './execute-observing.ts';
import { hintsForAdHoc } from './hints.ts';
import { waitOption } from './options.ts';
import { parseTime } from './parse-time.ts';
import { stateOrNone } from './state-or-none.ts';

export interface RestoreOptions {
  readonly snapshot?: string | undefined;
  readonly at?: WrittenTime | undefined;
  readonly repository?: string | undefined;
  readonly include?: readonly string[] | undefined;
  readonly to?: string | undefined;
  readonly inPlace?: true | undefined;
  readonly verify: boolean;
  readonly allowIncomplete?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly wait?: Duration | undefined;
  readonly host?: string | undefined;
  readonly service?: string | undefined;
  readonly timeline?: number | undefined;
  readonly database?: string | undefined;
  readonly as?: string | undefined;
  readonly path?: string | undefined;
  readonly url?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly environmentFile?: string | undefined;
}

/** A time as it was written: what it means depends on what is restored. */
interface WrittenTime {
  readonly text: string;
  readonly at: Instant;
}

export const restoreCommand: CommandFactory = (context) =>
  new Command('restore')
    .description('get data back: staged, verified, then put in place by rename')
    .argument('[service]', 'its name; not needed with --url')
    .option('--to <dir>', 'into this new directory; the absolute paths of the snapshot are recreated below it')
    .option('--in-place', 'replace the live data and keep it as .NAME.before-RUN; stops and starts the unit')
    .option('--snapshot <id>', 'this one, by its id or the beginning of it (default: the newest complete one)')
    .addOption(
      new Option('--at <time>', 'the newest not after: 2026-03-01, "2026-03-01 12:00", or an age such as 3d').argParser(
        timeArgument,
      ),
    )
    .option('--database <name>', 'of a database server: only this one, into the server that is in service')
    .option('--as <name>', 'with --database: what it is called there; never one that is there')
    .addOption(
      new Option('--timeline <number>', 'of a PostgreSQL server: follow this timeline (default: the newest)').argParser(
        timelineArgument,
      ),
    )
    .option('--repository <name>', 'from this repository (default: the primary, then the others if it does not answer)')
    .option('--include <path...>', 'only this file or directory of the snapshot (with --to)')
    .option('--no-verify', 'do not read back and compare what was restored')
    .option('--allow-incomplete', 'keep what could be restored when some of it could not (with --to)')
    .option('--host <name>', 'snapshots of this host (default: this one)')
    .addOption(urlOption())
    .addOption(passwordFileOption())
    .addOption(environmentFileOption())
    .option('--service <name>', 'with --url: snapshots of this service')
    .option('--path <path>', 'with --url: snapshots that hold this path')
    .option('--dry-run', 'show what would be restored, change nothing')
    .addOption(waitOption())
    .action((service, options) => restore(context(), service ?? options.service, options));

async function restore(cli: CliContext, service: string | undefined, options: RestoreOptions): Promise<void> {
  checkCombination(options);
  if (service !== undefined && options.url === undefined && (await isServer(cli, service))) {
    await (await import('./restore-server.ts')).restoreServer(cli, service, options);
    return;
  }
  if (options.timeline !== undefined)
    throw usage('--timeline goes with a PostgreSQL server only', 'Files have no timelines.');
  const { scene, wish, stateDir } = await sceneOf(cli, service, options);
  const { planRestore } = await import('../engine/restore/plan-restore.ts');
  const { renderRestore } = await import('./render-restore.ts');
  // What is replaced in place must be recoverable after a crash: that needs a journal on disk.
  const mayDoWithout = wish.to !== null && options.dryRun !== true;
  await using place = mayDoWithout ? await stateOrNone(cli, stateDir) : null;
  const state = place?.stateDir ?? stateDir;
  const report = await executeObserving(
    place?.context ?? cli,
    { host: scene.host, stateDir: state },
    (toolbox, world) => planRestore(scene, wish, toolbox, world),
    { dryRun: options.dryRun, wait: options.wait, render: (told) => renderRestore(told, cli.out) },
  );
  cli.exitCode = report.exitCode;
}

/** Nothing but its server is backed up: files of it there are none. */
async function isServer(cli: CliContext, name: string): Promise<boolean> {
  const service = (await cli.configuration()).services.get(name);
  if (service === undefined || service.postgres === null) return false;
  return service.backup === null || service.backup.serverCopy !== undefined;
}

function checkCombination(options: RestoreOptions): void {
  const { to, inPlace, snapshot, at, include, allowIncomplete, url, repository, database } = options;
  if (database !== undefined && (to !== undefined || inPlace))
    throw usage('--database goes without --to and --in-place', 'It goes into the server that is in service, as --as NAME.');
  if (options.as !== undefined && database === undefined)
    throw usage('--as goes with --database only', 'It names the database that is made.');
  if (to !== undefined && inPlace)
    throw usage('--to and --in-place exclude each other', 'Either says where to: a new directory, or over the live data.');
  if (to === undefined && !inPlace && database === undefined) {
    throw usage(
      'say where to: --to DIR or --in-place',
      '--to DIR restores into a new directory and touches nothing else: start with that.',
    );
  }
  if (snapshot !== undefined && at !== undefined)
    throw usage('--snapshot and --at exclude each other', 'Either names the snapshot.');
  if (inPlace && include)
    throw usage('--include goes with --to only', 'Restore the part to a new directory, and move it where it belongs.');
  if (inPlace && allowIncomplete)
    throw usage('--allow-incomplete goes with --to only', 'Live data is replaced by complete data only.');
  if (inPlace && url !== undefined) throw usage('--in-place needs a configured service', 'Use --to with --url.');
  if (url !== undefined && repository !== undefined)
    throw usage('--url and --repository exclude each other', 'Either names the repository.');
  if (
    snapshot !== undefined &&
    snapshot !== 'latest' &&
    !/^[0-9a-f]{4,64}$|^\d{8}-\d{6}F(?:_\d{8}-\d{6}[DI])?$/i.test(snapshot)
  ) {
    throw usage(
      `--snapshot ${snapshot} is no snapshot id`,
      'Four to 64 hexadecimal digits, as `holdfast snapshots` lists them.',
    );
  }
}

async function sceneOf(
  cli: CliContext,
  service: string | undefined,
  options: RestoreOptions,
): Promise<{ scene: RestoreScene; wish: RestoreWish; stateDir: string }> {
  const common = {
    id: options.snapshot,
    at: options.at?.at,
    to: options.to === undefined ? null : resolve(options.to),
    includes: options.include ?? [],
    verify: options.verify,
    allowIncomplete: options.allowIncomplete ?? false,
    database: options.database === undefined ? undefined : { name: options.database, as: options.as ?? options.database },
  };
  const repository = await adHocRepository(options);
  if (repository) {
    cli.tailor = hintsForAdHoc({ ...options, url: repository.name });
    const anyHost = options.host === undefined && options.snapshot !== undefined && options.snapshot !== 'latest';
    return {
      scene: {
        config: null,
        host: thisHost(),
        candidates: [repository],
        service: null,
        services: [],
        repositories: [repository],
      },
      wish: { ...common, service: service ?? null, host: anyHost ? null : (options.host ?? thisHost()), path: options.path },
      stateDir: await adHocStateDir(cli),
    };
  }
  if (service === undefined)
    throw usage(
      'which service?',
      '`holdfast restore SERVICE --to DIR`, or --url and --password-file without a configuration.',
    );
  if (options.path !== undefined) throw usage('--path goes with --url only', 'Use --include for a part of a snapshot.');
  const configuration: Configuration = await cli.configuration();
  const { restoreScene } = await import('../engine/restore/plan-restore.ts');
  const scene = restoreScene(configuration, service, options.repository);
  return { scene, wish: { ...common, service, host: options.host ?? scene.host }, stateDir: configuration.stateDir };
}

function timelineArgument(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected the number of a timeline');
  return Number(text);
}

function timeArgument(text: string): WrittenTime {
  const at = parseTime(text, systemClock.now());
  if (at === null)
    throw new InvalidArgumentError('expected 2026-03-01, "2026-03-01 12:00", 2026-03-01T12:00:00Z or an age such as 3d');
  return { text, at };
}
