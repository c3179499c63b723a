// Months of ordinary life, simulated: whatever the policy and the schedule are, nobody is ever called for nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration, type Duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { decideRetention, type RetentionInput, type RetentionSnapshot } from '../../src/domain/retention.ts';
import { at, policies, policy, rfc3339, snapshot } from './support/snapshots.ts';

interface Life {
  readonly policy: RetentionInput['policy'];
  readonly interval: Duration;
  /** Whether the schedule is understood. */
  readonly known: boolean;
  /** One application after so many runs. */
  readonly applyEvery: number;
  /** Each run comes so much later than it should, in hundredths of the interval. */
  readonly late: readonly number[];
  /** What becomes of one run after the other. */
  readonly outcomes: readonly (boolean | null)[];
}

const lives: fc.Arbitrary<Life> = fc
  .record({
    policy: policies,
    schedule: fc.constantFrom(
      { interval: duration(1, 'h'), runs: [1, 6, 24, 168] },
      { interval: duration(6, 'h'), runs: [1, 4, 28] },
      { interval: duration(1, 'd'), runs: [1, 7, 30] },
      { interval: duration(7, 'd'), runs: [1, 4] },
    ),
    pick: fc.nat(),
    known: fc.boolean(),
    late: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1 }),
    outcomes: fc.array(fc.constantFrom(true, true, true, true, true, false, null), { minLength: 1 }),
  })
  .map(({ schedule: { interval, runs }, pick, ...rest }) => ({
    ...rest,
    interval,
    applyEvery: runs[pick % runs.length] ?? 1,
  }));

/** Each application finds that everything which the one before left is too old by now. */
const MONTHLY_LOOK: Life = {
  policy: policy({ within: duration(21, 'd') }),
  interval: duration(7, 'd'),
  known: false,
  applyEvery: 4,
  late: [0],
  outcomes: [true],
};

/** The refusals of a life, but for that of the first application, which a person confirms. `absence` comes half way. */
function refusalsOf(life: Life, absence = 0): string[] {
  const { interval, known, applyEvery, late, outcomes } = life;
  const applications = 40;
  const refusals: string[] = [];
  let snapshots: RetentionSnapshot[] = [];
  let lastApplication: RetentionInput['lastApplication'] = null;
  for (let run = 0; run < applications * applyEvery; run += 1) {
    const away = run < (applications * applyEvery) / 2 ? 0 : absence;
    const lateness = ((late[run % late.length] ?? 0) * interval) / 100;
    const now = (at('2023-07-01T02:00:00Z') + run * interval + lateness + away) as Instant;
    snapshots.push(snapshot(rfc3339(now, 60), { complete: outcomes[run % outcomes.length] ?? null }));
    if ((run + 1) % applyEvery !== 0) continue;
    const input = {
      service: 'sonarr',
      now,
      policy: life.policy,
      previousPolicy: lastApplication && life.policy,
      snapshots,
      newestVerifiedId: null,
      lastApplication,
      expectedInterval: known ? interval : null,
      held: null,
    };
    const { refusal } = decideRetention({ ...input, confirmed: false });
    if (refusal && refusal.code !== 'first-application') refusals.push(`${run}: ${refusal.message}`);
    const { entries, remember } = decideRetention({ ...input, confirmed: true });
    lastApplication = remember ?? lastApplication;
    const kept = new Set(entries.flatMap(({ id, keep }) => (keep ? [id] : [])));
    snapshots = snapshots.filter(({ id }) => kept.has(id));
  }
  return refusals;
}

test('regular runs, applied as often as they may be, never stop a job', () => {
  fc.assert(
    fc.property(lives, (life) => {
      assert.deepEqual(refusalsOf(life), []);
    }),
    { numRuns: 60, examples: [[MONTHLY_LOOK]] },
  );
});

test('a host that was off for two months goes on where its rules count snapshots', () => {
  fc.assert(
    fc.property(lives, (life) => {
      fc.pre(life.policy.within === null);
      assert.deepEqual(refusalsOf(life, 60 * duration(1, 'd')), []);
    }),
    { numRuns: 40 },
  );
});
