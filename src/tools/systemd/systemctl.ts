// systemctl: what a unit is doing, and starting and stopping it. Knows nothing of why.

import { duration, type Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { type ProcessResult, runProcess } from '../../process/run-process.ts';

export interface UnitState {
  /** 'loaded', 'not-found', 'masked', ... */
  readonly load: string;
  /** 'active', 'inactive', 'failed', 'activating', ... */
  readonly active: string;
  readonly sub: string;
}

const QUESTION = duration(15, 's');
/** A unit's own TimeoutStopSec and TimeoutStartSec are 90 s unless it says otherwise. */
const CHANGE: Duration = duration(110, 's');

export const showArgs = (unit: string): [string, ...string[]] => [
  'systemctl',
  'show',
  '--property=LoadState,ActiveState,SubState',
  '--',
  unit,
];

/** From the KEY=VALUE lines of `systemctl show`; null when they do not say. */
export function parseUnitState(stdout: string): UnitState | null {
  const values = new Map(stdout.split('\n').map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));
  const [load, active, sub] = ['LoadState', 'ActiveState', 'SubState'].map((key) => values.get(key));
  return load === undefined || active === undefined || sub === undefined ? null : { load, active, sub };
}

/** A running oneshot is `activating`; what is `active (exited)` may have started containers: both are to be stopped. */
export const isRunning = ({ active }: UnitState): boolean =>
  ['active', 'activating', 'reloading', 'deactivating'].includes(active);

/** Null where systemd does not run: no systemctl, or it says that it is not the init system. Throws `tool-failed` otherwise. */
export async function unitState(unit: string, signal: AbortSignal): Promise<UnitState | null> {
  if (findProgram('systemctl') === null) return null;
  const operation = 'ask systemd for';
  const result = await runProcess(
    { argv: showArgs(unit), operation, subject: unit, env: { LC_ALL: 'C' } },
    { signal, timeout: QUESTION },
  );
  if (result.exitCode === 0) {
    const state = parseUnitState(result.stdout);
    if (state) return state;
  } else if (result.stderrTail.some((line) => line.includes('not been booted with systemd'))) {
    return null;
  }
  throw failed(operation, unit, result, 'Check with: systemctl status');
}

/** systemd has something to do about it already: at a boot it is about to be started. False where systemd does not say. */
export async function hasJob(unit: string, signal: AbortSignal): Promise<boolean> {
  const { stdout } = await runProcess(
    {
      argv: ['systemctl', 'show', '--property=Job', '--', unit],
      operation: 'ask systemd for',
      subject: unit,
      env: { LC_ALL: 'C' },
    },
    { signal, timeout: QUESTION },
  );
  return parseHasJob(stdout);
}

export const parseHasJob = (stdout: string): boolean => /^Job=[1-9]/m.test(stdout);

/** In the order of `units`: a block for each, divided by empty lines. */
export const mainPidArgs = (units: readonly string[]): [string, ...string[]] => [
  'systemctl',
  'show',
  '--property=Id,MainPID',
  '--',
  ...units,
];

/** By unit; those that run no process now are not in it. */
export function parseMainPids(stdout: string, units: readonly string[]): ReadonlyMap<string, number> {
  const pids = stdout.split('\n\n').map((block) => Number(/^MainPID=(\d+)$/m.exec(block)?.[1] ?? 0));
  return new Map(units.flatMap((unit, index) => (pids[index] ? [[unit, pids[index]] as const] : [])));
}

/** Of services that run; empty where systemd does not run, or does not say. */
export async function mainPids(units: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  if (units.length === 0 || findProgram('systemctl') === null) return new Map();
  const { exitCode, stdout } = await runProcess(
    { argv: mainPidArgs(units), operation: 'ask systemd for', subject: units.join(', '), env: { LC_ALL: 'C' } },
    { signal, timeout: QUESTION },
  );
  return exitCode === 0 ? parseMainPids(stdout, units) : new Map();
}

/** Waits until it has stopped. Throws `tool-failed`. */
export const stopUnit = (unit: string, signal: AbortSignal): Promise<void> => change('stop', unit, signal);

/** Waits until it has started (a oneshot: until it has ended). Throws `tool-failed`. */
export const startUnit = (unit: string, signal: AbortSignal): Promise<void> => change('start', unit, signal);

/** Does not wait for it to start. Throws `tool-failed`. */
export const orderStart = (unit: string, signal: AbortSignal): Promise<void> =>
  change('start', unit, signal, ['--no-block']);

/** What it failed with is forgotten, and how often it was started: else systemd may refuse to start it once more. Throws `tool-failed`. */
export const forgetFailure = (unit: string, signal: AbortSignal): Promise<void> => change('reset-failed', unit, signal);

async function change(
  verb: 'start' | 'stop' | 'reset-failed',
  unit: string,
  signal: AbortSignal,
  options: readonly string[] = [],
): Promise<void> {
  const result = await runProcess(
    { argv: ['systemctl', verb, ...options, '--', unit], operation: verb, subject: unit, env: { LC_ALL: 'C' } },
    { signal, timeout: CHANGE },
  );
  if (result.exitCode === 0) return;
  throw failed(
    verb,
    unit,
    result,
    `See why: systemctl status ${unit}; journalctl -u ${unit} -e. Then: systemctl ${verb} ${unit}`,
  );
}

const failed = (
  operation: string,
  unit: string,
  { exitCode, endedBy, stderrTail }: ProcessResult,
  hint: string,
): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation,
    subject: unit,
    message: stderrTail.at(-1) ?? `systemctl ${endedBy ? `was ended by ${endedBy}` : `exited with ${exitCode}`}`,
    hint,
    retry: 'later',
    tool: { name: 'systemctl', exitCode, stderrTail },
  });
