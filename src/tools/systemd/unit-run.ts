// How the run of a unit came out, from what was seen of it. Pure. Only what systemd said of that very invocation counts: the
// word 'success' stands on every unit that has never run.

import { describeExit } from './describe-exit.ts';
import type { UnitRun } from './manager.ts';
import type { Check, UnitDetails } from './unit-details.ts';
import { isGoing, type UnitHistory } from './unit-history.ts';
import type { UnitState } from './unit-state.ts';

type Verdict = Pick<UnitRun, 'end' | 'result' | 'detail'>;

/** `missing`: what it requires and did not get, as far as that is known. */
export function judge(history: UnitHistory, details: UnitDetails, missing: readonly string[] = []): UnitRun {
  const { invocation } = history;
  const verdict = invocation ? ofInvocation(invocation, history, details) : withoutOne(history, details, missing);
  return runOf(verdict, invocation, history.restarts);
}

/** Of a unit that systemd could not load, or must not start. */
export const notLoaded = ({ load }: UnitState, { loadError }: UnitDetails): UnitRun =>
  runOf(failed(load, loadError || `systemd says '${load}' of it`), null, 0);

const runOf = (verdict: Verdict, invocation: UnitState | null, restarts: number): UnitRun => ({
  ...verdict,
  exitStatus: invocation?.exit?.how === 'exited' ? invocation.exit.status : null,
  invocationId: invocation?.invocationId ?? null,
  startedAt: invocation?.startedAt ?? null,
  endedAt: invocation?.endedAt ?? null,
  restarts,
});

const failed = (result: string, detail: string): Verdict => ({ end: 'failed', result, detail });

const UNKNOWN = failed('unknown', 'it ended while systemd could not be heard, and whether it was done is not known');

function ofInvocation(invocation: UnitState, { stopped, unheard }: UnitHistory, details: UnitDetails): Verdict {
  const { result, exit } = invocation;
  const words = exit ? describeExit(exit) : null;
  if (isGoing(invocation)) return UNKNOWN;
  if (stopped) return { end: 'stopped', result, detail: `stopped by somebody${words === null ? '' : `, ${words}`}` };
  if (result === 'success') {
    // systemd takes SIGTERM for a good end of a daemon; of work it is none.
    if (exit && exit.how !== 'exited') return { end: 'stopped', result, detail: words ?? '' };
    if (unheard) return UNKNOWN;
    return { end: 'succeeded', result, detail: words ?? 'done' };
  }
  if (result === 'exec-condition') return { end: 'condition', result, detail: 'its ExecCondition= does not hold' };
  if (result === 'timeout') {
    return { end: 'timed-out', result, detail: 'took longer than its TimeoutStartSec=, RuntimeMaxSec= or TimeoutStopSec=' };
  }
  return failed(result, reason(invocation, details));
}

const TOO_OFTEN = 'not started: it was started too often within its StartLimitIntervalSec=';
const REASONS = new Map([
  ['oom-kill', 'killed because the memory ran out'],
  ['protocol', 'ended, or left its processes, without telling systemd what its Type= demands'],
  ['resources', 'systemd could not start its process'],
  ['watchdog', 'did not tell its watchdog that it lives'],
  ['start-limit-hit', TOO_OFTEN],
]);

/** Its main process may be well, or have never been, when one of the commands around it has failed. */
function reason({ result, exit }: UnitState, { failures: [failure] }: UnitDetails): string {
  const known = REASONS.get(result);
  if (known !== undefined) return known;
  if (exit && (exit.how !== 'exited' || exit.status !== 0)) return describeExit(exit);
  return failure ? `${failure.command} ${describeExit(failure.exit)}` : result;
}

/** Nothing of it ran: its job says why. */
function withoutOne(history: UnitHistory, details: UnitDetails, missing: readonly string[]): Verdict {
  const word = history.awaited ?? 'unknown';
  switch (word) {
    case 'done':
      if (history.now.conditionsHold) return failed('unknown', 'systemd says that it is done, and nothing of it ran');
      return { end: 'condition', result: 'condition', detail: unmet(details.conditions) };
    case 'skipped':
      return { end: 'condition', result: word, detail: 'systemd skipped it' };
    case 'canceled':
      return { end: 'stopped', result: word, detail: 'stopped by somebody before it began' };
    case 'timeout':
      return { end: 'timed-out', result: word, detail: 'did not begin within its JobTimeoutSec=' };
    case 'assert':
      return failed(word, unmet(details.asserts));
    case 'dependency':
      return failed(word, `${missing.length > 0 ? missing.join(', ') : 'something'}, which it requires, failed`);
    case 'failed': // the only thing that systemd looks at before it gives the invocation its id
      return failed('start-limit-hit', TOO_OFTEN);
    case 'unknown':
      return UNKNOWN;
    default:
      return failed(word, `systemd could not start it (${word})`);
  }
}

/** Which one it was is known only as long as the unit is loaded, which it is when it has a timer. */
function unmet(checks: readonly Check[]): string {
  const broken = checks.filter(({ holds, either }) => holds === false && !either);
  if (broken.length > 0) return `${listed(broken)} does not hold`;
  const alternatives = checks.filter(({ holds, either }) => holds === false && either);
  if (alternatives.length > 0) return `none of ${listed(alternatives)} holds`;
  return checks.length === 1
    ? `${listed(checks)} does not hold`
    : `one of ${listed(checks) || 'its conditions'} does not hold`;
}

const listed = (checks: readonly Check[]): string => checks.map(({ text }) => text).join(', ');
