import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import {
  decideRetention,
  type RetentionDecision,
  type RetentionInput,
  type RetentionSnapshot,
} from '../../src/domain/retention.ts';
import { at, policy, rfc3339, snapshot } from './support/snapshots.ts';

const NOW = at('2025-03-01T12:00:00Z');
const DAILY = policy({ daily: 7 });
const HOUR = duration(1, 'h');
const DAY = duration(1, 'd');

const decide = (input: Partial<RetentionInput> & Pick<RetentionInput, 'snapshots'>): RetentionDecision =>
  decideRetention({
    service: 'sonarr',
    now: NOW,
    policy: DAILY,
    previousPolicy: null,
    newestVerifiedId: null,
    lastApplication: null,
    expectedInterval: DAY,
    confirmed: false,
    held: null,
    ...input,
  });
const removedIds = (decision: RetentionDecision): string[] => decision.entries.flatMap(({ id, keep }) => (keep ? [] : [id]));
const reasonsOf = (decision: RetentionDecision, { id }: RetentionSnapshot): readonly string[] =>
  decision.entries.find((entry) => entry.id === id)?.reasons ?? [];
const must = <T>(value: T | undefined | null): T => {
  assert.ok(value !== undefined && value !== null);
  return value;
};

/** One snapshot `every`, the newest an hour before NOW; newest first. */
const series = (
  count: number,
  every: number,
  rest: Partial<RetentionSnapshot> = {},
  newest = NOW - HOUR,
): RetentionSnapshot[] => Array.from({ length: count }, (_, index) => snapshot(rfc3339(newest - index * every, 0), rest));

/** As the engine stores it: what was there when the newest was the given one. */
const appliedAt = (newest: RetentionSnapshot): NonNullable<RetentionInput['lastApplication']> => ({
  at: (newest.time + 60_000) as Instant,
  newestId: newest.id,
});
/** A job in its ordinary course: applied yesterday under the same policy, one new snapshot since. */
const inCourse = (
  snapshots: readonly RetentionSnapshot[],
): Pick<RetentionInput, 'snapshots' | 'previousPolicy' | 'lastApplication'> => ({
  snapshots,
  previousPolicy: DAILY,
  lastApplication: appliedAt(must(snapshots[1])),
});

test('a job in its ordinary course loses the one snapshot that the new one pushes out', () => {
  const snapshots = series(8, DAY);
  const decision = decide(inCourse(snapshots));
  assert.equal(decision.refusal, null);
  assert.deepEqual(removedIds(decision), [must(snapshots[7]).id]);
  assert.deepEqual(decision.removed, { snapshots: 1, bytes: 1000 });
  assert.deepEqual(decision.kept, { snapshots: 7, bytes: 7000 });
  assert.deepEqual(decision.remember, { at: NOW, newestId: must(snapshots[0]).id, acceptedBytes: null });
});

test('years of daily, hourly and weekly runs of a changing size never stop a job', () => {
  for (const [interval, rules, runs] of [
    [DAY, policy({ daily: 7, weekly: 4, monthly: 6 }), 500],
    [HOUR, policy({ last: 3, hourly: 24, daily: 7 }), 600],
    [duration(7, 'd'), policy({ weekly: 8, yearly: 2 }), 150],
  ] as const) {
    let snapshots: RetentionSnapshot[] = [];
    let lastApplication: RetentionInput['lastApplication'] = null;
    for (let run = 0; run < runs; run += 1) {
      const now = (at('2023-01-01T02:00:00Z') + run * interval) as Instant;
      const summer = new Date(now).getUTCMonth() % 9 > 2 ? 120 : 60;
      snapshots.push(snapshot(rfc3339(now, summer), { bytes: 1000 + ((run * 7919) % 600) }));
      const decision: RetentionDecision = decide({
        snapshots,
        now,
        policy: rules,
        previousPolicy: lastApplication && rules,
        lastApplication,
        expectedInterval: interval,
      });
      assert.equal(decision.refusal, null);
      assert.deepEqual(decision.warnings, []);
      lastApplication = must(decision.remember);
      const gone = new Set(removedIds(decision));
      snapshots = snapshots.filter(({ id }) => !gone.has(id));
    }
    assert.ok(snapshots.length < 40);
  }
});

test('the newest complete snapshot stays though no rule keeps it', () => {
  const tagged = series(3, DAY, { tags: ['red'] }, NOW - 3 * DAY);
  const newest = snapshot('2025-03-01T03:00:00Z');
  const decision = decide({ snapshots: [newest, ...tagged], policy: policy({ tags: ['red'] }), confirmed: true });
  assert.deepEqual(reasonsOf(decision, newest), ['newest complete snapshot']);
  assert.deepEqual(removedIds(decision), []);
});

test('the newest verified snapshot stays, confirmed or not', () => {
  const snapshots = series(30, DAY);
  const verified = must(snapshots[29]);
  for (const confirmed of [true, false]) {
    const decision = decide({ snapshots, newestVerifiedId: verified.id, confirmed });
    assert.deepEqual(reasonsOf(decision, verified), ['newest that was restored and compared']);
    assert.ok(!removedIds(decision).includes(verified.id));
  }
});

test('a snapshot dated in the future does not count, stays, and is told', () => {
  const forged = series(7, DAY, {}, NOW + 30 * DAY);
  const real = series(7, DAY);
  const decision = decide({ snapshots: [...forged, ...real], confirmed: true });
  assert.deepEqual(removedIds(decision), []);
  assert.deepEqual(reasonsOf(decision, must(forged[0])), ['dated in the future: not counted']);
  assert.match(must(decision.warnings[0]), /^7 snapshots are dated in the future \(up to 2025-03-31T12:00:00.000Z\)/);
});

test('a few minutes between two clocks are not the future', () => {
  const ahead = snapshot(rfc3339(NOW + 4 * 60_000, 0));
  assert.deepEqual(decide({ snapshots: [ahead] }).warnings, []);
});

test('an incomplete snapshot goes once the rules drop it and a newer complete one exists', () => {
  const [newest, partial, older] = [
    snapshot('2025-03-01T03:00:00Z'),
    snapshot('2025-03-01T02:00:00Z', { complete: false }),
    snapshot('2025-02-28T03:00:00Z'),
  ];
  const decision = decide({ snapshots: [newest, partial, older] });
  assert.deepEqual(removedIds(decision), [partial.id]);
  assert.deepEqual(reasonsOf(decision, partial), ['incomplete, and no rule keeps it']);
});

test('an incomplete snapshot newer than every complete one stays, and takes no place from them', () => {
  const complete = series(7, DAY, {}, NOW - 5 * DAY);
  const partial = series(4, DAY, { complete: false });
  const decision = decide({ snapshots: [...partial, ...complete], confirmed: true });
  assert.deepEqual(removedIds(decision), []);
  assert.deepEqual(reasonsOf(decision, must(partial[0])), ['daily snapshot', 'incomplete, but no newer complete one']);
});

test('a snapshot that no record tells of does not push out the only one that is proven complete', () => {
  const [unknown, proven] = [snapshot('2025-03-01T03:00:00Z', { complete: null }), snapshot('2025-02-28T03:00:00Z')];
  const input = { snapshots: [unknown, proven], policy: policy({ last: 1 }), confirmed: true };
  const decision = decide(input);
  assert.deepEqual(removedIds(decision), []);
  assert.deepEqual(reasonsOf(decision, proven), ['newest complete snapshot', 'last snapshot']);
  const wanted = ['last snapshot', 'perhaps incomplete, but no newer complete one'];
  assert.deepEqual(reasonsOf(decision, unknown), wanted);
  assert.match(
    must(
      decide({
        ...input,
        lastApplication: appliedAt(proven),
        policy: policy({ tags: ['x'] }),
        snapshots: [...series(3, DAY, {}, NOW - 5 * DAY), ...input.snapshots],
      }).hold,
    ),
    /^no new complete/,
  );
});

test('where nothing is on record the rules work as they do in restic, and the newest stays', () => {
  const lost = series(9, DAY, { complete: null });
  assert.deepEqual(
    removedIds(decide({ snapshots: lost, confirmed: true })),
    lost.slice(7).map(({ id }) => id),
  );
  const decision = decide({ snapshots: lost, policy: policy({ tags: ['none'] }), confirmed: true });
  assert.deepEqual(reasonsOf(decision, must(lost[0])), ['newest that may be complete']);
  assert.equal(removedIds(decision).length, 8);
  assert.equal(must(decision.remember).newestId, must(lost[0]).id);
});

test('large copies that no record tells of do not hide that the proven ones have shrunk', () => {
  const [first, ...old] = series(8, DAY);
  const forged = series(3, 60_000, { complete: null }, NOW - 60_000);
  const decision = decide({
    ...inCourse([must(first), ...old]),
    snapshots: [...forged, { ...must(first), bytes: 10 }, ...old],
  });
  assert.equal(decision.refusal?.code, 'shrunk');
});

test('without any complete snapshot nothing goes and nothing is remembered', () => {
  const decision = decide({
    snapshots: series(50, HOUR, { complete: false }),
    policy: policy({ last: 1 }),
    confirmed: true,
  });
  assert.deepEqual(removedIds(decision), []);
  assert.equal(decision.remember, null);
});

test('a job without a new snapshot since its last application loses nothing, and the record of it stays', () => {
  const snapshots = series(30, DAY);
  const decision = decide({
    snapshots,
    policy: policy({ last: 1 }),
    previousPolicy: DAILY,
    lastApplication: appliedAt(must(snapshots[0])),
    confirmed: true,
  });
  assert.deepEqual(removedIds(decision), []);
  assert.equal(decision.refusal, null);
  assert.match(
    must(decision.hold),
    /^no new complete snapshot since the last application at .*; the changed policy is applied after/,
  );
  assert.deepEqual(decision.spared, { snapshots: 29, bytes: 29_000 });
  assert.equal(decision.remember, null);
});

test('a new incomplete snapshot is not the new snapshot that retention waits for', () => {
  const [newest, ...rest] = series(30, DAY);
  const partial = snapshot(rfc3339(NOW, 0), { complete: false });
  const decision = decide({
    snapshots: [partial, must(newest), ...rest],
    lastApplication: appliedAt(must(newest)),
    confirmed: true,
  });
  assert.deepEqual(removedIds(decision), []);
});

test('with the newest snapshot removed by hand the next older one is not new', () => {
  const [newest, ...rest] = series(30, DAY);
  assert.match(
    must(decide({ snapshots: rest, lastApplication: appliedAt(must(newest)) }).hold),
    /^no new complete snapshot/,
  );
});

test('with the clock set back nothing goes until it has caught up', () => {
  const snapshots = series(30, DAY);
  const now = (NOW - 2 * DAY) as Instant;
  const decision = decide({ snapshots, now, lastApplication: appliedAt(must(snapshots[0])), confirmed: true });
  assert.deepEqual(removedIds(decision), []);
  assert.match(must(decision.hold), /^no new complete snapshot/);
});

test('with the clock set back by minutes, what is newer than the application and older than what it knew is not new', () => {
  const known = snapshot(rfc3339(NOW + 6 * 60_000, 0)); // six minutes ahead: does not count any more
  const [between, ...old] = series(9, DAY, {}, NOW);
  const decision = decide({
    snapshots: [known, must(between), ...old],
    previousPolicy: DAILY,
    lastApplication: { at: (NOW - 60_000) as Instant, newestId: known.id },
  });
  assert.match(must(decision.hold), /^no new complete snapshot/);
  assert.deepEqual(removedIds(decision), []);
});

test('a changed policy that drops more than half stops the job until a person confirms', () => {
  const snapshots = series(7, DAY);
  const input = { ...inCourse(snapshots), policy: policy({ daily: 3 }) };
  const stopped = decide(input);
  assert.equal(stopped.refusal?.code, 'policy-changed');
  assert.equal(stopped.refusal.message, 'the policy was changed, and 4 of 7 snapshots would go');
  assert.match(stopped.refusal.hint, /holdfast retention apply sonarr --confirm sonarr/);
  assert.deepEqual(removedIds(stopped), []);
  assert.deepEqual(stopped.spared, { snapshots: 4, bytes: 4000 });
  assert.equal(stopped.remember, null);

  const confirmed = decide({ ...input, confirmed: true });
  assert.equal(confirmed.refusal, null);
  assert.equal(removedIds(confirmed).length, 4);
});

test('a changed policy that drops half or less goes through', () => {
  const decision = decide({ ...inCourse(series(8, DAY)), policy: policy({ daily: 4 }) });
  assert.equal(decision.refusal, null);
  assert.equal(removedIds(decision).length, 4);
});

test('the same policy written in another order is not a change', () => {
  const snapshots = [...series(2, HOUR), ...series(5, HOUR, {}, NOW - 3 * HOUR)];
  const decision = decide({
    snapshots,
    policy: policy({ last: 1, tags: ['a', 'b'] }),
    previousPolicy: policy({ last: 1, tags: ['b', 'a'] }),
    lastApplication: appliedAt(must(snapshots[1])),
    confirmed: false,
  });
  assert.notEqual(decision.refusal?.code, 'policy-changed');
});

test('a first application stops where more than half of an imported history would go', () => {
  const imported = series(300, DAY, { complete: null });
  const gfs = policy({ daily: 7, weekly: 4, monthly: 12 });
  const stopped = decide({ snapshots: imported, policy: gfs });
  assert.equal(stopped.refusal?.code, 'first-application');
  assert.match(stopped.refusal.message, /^the policy is applied for the first time, and 28\d of 300 snapshots would go$/);
  assert.ok(removedIds(decide({ snapshots: imported, policy: gfs, confirmed: true })).length > 280);
  assert.equal(decide({ snapshots: imported, policy: policy({ daily: 150 }) }).refusal, null);
  assert.equal(decide({ snapshots: series(4, DAY, { complete: null }), policy: policy({ last: 1 }) }).refusal, null);
});

test('a first application thins out what was made here, and stops where it would cut most of it off', () => {
  const made = series(24, HOUR);
  const decision = decide({ snapshots: made, policy: policy({ daily: 7, weekly: 4 }) });
  assert.equal(decision.refusal, null);
  assert.equal(removedIds(decision).length, 21);
  assert.equal(decide({ snapshots: made, policy: policy({ last: 11 }) }).refusal?.code, 'first-application');
  assert.equal(decide({ snapshots: made, policy: policy({ last: 12 }) }).refusal, null);
});

/** Applied a while ago to `earlier`; now one new snapshot, `gap` after the newest of them. */
const afterGap = (
  earlier: readonly RetentionSnapshot[],
  gap: number,
  rules: RetentionInput['policy'],
): RetentionDecision => {
  const back = snapshot(rfc3339(must(earlier[0]).time + gap, 0));
  return decide({
    snapshots: [back, ...earlier],
    now: back.time,
    policy: rules,
    previousPolicy: rules,
    lastApplication: appliedAt(must(earlier[0])),
  });
};

test('a clock that was set forward does not empty a history that is kept by its age', () => {
  const rules = policy({ within: duration(14, 'd') });
  const stopped = afterGap(series(13, DAY), 365 * DAY, rules);
  assert.equal(stopped.refusal?.code, 'clock-jumped');
  assert.match(
    stopped.refusal.message,
    /^13 of 13 earlier snapshots would go at once, after 365d without any: was the clock/,
  );
  assert.deepEqual(removedIds(stopped), []);
  assert.equal(afterGap(series(13, DAY), 9 * DAY, rules).refusal?.code, 'clock-jumped');
  assert.equal(afterGap(series(13, DAY), 3 * DAY, rules).refusal, null);
});

test('it does not cut off the half that is kept by its age either, where other rules keep the other half', () => {
  const rules = policy({ within: duration(14, 'd'), monthly: 36 });
  const monthly = series(24, 31 * DAY, {}, NOW - 20 * DAY);
  const stopped = afterGap([...series(13, DAY), ...monthly], 300 * DAY, rules);
  assert.equal(stopped.refusal?.code, 'clock-jumped');
  assert.match(stopped.refusal.message, /^1\d of 37 earlier/);
});

/** One day after the other: `a` and `b` for a snapshot of their own directory, `c` for one of both. */
const alternating = (order: string): RetentionSnapshot[] =>
  [...order].map((kind, index) => {
    const paths = { a: ['/srv/a'], b: ['/srv/ab'], c: ['/srv/ab', '/srv/a/deeper'] }[kind] ?? [];
    return snapshot(rfc3339(NOW - HOUR - index * DAY, 0), { paths });
  });

test('two machines under one host name do not push out the snapshots of each other', () => {
  const rules = policy({ daily: 3 });
  const newest = (order: string, known: number): RetentionDecision => {
    const snapshots = alternating(order);
    const lastApplication = known === 0 ? null : appliedAt(must(snapshots[known]));
    return decide({ snapshots, policy: rules, previousPolicy: lastApplication && rules, lastApplication });
  };
  for (const [order, known] of [
    ['abab', 0],
    ['abab', 2],
    ['aabbba', 3],
    ['bcab', 0],
  ] as const) {
    const { refusal } = newest(order, known);
    assert.equal(refusal?.code, 'two-machines', `${order}, ${known}`);
  }
  assert.match(
    newest('abab', 2).refusal?.message ?? '',
    /^snapshots of \/srv\/a and of \/srv\/ab take turns: do two machines share this host name$/,
  );
  // Changed once, changed and changed back while each was applied, one inside of the other: that is one machine.
  for (const [order, known] of [
    ['aabb', 0],
    ['aabb', 2],
    ['aaba', 1],
    ['caca', 0],
    ['cbcb', 2],
  ] as const)
    assert.equal(newest(order, known).refusal, null, `${order}, ${known}`);
});

test('incomplete snapshots, which may lack any path, are not taken for those of another machine', () => {
  const snapshots = alternating('abab').map((each, index) => (index % 2 === 1 ? { ...each, complete: false } : each));
  assert.equal(decide({ snapshots, policy: policy({ daily: 2 }) }).refusal, null);
});

test('a flood of new snapshots stops the job', () => {
  const old = series(7, DAY, {}, NOW - DAY);
  const flood = series(40, 60_000);
  const decision = decide({
    snapshots: [...flood, ...old],
    previousPolicy: DAILY,
    lastApplication: appliedAt(must(old[0])),
  });
  assert.equal(decision.refusal?.code, 'too-many-new');
  assert.match(
    decision.refusal.message,
    /^40 new snapshots since the last application at 2025-02-28T12:01:00.000Z, where a run every 1d explains 2$/,
  );
  assert.deepEqual(removedIds(decision), []);
});

test('a handful of runs by hand does not stop a job that keeps its history', () => {
  const old = series(7, DAY, {}, NOW - DAY);
  const decision = decide({
    snapshots: [...series(9, 60_000), ...old],
    previousPolicy: DAILY,
    lastApplication: appliedAt(must(old[0])),
  });
  assert.equal(decision.refusal, null);
  assert.equal(removedIds(decision).length, 9);
});

test('the same handful stops it where the newest few are all that is kept', () => {
  const rules = policy({ last: 7 });
  const old = series(7, DAY, {}, NOW - DAY);
  const decision = decide({
    snapshots: [...series(7, 60_000), ...old],
    policy: rules,
    previousPolicy: rules,
    lastApplication: appliedAt(must(old[0])),
  });
  assert.equal(decision.refusal?.code, 'too-many-new');
});

test('up to three times what the schedule asks for since the last application is explained by it', () => {
  const old = series(24, HOUR, {}, NOW - 30 * DAY);
  const rules = policy({ hourly: 24 });
  const decision = decide({
    snapshots: [...series(700, HOUR), ...old],
    policy: rules,
    previousPolicy: rules,
    lastApplication: appliedAt(must(old[0])),
    expectedInterval: duration(2, 'h'),
  });
  assert.equal(decision.refusal, null);
});

test('snapshots added under old dates, which would displace the real ones, stop the job', () => {
  const real = series(8, DAY);
  const forged = series(6, DAY, {}, NOW - DAY + HOUR);
  const decision = decide({ ...inCourse(real), snapshots: [...real, ...forged] });
  assert.equal(decision.refusal?.code, 'too-many-new');
  assert.match(decision.refusal.message, /under a date before it/);
  assert.deepEqual(removedIds(decision), []);
});

test('a verified snapshot that no rule keeps any more is not taken for one that was added under an old date', () => {
  const real = series(8, DAY);
  const [verified, ...forged] = series(4, DAY, {}, NOW - DAY - 2 * HOUR);
  const input = inCourse([...real, must(verified), ...forged]);
  const lastApplication = appliedAt(must(real[1]));
  assert.equal(decide({ ...input, lastApplication, newestVerifiedId: must(verified).id }).refusal, null);
  assert.equal(decide({ ...input, lastApplication }).refusal?.code, 'too-many-new');
});

test('ten runs by hand beyond the schedule are ordinary, eleven are not', () => {
  const old = series(7, DAY, {}, NOW - DAY);
  const after = (runs: number): RetentionDecision =>
    decide({
      snapshots: [...series(runs, 60_000), ...old],
      previousPolicy: DAILY,
      lastApplication: appliedAt(must(old[0])),
    });
  assert.equal(after(10).refusal, null);
  assert.equal(after(11).refusal?.code, 'too-many-new');
});

test('one odd run among three does not stop a job', () => {
  const old = series(7, DAY, {}, NOW - 3 * DAY);
  const sized = (...sizes: readonly number[]): RetentionDecision => {
    const recent = series(3, DAY).map((each, index) => ({ ...each, bytes: sizes[index] ?? null }));
    return decide({ snapshots: [...recent, ...old], previousPolicy: DAILY, lastApplication: appliedAt(must(old[0])) });
  };
  assert.equal(sized(10, 980, 1000).refusal, null);
  assert.equal(sized(10, 10, 1000).refusal?.code, 'shrunk');
});

test('new copies less than half the size of those they push out stop the job', () => {
  const [first, ...old] = series(8, DAY);
  const small = { ...must(first), bytes: 499 };
  const decision = decide(inCourse([small, ...old]));
  assert.equal(decision.refusal?.code, 'shrunk');
  assert.match(decision.refusal.message, /the newest copies hold 499 B, those that would go 1000 B/);
  assert.deepEqual(removedIds(decision), []);
  assert.equal(decide(inCourse([{ ...small, bytes: 500 }, ...old])).refusal, null);
});

test('a service that became empty does not push out its full copies, not even at the first application', () => {
  const decision = decide({ snapshots: [...series(3, DAY, { bytes: 0 }), ...series(20, DAY, {}, NOW - 5 * DAY)] });
  assert.equal(decision.refusal?.code, 'shrunk');
});

test('empty copies do not hide among themselves', () => {
  const old = series(7, DAY, {}, NOW - 7 * DAY);
  const empty = series(7, DAY, { bytes: 0 });
  const spread = empty.flatMap((one) => [one, snapshot(rfc3339(one.time - HOUR, 0), { bytes: 0 })]);
  const decision = decide({
    snapshots: [...spread, ...old],
    previousPolicy: DAILY,
    lastApplication: appliedAt(must(old[0])),
  });
  assert.equal(decision.refusal?.code, 'shrunk');
});

test('a shrink that was confirmed does not stop the job again while the larger copies go, but a further one does', () => {
  const old = series(7, DAY, {}, NOW - DAY);
  const day = (index: number, bytes: number): RetentionSnapshot => snapshot(rfc3339(NOW - HOUR + index * DAY, 0), { bytes });
  const step = (
    snapshots: readonly RetentionSnapshot[],
    index: number,
    lastApplication: RetentionInput['lastApplication'],
    confirmed = false,
  ): RetentionDecision =>
    decide({ snapshots, now: (NOW + index * DAY) as Instant, previousPolicy: DAILY, lastApplication, confirmed });

  const first = [day(0, 100), ...old];
  const confirmed = step(first, 0, appliedAt(must(old[0])), true);
  assert.equal(must(confirmed.remember).acceptedBytes, 100);
  const second = [day(1, 90), ...first.slice(0, -1)];
  const next = step(second, 1, confirmed.remember);
  assert.equal(next.refusal, null);
  assert.equal(removedIds(next).length, 1);
  assert.equal(must(next.remember).acceptedBytes, 100);
  assert.equal(step([day(2, 10), ...second.slice(0, -1)], 2, next.remember).refusal?.code, 'shrunk');
});

test('a shrink that was confirmed is forgotten once the service has grown to more than double of it', () => {
  const remembered = (bytes: number): number | null => {
    const [first, ...old] = series(8, DAY, { bytes: 250 });
    const input = inCourse([{ ...must(first), bytes }, ...old]);
    const decision = decide({ ...input, lastApplication: { ...appliedAt(must(old[0])), acceptedBytes: 100 } });
    return must(decision.remember).acceptedBytes;
  };
  assert.equal(remembered(200), 100);
  assert.equal(remembered(201), null);
});

test('several smells are told together, the most alarming first', () => {
  const old = series(7, DAY, {}, NOW - DAY);
  const decision = decide({
    snapshots: [...series(40, 60_000, { bytes: 1 }), ...old],
    policy: policy({ last: 2 }),
    previousPolicy: DAILY,
    lastApplication: appliedAt(must(old[0])),
  });
  assert.equal(decision.refusal?.code, 'shrunk');
  assert.match(decision.refusal.message, /newest copies.*; 40 new snapshots.*; the policy was changed/);
});

test('a policy without any rule removes nothing and says so', () => {
  const decision = decide({ snapshots: series(5, DAY), policy: policy({}), confirmed: true });
  assert.deepEqual(removedIds(decision), []);
  assert.deepEqual(decision.warnings, ['the policy has no rule: everything stays']);
  assert.equal(decision.remember, null, 'the first policy that has a rule would be taken for a change');
});

test('no snapshots are no decision', () => {
  const decision = decide({ snapshots: [] });
  assert.deepEqual(
    [decision.entries, decision.refusal, decision.hold, decision.warnings, decision.remember],
    [[], null, null, [], null],
  );
});

test('of a service that is held nothing goes, confirmed or not', () => {
  for (const confirmed of [true, false]) {
    const input = { snapshots: series(20, DAY), policy: policy({ last: 1 }), confirmed };
    assert.ok(removedIds(decide(input)).length > 0 || !confirmed);
    const decision = decide({ ...input, held: 'it was started empty' });
    assert.deepEqual([removedIds(decision), decision.hold, decision.remember], [[], 'it was started empty', null]);
  }
});
