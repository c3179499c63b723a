// Checks everything that a run needs, side by side, each with a time limit of its own: one dead file server must not keep
// the others from being told. It changes nothing.

import { describeDuration, duration } from '../domain/duration.ts';
import { EXIT } from '../domain/exit-code.ts';
import { formatInstant } from '../domain/instant.ts';
import { untilAborted } from '../lib/abort.ts';
import { asHoldfastError } from '../lib/errors.ts';
import { limitTime } from '../lib/time-limit.ts';
import { type Check, type DoctorInput, type Finding, type Health, problem, problemOf } from './doctor/check.ts';
import { hostChecks } from './doctor/host-checks.ts';
import { mediaChecks } from './doctor/media-check.ts';
import { poolChecks } from './doctor/pool-checks.ts';
import { replicationChecks } from './doctor/replication-checks.ts';
import { repositoryChecks } from './doctor/repository-checks.ts';
import { copyChecks } from './doctor/copy-check.ts';
import { dumpChecks } from './doctor/dump-checks.ts';
import { serverChecks } from './doctor/server-checks.ts';
import { serviceChecks } from './doctor/service-checks.ts';
import { strayChecks } from './doctor/stray-check.ts';
import { timerChecks } from './doctor/timer-check.ts';

export interface CheckResult extends Finding {
  readonly id: string;
  readonly title: string;
}

export interface DoctorReport {
  readonly schemaVersion: 1;
  readonly kind: 'doctor';
  readonly host: string;
  readonly at: string;
  /** 0 all is well, 1 warnings, 2 problems. */
  readonly exitCode: number;
  readonly counts: Readonly<Record<Health, number>>;
  readonly checks: readonly CheckResult[];
}

const DEFAULT_LIMIT = duration(30, 's');

/** All checks of this host. Throws the signal's reason when cancelled. */
export const examine = (input: DoctorInput, signal: AbortSignal): Promise<DoctorReport> =>
  performChecks(
    [
      ...hostChecks(input),
      ...timerChecks(input),
      ...repositoryChecks(input),
      ...mediaChecks(input),
      ...poolChecks(input),
      ...serviceChecks(input),
      ...serverChecks(input),
      ...copyChecks(input),
      ...dumpChecks(input),
      ...replicationChecks(input),
      ...strayChecks(input),
    ],
    input,
    signal,
  );

/** Runs them side by side; the results stand in the order of the checks. */
export async function performChecks(
  checks: readonly Check[],
  input: Pick<DoctorInput, 'config' | 'clock'>,
  signal: AbortSignal,
): Promise<DoctorReport> {
  const results = (await Promise.all(checks.map((check) => perform(check, signal)))).flat();
  const count = (health: Health): number => results.filter((result) => result.health === health).length;
  const counts = { ok: count('ok'), warning: count('warning'), problem: count('problem') };
  return {
    schemaVersion: 1,
    kind: 'doctor',
    host: input.config.host,
    at: formatInstant(input.clock.now()),
    exitCode: counts.problem > 0 ? EXIT.failed : counts.warning > 0 ? EXIT.partial : EXIT.ok,
    counts,
    checks: results,
  };
}

async function perform(check: Check, signal: AbortSignal): Promise<CheckResult[]> {
  const { id, title, limit = DEFAULT_LIMIT } = check;
  const tooLong = new Error('too long'); // never told
  using time = limitTime(limit, () => tooLong);
  const both = AbortSignal.any([signal, time.signal]);
  try {
    return (await untilAborted(check.run(both), both)).map((finding) => ({ id, title, ...finding }));
  } catch (error) {
    signal.throwIfAborted();
    const hung = time.signal.aborted;
    const finding = hung
      ? problem(
          `no answer within ${describeDuration(limit)}`,
          'Something that it looks at hangs: see findmnt, dmesg and the network.',
        )
      : problemOf(asHoldfastError(error, 'check', title));
    return [{ id, title, ...finding }];
  }
}
