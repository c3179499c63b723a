import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { duration, type Duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { OUTCOMES, type Outcome } from '../../src/domain/outcome.ts';
import { PROTECTION_VERDICTS, protectionOf, type RepositoryEvidence } from '../../src/domain/protection.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z') as Instant;
const hoursAgo = (hours: number): Instant => (NOW - hours * 3_600_000) as Instant;

const STANDARD = {
  rpo: duration(26, 'h'),
  offsiteRpo: duration(50, 'h'),
  copies: 3,
  media: 2,
  offsite: 1,
  verifiedWithin: duration(32, 'd'),
  drilledWithin: duration(32, 'd'),
};
const NOTHING_OWED = {
  rpo: null,
  offsiteRpo: null,
  copies: 0,
  media: 0,
  offsite: 0,
  verifiedWithin: null,
  drilledWithin: null,
};

const nas = (parts: Partial<RepositoryEvidence> = {}): RepositoryEvidence => ({
  repository: 'nas',
  location: 'onsite',
  medium: 'nas',
  newestComplete: hoursAgo(2),
  lastAttempt: { outcome: 'succeeded', at: hoursAgo(2) },
  verifiedAt: hoursAgo(24),
  drilledAt: hoursAgo(24),
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
    const none = { newestComplete: null, lastAttempt: null, verifiedAt: null, drilledAt: null };
    const protection = protectionOf(STANDARD, [nas(none), far(none)], NOW);
    assert.equal(protection.verdict, 'unprotected');
    assert.deepEqual(protection.missing, [
      '1 of 3 copies',
      '1 of 2 media',
      'no offsite copy',
      'no complete copy in nas',
      'no complete copy in far',
    ]);
    assert.deepEqual(protection.unproven, ['never verified', 'never drilled']);
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

  test('is unproven, not protected, when a drill that is owed was never made or is too long ago', () => {
    const never = protectionOf(STANDARD, [nas({ drilledAt: null }), far({ drilledAt: null })], NOW);
    assert.equal(never.verdict, 'unproven');
    assert.deepEqual(never.unproven, ['never drilled']);
    const old = protectionOf(STANDARD, [nas({ drilledAt: hoursAgo(960) }), far({ drilledAt: null })], NOW);
    assert.deepEqual(old.unproven, ['last drilled 40d ago, owed within 32d']);
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
const maybe = fc.option(instant, { nil: null });
const evidence: fc.Arbitrary<RepositoryEvidence> = fc.record({
  repository: fc.constantFrom('a', 'b', 'c', 'd'),
  location: fc.constantFrom('onsite' as const, 'offsite' as const),
  medium: fc.constantFrom('disk', 'nas', 'usb'),
  newestComplete: maybe,
  lastAttempt: fc.option(fc.record({ outcome: fc.constantFrom<Outcome>(...OUTCOMES), at: instant }), { nil: null }),
  verifiedAt: maybe,
  drilledAt: maybe,
});
const span = fc.option(
  fc.integer({ min: 1, max: 1500 }).map((hours) => duration(hours, 'h')),
  { nil: null },
);
const owed = fc.record({
  rpo: span,
  offsiteRpo: span,
  copies: fc.nat(4),
  media: fc.nat(3),
  offsite: fc.nat(2),
  verifiedWithin: span,
  drilledWithin: span,
});
const rank = (verdict: (typeof PROTECTION_VERDICTS)[number]): number => PROTECTION_VERDICTS.indexOf(verdict);

describe('protection, whatever the evidence', () => {
  test('is green only with a dated copy in time for every copy that it counts', () => {
    fc.assert(
      fc.property(owed, fc.array(evidence, { maxLength: 5 }), (promise, known) => {
        const protection = protectionOf(promise, known, NOW);
        if (protection.verdict !== 'protected') return;
        assert.ok(known.length > 0);
        for (const [index, each] of known.entries()) {
          assert.ok(each.newestComplete !== null && each.newestComplete <= NOW);
          const { rpo, age } = protection.repositories[index] ?? {};
          assert.ok(rpo === null || (age ?? Infinity) <= (rpo ?? 0));
        }
        assert.ok(protection.copies.have >= promise.copies && protection.media.have >= promise.media);
        assert.ok(protection.offsite.have >= promise.offsite);
      }),
    );
  });

  test('never improves when a copy is taken away, grows older, or time goes on', () => {
    fc.assert(
      fc.property(
        owed,
        fc.array(evidence, { minLength: 1, maxLength: 5 }),
        fc.nat(4),
        fc.nat(100),
        (promise, known, pick, hours) => {
          const index = pick % known.length;
          const before = protectionOf(promise, known, NOW);
          const less = known.map((each, at) => (at === index ? { ...each, newestComplete: null } : each));
          assert.ok(rank(protectionOf(promise, less, NOW).verdict) <= rank(before.verdict));
          const past = known.filter(
            (each) => (each.newestComplete ?? 0) <= NOW && (each.verifiedAt ?? 0) <= NOW && (each.drilledAt ?? 0) <= NOW,
          );
          const later = (NOW + hours * 3_600_000) as Instant;
          assert.ok(rank(protectionOf(promise, past, later).verdict) <= rank(protectionOf(promise, past, NOW).verdict));
        },
      ),
    );
  });

  test('says why whenever it is not green, and nothing when it is', () => {
    fc.assert(
      fc.property(owed, fc.array(evidence, { maxLength: 5 }), (promise, known) => {
        const { verdict, missing, unproven, repositories } = protectionOf(promise, known, NOW);
        if (verdict === 'protected' || verdict === 'not-owed') assert.deepEqual([missing, unproven], [[], []]);
        if (verdict === 'at-risk') assert.ok(missing.length > 0);
        if (verdict === 'unproven') assert.ok(missing.length === 0 && unproven.length > 0);
        for (const { age } of repositories) assert.ok(age === null || age >= (0 as Duration));
      }),
    );
  });
});
