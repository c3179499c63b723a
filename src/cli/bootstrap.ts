// holdfast bootstrap: on a new machine, the configuration of a host comes back from a repository.

import { resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import type { Duration } from '../domain/duration.ts';
import { adHocRepository, adHocStateDir, environmentFileOption, passwordFileOption, thisHost, usage } from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { lookupOf } from './create-context.ts';
import { DEFAULT_WAIT, execute } from './execute.ts';
import { hintsForAdHoc } from './hints.ts';
import { waitOption } from './options.ts';
import { stateOrNone } from './state-or-none.ts';

interface Options {
  readonly from?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly environmentFile?: string | undefined;
  readonly host?: string | undefined;
  readonly out?: string | undefined;
  readonly force?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly wait?: Duration | undefined;
}

export const bootstrapCommand: CommandFactory = (context) =>
  new Command('bootstrap')
    .description("on a new machine: read this host's configuration back from a repository")
    .addOption(new Option('--from <url>', 'the restic repository that it was kept in').makeOptionMandatory())
    .addOption(passwordFileOption('--from'))
    .addOption(environmentFileOption('--from'))
    .option('--host <name>', 'whose configuration (default: this machine, or the only one that there is)')
    .option('--out <file>', 'where it is written (default: --config, or where every command looks for it)')
    .option('--force', 'replace the configuration that is there, and keep it aside')
    .option('--dry-run', 'show what would be written and what is missing, change nothing')
    .addOption(waitOption())
    .action((options) => bootstrap(context(), options));

async function bootstrap(cli: CliContext, options: Options): Promise<void> {
  const from = await adHocRepository({ ...options, url: options.from }, { option: '--from' });
  if (!from) throw usage('which repository?', 'Name it with --from URL, and its password with --password-file FILE.');
  cli.tailor = hintsForAdHoc({ ...options, url: from.name });
  const { placeForConfiguration } = await import('../config/find-file.ts');
  const { planBootstrap } = await import('../engine/bootstrap/plan-bootstrap.ts');
  const { fileLockBroker, noLocks } = await import('../repositories/broker.ts');
  const { renderBootstrap } = await import('./render-bootstrap.ts');
  const lookup = lookupOf(cli.options);
  const usual = placeForConfiguration({ ...lookup, file: undefined });
  const given = options.out ?? cli.options.config;
  if (given === '-') throw usage('a configuration is written to a file', 'Name it with --out FILE.');
  const file = given === undefined ? usual : resolve(given);
  const stateDir = await adHocStateDir(cli);
  await using place = options.dryRun ? null : await stateOrNone(cli, stateDir);
  const state = place?.stateDir ?? stateDir;
  await execute(
    place?.context ?? cli,
    { host: thisHost(), stateDir: state },
    (toolbox) =>
      planBootstrap(
        { from, host: options.host, thisHost: thisHost(), file, force: options.force ?? false, lookup },
        {
          toolbox,
          broker: options.dryRun ? noLocks : fileLockBroker(state),
          now: cli.clock.now(),
          lockWait: options.wait ?? DEFAULT_WAIT,
          signal: cli.signal,
        },
      ),
    { ...options, render: (report) => renderBootstrap(report, file === usual ? null : file, cli.out) },
  );
}
