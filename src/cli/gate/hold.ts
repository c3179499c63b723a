// holdfast gate hold and release: timers of backups are stopped for a while, and exactly those started again.

import { resolve } from 'node:path';
import { type Duration, duration } from '../../domain/duration.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Toolbox } from '../../engine/toolbox.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { CliContext } from '../context.ts';
import { execute } from '../execute.ts';
import { lookAround } from './pass.ts';

const HOLD_LENGTH = duration(2, 'h');

interface DryRun {
  readonly dryRun?: boolean | undefined;
}

export async function hold(
  cli: CliContext,
  name: string | undefined,
  options: DryRun & { readonly for?: Duration | undefined },
): Promise<void> {
  const configuration = await cli.configuration();
  const { planHold } = await import('../../engine/gate/plan-hold.ts');
  await using look = await lookAround(cli, name);
  const length = options.for ?? HOLD_LENGTH;
  const end = [...ownCommand(cli, configuration.files), 'gate', 'release'] as const;
  await perform(cli, options, (host, toolbox) => planHold(host, { units: look.units, length, release: end }, toolbox));
}

async function perform(cli: CliContext, options: DryRun, plan: (host: string, toolbox: Toolbox) => Plan): Promise<void> {
  const configuration = await cli.configuration();
  await execute(cli, configuration, (toolbox) => plan(configuration.host, toolbox), options);
}

export async function release(cli: CliContext, options: DryRun): Promise<void> {
  const { planRelease } = await import('../../engine/gate/plan-hold.ts');
  await perform(cli, options, planRelease);
}

/** This very program with this very configuration, for systemd to start later from anywhere. */
function ownCommand({ options }: CliContext, [configuration]: readonly string[]): [string, ...string[]] {
  if (configuration === undefined || options.config === '-') {
    throw new HoldfastError({
      code: 'usage',
      operation: 'hold',
      subject: 'timers',
      message: 'the configuration is not in a file, and would not be there any more when the hold ends',
      hint: 'Give it as a file with --config.',
    });
  }
  const stateDir = options.stateDir === undefined ? [] : ['--state-dir', resolve(options.stateDir)];
  return [process.execPath, process.argv[1] ?? 'holdfast', '--config', resolve(configuration), ...stateDir];
}
