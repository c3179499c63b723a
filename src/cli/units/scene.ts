// What the units of this host start: this very program, with this very configuration.

import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { isSea } from 'node:sea';
import type { Configuration } from '../../config/configuration.ts';
import { defaultStateDir } from '../../config/load.ts';
import type { UnitScene } from '../../engine/units/scene.ts';
import { usage } from '../ad-hoc.ts';
import type { CliContext } from '../context.ts';
import { lookupOf } from '../create-context.ts';

/** Where an administrator's units are. */
export const UNIT_DIRECTORY = '/etc/systemd/system';

/** Throws `usage` where units could not find the configuration again. */
export async function unitScene(cli: CliContext, program: string | undefined): Promise<UnitScene> {
  if (program !== undefined && !isAbsolute(program))
    throw usage(`--program ${program} is no absolute path`, 'systemd starts programs by their absolute path.');
  if (cli.options.config === '-')
    throw usage('units need a configuration in a file', 'They read it each time: --config FILE.');
  const configuration = asRootHasIt(await cli.configuration(), cli);
  const file = resolve(configuration.files[0] ?? '');
  const { stateDir } = cli.options;
  const restic = process.env['HOLDFAST_RESTIC'];
  const [first, ...rest] = program === undefined ? thisProgram() : [program];
  return {
    configuration,
    program: [first, ...rest, '--config', file, ...(stateDir === undefined ? [] : ['--state-dir', resolve(stateDir)])],
    environment: restic ? { HOLDFAST_RESTIC: restic } : {},
  };
}

/** Units are root's, whoever looks at them: without another word their state is not where this user's own would be. */
function asRootHasIt(configuration: Configuration, { options }: CliContext): Configuration {
  const lookup = lookupOf(options);
  const isOwn = options.stateDir === undefined && configuration.stateDir === defaultStateDir(lookup);
  return isOwn ? { ...configuration, stateDir: defaultStateDir({ ...lookup, isRoot: true }) } : configuration;
}

/** As it was started: packaged as one file, as a bundle, or from the sources of a checkout, which has a script for that. */
function thisProgram(): readonly [string, ...string[]] {
  if (isSea()) return [process.execPath];
  const script = process.argv[1] ?? '';
  const real = realpathSync(script);
  if (basename(real) === 'main.ts') return [join(dirname(dirname(real)), 'holdfast')];
  // a link such as /usr/local/bin/holdfast outlives an upgrade; under another name it would be another command
  return [process.execPath, basename(script) === 'backup-orchestrator' ? real : script];
}
