import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { duration, type Duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { OUTCOMES, type Outcome } from '../../src/domain/outcome.ts';
import { type Owed, PROTECTION_VERDICTS, protectionOf } from '../../src/domain/protection.ts';
import type { RepositoryEvidence } from '../../src/domain/standing.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z') as Instant;
const hoursAgo = (hours: number): Instant => (NOW - hours * 3_600_000) as Instant;

const STANDARD: Owed = {
  rto: duration(4, 'h'),
  rpo: duration(26, 'h'),
  offsiteRpo: duration(50, 'h'),
  copies: 3,
  media: 2,
  offsite: 1,
  verifiedWithin: duration(32, 'd'),
  drilledWithin: duration(32, 'd'),
};
const NOTHING_OWED: Owed = {
  rto: null,
  rpo: null,
  offsiteRpo: null,
  copies: 0,
  media: 0,
  offsite: 0,
  verifiedWithin: null,
  drilledWithin: null,
};

const drill = (hours: number, rto: Duration | null = null): RepositoryEvidence['drill'] => ({
  at: hoursAgo(hours),
  rto,
  extrapolated: false,
});

const nas = (parts: Partial<RepositoryEvidence> = {}): RepositoryEvidence => ({
  repository: 'nas',
  location: 'onsite',
  medium: 'nas',
  newestComplete: hoursAgo(2),
  lastAttempt: { outcome: 'succeeded', at: hoursAgo(2) },
  verifiedAt: hoursAgo(24),
  damage: null,
  drill: drill(24, duration(1, 'm')),
  failedDrill: null,
  unansweredAt: null,
  ...parts,
});
const far = (parts: Partial<RepositoryEvidence> = {}): RepositoryEvidence =>
  nas({ repository: 'far', location: 'offsite', medium: 'object-store', ...parts });

describe('protection', () => {
  test('is protected when copies, media, offsite, ages, verification and drill are all proven', () => {
    const protection = protectionOf(STANDARD, [nas(), far()], NOW);
    assert.equal(protection.verdict, 'protected');
    assert.deepEqual(protection.missing, []);
    assert.deepEqual(protection.copies, { have: 3, owed: 3 });
    assert.deepEqual(protection.offsite, { have: 1, owed: 1 });
  });

  test('is unprotected without a single complete copy, and says all that is missing', () => {
    const none = { newestComplete: null, lastAttempt: null, verifiedAt: null, drill: null };
    const protection = protectionOf(STANDARD, [nas(none), far(none)], NOW);
    assert.equal(protection.verdict, 'unprotected');
    assert.deepEqual(protection.missing, [
      '1 of 3 copies',
      '1 of 2 media',
      'no offsite copy',
      'no complete copy in nas',
      'no complete copy in far',
    ]);
    assert.deepEqual(protection.unproven, ['never verified', 'never drilled', 'recovery time never measured']);
    assert.equal(protectionOf(STANDARD, [], NOW).verdict, 'unprotected');
  });

  test('measures offsite copies against the offsite RPO, and the others against theirs', () => {
    const protection = protectionOf(
      STANDARD,
      [nas({ newestComplete: hoursAgo(30) }), far({ newestComplete: hoursAgo(30) })],
      NOW,
    );
    assert.deepEqual(
      protection.repositories.map(({ standing }) => standing),
      ['stale', 'fresh'],
    );
    assert.equal(protection.verdict, 'at-risk');
    assert.ok(protection.missing.includes('nas: 30h old, owed within 26h'), protection.missing.join('; '));
  });

  test('never takes a copy dated in the future for a fresh one, and asks about the clock', () => {
    const ahead = (NOW + 1) as Instant;
    const protection = protectionOf(STANDARD, [nas({ newestComplete: ahead }), far()], NOW);
    assert.equal(protection.repositories[0]?.standing, 'future');
    assert.equal(protection.repositories[0]?.age, null);
    assert.equal(protection.verdict, 'at-risk');
    assert.match(protection.missing.join('; '), /dated in the future: was the clock set back/);
    assert.deepEqual(protectionOf(STANDARD, [nas({ verifiedAt: ahead }), far({ verifiedAt: null })], NOW).unproven, [
      'never verified',
    ]);
    const drilledAhead = { drill: { at: ahead, rto: duration(1, 'm'), extrapolated: false } };
    assert.deepEqual(protectionOf(STANDARD, [nas(drilledAhead), far(drilledAhead)], NOW).unproven, [
      'never drilled',
      'recovery time never measured',
    ]);
  });

  test('is at risk when the last run did not go well although the copies are fresh', () => {
    for (const outcome of ['failed', 'timed-out', 'blocked', 'partial'] as const) {
      const protection = protectionOf(STANDARD, [nas({ lastAttempt: { outcome, at: hoursAgo(1) } }), far()], NOW);
      assert.equal(protection.verdict, 'at-risk', outcome);
      assert.deepEqual(protection.missing, [`last run to nas: ${outcome} 60m ago`]);
      assert.equal(protection.repositories[0]?.failing, outcome !== 'partial');
    }
  });

  test('does not take an interrupted run, or a failure before the newest copy, for failing', () => {
    const interrupted = nas({ lastAttempt: { outcome: 'interrupted', at: hoursAgo(1) } });
    const before = nas({ lastAttempt: { outcome: 'failed', at: hoursAgo(3) } });
    assert.equal(protectionOf(STANDARD, [interrupted, far()], NOW).verdict, 'protected');
    assert.equal(protectionOf(STANDARD, [before, far()], NOW).verdict, 'protected');
  });

  test('counts two repositories on one medium once: they are lost together', () => {
    const protection = protectionOf(STANDARD, [nas(), nas({ repository: 'nas-2' }), far()], NOW);
    assert.deepEqual(protection.copies, { have: 3, owed: 3 });
    assert.equal(protectionOf(STANDARD, [nas(), nas({ repository: 'nas-2' })], NOW).copies.have, 2);
  });

  test('sees no second medium in a repository on the disk of the live data', () => {
    assert.deepEqual(protectionOf(STANDARD, [nas({ medium: 'disk' })], NOW).media, { have: 1, owed: 2 });
    assert.deepEqual(protectionOf(STANDARD, [nas()], NOW).media, { have: 2, owed: 2 });
  });

  test('is at risk when a drill that is owed was never made or is too long ago', () => {
    const never = protectionOf(STANDARD, [nas({ drill: null }), far({ drill: null })], NOW);
    assert.equal(never.verdict, 'at-risk');
    assert.deepEqual(never.missing, []);
    assert.deepEqual(never.unproven, ['never drilled', 'recovery time never measured']);
    const old = protectionOf(STANDARD, [nas({ drill: drill(960, duration(1, 'm')) }), far({ drill: null })], NOW);
    assert.deepEqual(old.unproven, ['last drilled 40d ago, owed within 32d']);
  });

  test('wants each repository verified, because one that is sound proves nothing about another', () => {
    const one = protectionOf(STANDARD, [nas(), far({ verifiedAt: hoursAgo(960) })], NOW);
    assert.equal(one.verdict, 'at-risk');
    assert.deepEqual(one.unproven, ['far: last verified 40d ago, owed within 32d']);
  });

  test('counts no copy that cannot be read whole, and takes a service with no other for unprotected', () => {
    const broken = { since: hoursAgo(5), newest: true };
    const one = protectionOf(STANDARD, [nas({ damage: broken }), far()], NOW);
    assert.deepEqual([one.verdict, one.copies.have, one.repositories[0]?.standing], ['at-risk', 2, 'damaged']);
    assert.ok(
      one.missing.includes('nas is damaged: the newest copy cannot be read whole (found 5h ago)'),
      one.missing.join(),
    );
    assert.equal(protectionOf(STANDARD, [nas({ damage: broken }), far({ damage: broken })], NOW).verdict, 'unprotected');
    const old = protectionOf(STANDARD, [nas({ damage: { ...broken, newest: false } }), far()], NOW);
    assert.deepEqual([old.verdict, old.copies.have], ['at-risk', 3]);
  });

  test('measures the fastest way back against the promised time, and says when it was only extrapolated', () => {
    const slow = { at: hoursAgo(24), rto: duration(6, 'h'), extrapolated: true };
    const one = protectionOf(STANDARD, [nas({ drill: slow }), far()], NOW);
    assert.deepEqual([one.verdict, one.recovery?.repository], ['protected', 'far']);
    const both = protectionOf(STANDARD, [nas({ drill: slow }), far({ drill: slow })], NOW);
    assert.deepEqual([both.verdict, both.missing], ['at-risk', ['getting it back takes about 6h, owed within 4h']]);
  });

  test('trusts no drill of a copy that is damaged by now', () => {
    const damaged = { damage: { since: hoursAgo(1), newest: true } };
    const { recovery, drilledAt } = protectionOf(STANDARD, [nas(damaged), far({ drill: null })], NOW);
    assert.deepEqual([recovery, drilledAt], [null, null]);
  });

  test('is at risk when the last drill failed, and says why', () => {
    const failedDrill = { at: hoursAgo(3), reason: '/srv/a.db is missing' };
    const { verdict, missing } = protectionOf(STANDARD, [nas({ failedDrill }), far()], NOW);
    assert.deepEqual([verdict, missing], ['at-risk', ['a drill from nas did not succeed 3h ago: /srv/a.db is missing']]);
  });

  test('owes nothing to a class that keeps nothing', () => {
    const protection = protectionOf(NOTHING_OWED, [], NOW);
    assert.equal(protection.verdict, 'not-owed');
    assert.deepEqual([protection.missing, protection.unproven], [[], []]);
    // a class without copies that still promises an age does owe something
    assert.equal(protectionOf({ ...NOTHING_OWED, rpo: duration(1, 'h') }, [], NOW).verdict, 'unprotected');
  });
});

const instant = fc.integer({ min: -100, max: 1500 }).map(hoursAgo);
const past = fc.integer({ min: 0, max: 1500 }).map(hoursAgo);
const span = fc.integer({ min: 1, max: 1500 }).map((hours) => duration(hours, 'h'));
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value, { nil: null });
const evidenceAt = (time: fc.Arbitrary<Instant>): fc.Arbitrary<RepositoryEvidence> =>
  fc.record({
    repository: fc.constantFrom('a', 'b', 'c', 'd'),
    location: fc.constantFrom('onsite' as const, 'offsite' as const),
    medium: fc.constantFrom('disk', 'nas', 'usb'),
    newestComplete: maybe(time),
    lastAttempt: maybe(fc.record({ outcome: fc.constantFrom<Outcome>(...OUTCOMES), at: time })),
    verifiedAt: maybe(time),
    damage: maybe(fc.record({ since: time, newest: fc.boolean() })),
    drill: maybe(fc.record({ at: time, rto: maybe(span), extrapolated: fc.boolean() })),
    failedDrill: maybe(fc.record({ at: time, reason: fc.constant('why') })),
    unansweredAt: maybe(time),
  });
const evidence = evidenceAt(instant);
const owed: fc.Arbitrary<Owed> = fc.record({
  rpo: maybe(span),
  offsiteRpo: maybe(span),
  rto: maybe(span),
  copies: fc.nat(4),
  media: fc.nat(3),
  offsite: fc.nat(2),
  verifiedWithin: maybe(span),
  drilledWithin: maybe(span),
});
const rank = (promise: Owed, known: readonly RepositoryEvidence[], now = NOW): number =>
  PROTECTION_VERDICTS.indexOf(protectionOf(promise, known, now).verdict);

/** Something good that may be learnt of a repository at a time. */
const GOOD_NEWS: readonly ((each: RepositoryEvidence, at: Instant) => RepositoryEvidence)[] = [
  (each, at) => ({ ...each, newestComplete: latest(each.newestComplete, at) }),
  (each, at) => ({ ...each, lastAttempt: { outcome: 'succeeded', at } }),
  (each, at) => ({ ...each, verifiedAt: latest(each.verifiedAt, at) }),
  (each, at) => ({ ...each, damage: null, verifiedAt: latest(each.verifiedAt, at) }),
  (each, at) => ({
    ...each,
    failedDrill: null,
    drill: { at: latest(each.drill?.at ?? null, at), rto: each.drill?.rto ?? null, extrapolated: false },
  }),
  (each, at) => ({ ...each, drill: { at, rto: duration(1, 'ms'), extrapolated: false } }),
];
const latest = (known: Instant | null, at: Instant): Instant => (known === null || known > NOW || known < at ? at : known);

describe('protection, whatever the evidence', () => {
  test('is green only with a dated, readable copy in time for every copy that it counts', () => {
    fc.assert(
      fc.property(owed, fc.array(evidence, { maxLength: 5 }), (promise, known) => {
        const protection = protectionOf(promise, known, NOW);
        if (protection.verdict !== 'protected') return;
        assert.ok(known.length > 0);
        for (const [index, each] of known.entries()) {
          assert.ok(each.newestComplete !== null && each.newestComplete <= NOW);
          assert.equal(each.damage, null);
          assert.equal(each.failedDrill, null);
          const { rpo, age } = protection.repositories[index] ?? {};
          assert.ok(rpo === null || (age ?? Infinity) <= (rpo ?? 0));
          if (promise.verifiedWithin !== null) assert.ok(NOW - (each.verifiedAt ?? -Infinity) <= promise.verifiedWithin);
        }
        assert.ok(protection.copies.have >= promise.copies && protection.media.have >= promise.media);
        assert.ok(protection.offsite.have >= promise.offsite);
        if (promise.rto !== null) assert.ok((protection.recovery?.time ?? Infinity) <= promise.rto);
        if (promise.drilledWithin !== null) assert.ok(NOW - (protection.drilledAt ?? -Infinity) <= promise.drilledWithin);
      }),
      { numRuns: 1000 },
    );
  });

  test('never gets worse by evidence that is added', () => {
    fc.assert(
      fc.property(
        owed,
        fc.array(evidence, { minLength: 1, maxLength: 5 }),
        fc.nat(4),
        fc.constantFrom(...GOOD_NEWS),
        past,
        (promise, known, pick, learn, at) => {
          const index = pick % known.length;
          const more = known.map((each, position) => (position === index ? learn(each, at) : each));
          assert.ok(rank(promise, more) >= rank(promise, known));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('never improves when a copy is taken away or damaged', () => {
    fc.assert(
      fc.property(owed, fc.array(evidence, { minLength: 1, maxLength: 5 }), fc.nat(4), (promise, known, pick) => {
        const without = (loss: Partial<RepositoryEvidence>): RepositoryEvidence[] =>
          known.map((each, position) => (position === pick % known.length ? { ...each, ...loss } : each));
        assert.ok(rank(promise, without({ newestComplete: null })) <= rank(promise, known));
        assert.ok(rank(promise, without({ damage: { since: NOW, newest: true } })) <= rank(promise, known));
      }),
      { numRuns: 1000 },
    );
  });

  test('never improves because time goes on', () => {
    fc.assert(
      fc.property(
        owed,
        fc.array(evidenceAt(past), { minLength: 1, maxLength: 5 }),
        fc.nat(3000),
        (promise, known, hours) => {
          const later = (NOW + hours * 3_600_000) as Instant;
          assert.ok(rank(promise, known, later) <= rank(promise, known));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('says why whenever it is not green, and nothing when it is', () => {
    fc.assert(
      fc.property(owed, fc.array(evidence, { maxLength: 5 }), (promise, known) => {
        const { verdict, missing, unproven, repositories } = protectionOf(promise, known, NOW);
        if (verdict === 'protected' || verdict === 'not-owed') assert.deepEqual([missing, unproven], [[], []]);
        if (verdict === 'at-risk') assert.ok(missing.length + unproven.length > 0);
        for (const { age } of repositories) assert.ok(age === null || age >= (0 as Duration));
      }),
    );
  });
});
