import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { applyPolicy, decideRetention, type RetentionInput, type RetentionSnapshot } from '../../src/domain/retention.ts';
import { at, policies, snapshotSets } from './support/snapshots.ts';

const NOW = at('2025-03-01T12:00:00Z');
const LIMIT = NOW + 5 * 60_000;
/** Some of the snapshots are dated after NOW. */
const sets = snapshotSets({ from: '2024-01-01T00:00:00Z', to: '2025-03-02T12:00:00Z' });

/** Anything that may be asked: verified or not, applied before or not, confirmed or not. */
const inputs: fc.Arbitrary<RetentionInput> = fc
  .record({
    snapshots: sets,
    policy: policies,
    previous: fc.option(policies),
    samePolicy: fc.boolean(),
    verified: fc.option(fc.nat()),
    applied: fc.option(fc.record({ newest: fc.nat(), minutesAgo: fc.integer({ min: -10_000, max: 600_000 }) })),
    hours: fc.option(fc.integer({ min: 1, max: 1000 })),
    confirmed: fc.boolean(),
  })
  .map(({ snapshots, policy, previous, samePolicy, verified, applied, hours, confirmed }) => {
    const pick = (index: number | null | undefined): string | null =>
      index === null || index === undefined ? null : (snapshots[index % Math.max(1, snapshots.length)]?.id ?? null);
    return {
      service: 'sonarr',
      now: NOW,
      policy,
      previousPolicy: samePolicy ? policy : previous,
      snapshots,
      newestVerifiedId: pick(verified),
      lastApplication: applied && { at: (NOW - applied.minutesAgo * 60_000) as Instant, newestId: pick(applied.newest) },
      expectedInterval: hours === null ? null : duration(hours, 'h'),
      confirmed,
      held: null,
    };
  });

const keptIds = (input: RetentionInput): Set<string> =>
  new Set(decideRetention(input).entries.flatMap(({ id, keep }) => (keep ? [id] : [])));
const counted = ({ snapshots }: RetentionInput): RetentionSnapshot[] => snapshots.filter(({ time }) => time <= LIMIT);
const byId = (snapshots: readonly RetentionSnapshot[]): RetentionSnapshot[] =>
  snapshots.toSorted((a, b) => (a.id < b.id ? -1 : 1));
const runs = { numRuns: 500 };

test('the newest complete, the verified and the future snapshots are never removed', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const kept = keptIds(input);
      const complete = counted(input).filter((snapshot) => snapshot.complete === true);
      const newest = Math.max(...complete.map(({ time }) => time));
      if (complete.length > 0) assert.ok(complete.some(({ id, time }) => time === newest && kept.has(id)));
      if (input.newestVerifiedId !== null) assert.ok(kept.has(input.newestVerifiedId));
      for (const { id, time } of input.snapshots) assert.ok(time <= LIMIT || kept.has(id));
    }),
    runs,
  );
});

test('everything that restic would keep stays', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const kept = keptIds(input);
      for (const { snapshot, keep } of applyPolicy(byId(counted(input)), input.policy))
        assert.ok(!keep || kept.has(snapshot.id));
    }),
    runs,
  );
});

for (const [complete, kind] of [
  [true, 'complete snapshots'],
  [null, 'snapshots that no record tells of'],
] as const) {
  test(`of ${kind} exactly what restic would keep stays, and the newest`, () => {
    const past = snapshotSets({ from: '2024-01-01T00:00:00Z', to: '2025-03-01T12:00:00Z', complete });
    fc.assert(
      fc.property(inputs, past, (input, snapshots) => {
        const results = applyPolicy(byId(snapshots), input.policy);
        const expected = new Set(results.flatMap(({ snapshot, keep }, index) => (keep || index === 0 ? [snapshot.id] : [])));
        assert.deepEqual(
          keptIds({ ...input, snapshots, newestVerifiedId: null, lastApplication: null, confirmed: true }),
          expected,
        );
      }),
      runs,
    );
  });
}

test('deciding again after the removal removes nothing, recorded or not', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const decision = decideRetention(input);
      const kept = keptIds(input);
      const snapshots = input.snapshots.filter(({ id }) => kept.has(id));
      const again = decideRetention({ ...input, snapshots });
      assert.equal(again.removed.snapshots, 0);
      if (decision.remember === null) return;
      const next = decideRetention({
        ...input,
        snapshots,
        previousPolicy: input.policy,
        lastApplication: decision.remember,
      });
      assert.equal(next.removed.snapshots, 0);
      assert.equal(next.refusal, null);
    }),
    runs,
  );
});

test('a job without a new complete snapshot loses nothing whatever else changed', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const complete = counted(input).filter((snapshot) => snapshot.complete === true);
      const newest = byId(complete).reduce<RetentionSnapshot | null>(
        (best, one) => (best && Date.parse(best.timeText) >= Date.parse(one.timeText) ? best : one),
        null,
      );
      // Within one millisecond the nanoseconds decide; sets without such a tie are enough here.
      fc.pre(newest !== null && complete.filter(({ time }) => time === newest.time).length === 1);
      const decision = decideRetention({ ...input, lastApplication: { at: NOW, newestId: newest?.id ?? null } });
      assert.equal(decision.removed.snapshots, 0);
      assert.equal(decision.refusal, null);
    }),
    runs,
  );
});

test('no snapshot takes the place of one that is better proven', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const confirmed = { ...input, lastApplication: null, confirmed: true };
      const kept = keptIds(confirmed);
      for (const trusted of [[true], [true, null]]) {
        const alone = input.snapshots.filter(({ complete }) => trusted.includes(complete));
        for (const { snapshot, keep } of applyPolicy(byId(counted({ ...input, snapshots: alone })), input.policy))
          assert.ok(!keep || kept.has(snapshot.id));
      }
    }),
    runs,
  );
});

test('nothing that is newer than the newest proven complete snapshot goes', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const kept = keptIds(input);
      const newest = Math.max(...counted(input).map(({ time, complete }) => (complete ? time : -Infinity)));
      for (const { id, time } of counted(input)) assert.ok(newest === -Infinity || time <= newest || kept.has(id));
    }),
    runs,
  );
});

test('a refusal removes nothing, and a confirmation leaves none', () => {
  let refused = 0;
  fc.assert(
    fc.property(inputs, (input) => {
      const decision = decideRetention({ ...input, confirmed: false });
      if (decision.refusal !== null) {
        refused += 1;
        assert.equal(decision.removed.snapshots, 0);
        assert.ok(decision.spared.snapshots > 0);
        assert.equal(decision.remember, null);
      }
      assert.equal(decideRetention({ ...input, confirmed: true }).refusal, null);
    }),
    runs,
  );
  assert.ok(refused > 0, 'no input was refused: the property proved nothing');
});

test('the order in which snapshots are listed changes nothing', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      assert.deepEqual(decideRetention({ ...input, snapshots: input.snapshots.toReversed() }), decideRetention(input));
    }),
    runs,
  );
});

test('the answer is one entry for each snapshot, newest first, with a reason, and the tallies add up', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { entries, kept, removed } = decideRetention(input);
      assert.deepEqual(entries.map(({ id }) => id).toSorted(), input.snapshots.map(({ id }) => id).toSorted());
      for (const [index, entry] of entries.entries()) {
        assert.ok(entry.time <= (entries[index - 1]?.time ?? Infinity));
        assert.ok(entry.reasons.length > 0);
      }
      assert.equal(kept.snapshots + removed.snapshots, input.snapshots.length);
    }),
    runs,
  );
});
