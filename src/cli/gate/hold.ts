// holdfast gate hold and release: timers of backups are stopped for a while, and exactly those started again.

import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import { type Duration, duration } from '../../domain/duration.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Report } from '../../domain/report.ts';
import type { Toolbox } from '../../engine/toolbox.ts';
import type { CliContext } from '../context.ts';
import { execute } from '../execute.ts';
import { printable } from '../table.ts';
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
  const end = releaseCommand(configuration.stateDir);
  await perform(cli, options, (host, toolbox) => planHold(host, { units: look.units, length, release: end }, toolbox));
}

async function perform(cli: CliContext, options: DryRun, plan: (host: string, toolbox: Toolbox) => Plan): Promise<void> {
  const place = await placeOf(cli);
  const { renderReport } = await import('../render-report.ts');
  const render = (report: Report): string => timerLines(report) + renderReport(report, cli.out);
  await execute(cli, place, (toolbox) => plan(place.host, toolbox), { ...options, render });
}

export async function release(cli: CliContext, options: DryRun): Promise<void> {
  const { planRelease } = await import('../../engine/gate/plan-hold.ts');
  await perform(cli, options, planRelease);
}

/** This very program, for systemd to start later: the deployment may leave no configuration behind that can be read. */
export const releaseCommand = (stateDir: string): [string, ...string[]] => [
  process.execPath,
  realpathSync(process.argv[1] ?? ''), // under another name it would be another command
  '--state-dir',
  stateDir,
  'gate',
  'release',
];

/** What is held is in the state directory: where that is given, no configuration is needed. */
async function placeOf(cli: CliContext): Promise<Pick<Configuration, 'host' | 'stateDir'>> {
  const { stateDir } = cli.options;
  return stateDir === undefined ? await cli.configuration() : { host: hostname(), stateDir: resolve(stateDir) };
}

/** Which timers, and until when. */
function timerLines({ steps }: Report): string {
  const result = steps[0]?.result;
  const timers = Array.isArray(result?.['timers']) ? result['timers'].map(String) : [];
  const until = typeof result?.['until'] === 'string' ? `until ${result['until']}` : '';
  return timers.length === 0
    ? ''
    : `${[...timers, ...(until ? [until] : [])].map((line) => `  ${printable(line)}\n`).join('')}\n`;
}
