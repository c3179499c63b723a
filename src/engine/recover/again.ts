// Trying again by itself what a failed recovery keeps from starting: what the timer asks for that is started with each recovery,
// and ends when it went well. The unit's own start recovers; here it is only decided whether it is time for that.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { formatInstant, type Instant, parseInstant } from '../../domain/instant.ts';
import { stepId, unitNames } from '../../domain/naming.ts';
import type { Plan, StepContext } from '../../domain/plan.ts';
import { decideAgain, type FailedAttempt } from '../../domain/recovery-again.ts';
import type { StepReport } from '../../domain/report.ts';
import type { Journal } from '../../journal/journal.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { hasJob, isRunning, orderStart, stopUnit, unitState } from '../../tools/systemd/systemctl.ts';

/** `end`: the timer is not needed any more. */
export type Turn =
  | { readonly kind: 'start' | 'end'; readonly unit: string; readonly reason: string }
  | { readonly kind: 'wait'; readonly reason: string };

/** Throws `usage` for a service without a unit, `unsupported` where systemd does not run. */
export async function turnOf(
  { name, unit }: ServiceConfig,
  journal: Pick<Journal, 'runs'>,
  now: Instant,
  signal: AbortSignal,
): Promise<Turn> {
  if (unit === null) throw cannot(name, 'usage', 'it has no unit', `Say which one it is: services.${name}.unit`);
  const [state, recovery] = await Promise.all([unitState(unit, signal), unitState(unitNames.recover(name), signal)]);
  if (state === null || recovery === null)
    throw cannot(name, 'unsupported', 'systemd does not run here', `holdfast recover ${name}`);
  if (await hasJob(unit, signal)) return { kind: 'wait', reason: `${unit} is about to start, or to stop` };
  if (isRunning(state)) return { kind: 'end', unit, reason: `${unit} runs` };
  if (isRunning(recovery)) return { kind: 'wait', reason: 'it is being recovered' };
  if (recovery.active !== 'failed') return { kind: 'end', unit, reason: 'its recovery has not failed' };
  const again = decideAgain(failedAttempts(name, journal), now);
  switch (again.kind) {
    case 'now':
      return { kind: 'start', unit, reason: 'what was wrong may have passed' };
    case 'wait':
      return { kind: 'wait', reason: `it is tried again after ${formatInstant(again.until)}` };
    case 'person':
      return { kind: 'end', unit, reason: 'it needs somebody: see holdfast status, and systemctl status' };
    default:
      return again satisfies never;
  }
}

/** As many as there may have to be for the longest wait. */
const ATTEMPTS = 8;
/** Among which they are looked for. */
const RUNS = 100;

/** Since it last went well, newest first. */
function failedAttempts(service: string, journal: Pick<Journal, 'runs'>): FailedAttempt[] {
  const id = stepId.recover(service);
  const ended = journal
    .runs({ service, limit: RUNS })
    .flatMap(({ steps }) => steps.filter((step) => step.id === id && step.endedAt !== null));
  const well = ended.findIndex(({ outcome }) => outcome === 'succeeded' || outcome === 'skipped');
  return ended.slice(0, well === -1 ? ATTEMPTS : well).flatMap(attemptOf);
}

/** One that was interrupted, or was in time for nothing, has no error that says more. */
function attemptOf({ endedAt, error }: StepReport): FailedAttempt[] {
  const at = parseInstant(endedAt ?? '');
  return at === null ? [] : [{ endedAt: at, mayPass: error?.retry !== 'never' }];
}

/** What is done about it. */
export const planTurn = ({ host }: Configuration, { name }: ServiceConfig, turn: Exclude<Turn, { kind: 'wait' }>): Plan => ({
  kind: 'recover-again',
  host,
  limits: {},
  steps: [
    {
      id: stepId.recoverAgain(name),
      title: turn.kind === 'start' ? `Start ${turn.unit} again` : `Stop trying to start ${turn.unit}`,
      service: name,
      weight: 'counted',
      run: async (context) => {
        await act(name, turn, context);
        return { outcome: 'succeeded', result: { service: name, action: turn.kind, reason: turn.reason } };
      },
    },
  ],
});

/** The start is waited for by nobody: it brings the data back first, which may take hours. */
const act = async (
  service: string,
  { kind, unit }: Exclude<Turn, { kind: 'wait' }>,
  { signal }: StepContext,
): Promise<void> => (kind === 'start' ? await orderStart(unit, signal) : await stopUnit(unitNames.again(service), signal));

const cannot = (subject: string, code: 'usage' | 'unsupported', message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'try again to recover', subject, message, hint });
