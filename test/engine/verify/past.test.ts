// What follows from earlier verifications: when the next is due, what to look for again, and what is lost.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import type { Flaw, Verification, VerificationFact } from '../../../src/domain/verification.ts';
import { formerFlaws, isDueBy, verificationFacts } from '../../../src/engine/verify/past.ts';
import { heldElsewhere, lostSnapshots, stockOf } from '../../../src/engine/verify/stock.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import { hoursAgo, NOW, recordBackup, recordFact, REPOSITORIES, repository, service, snapshotId } from '../support/host.ts';

const flaw = (item: string, problem: Flaw['problem'] = 'damaged'): Flaw => ({ item, problem });
let runs = 0;
function fact(at: Instant, parts: Partial<Verification> = {}): VerificationFact {
  runs += 1;
  const detail = { how: 'check', slice: null, flaws: [], gone: [], bytesRead: null, ...parts } as const;
  return { runId: String(runs).padStart(6, '0'), at, detail };
}

describe('a verification is due', () => {
  const due = (facts: readonly VerificationFact[], schedule = 'weekly'): boolean =>
    isDueBy(facts, ['names', 'check'], { schedule }, NOW);

  it('when one of its looks never was, or was about as long ago as the schedule allows', () => {
    assert.ok(due([]));
    assert.ok(due([fact(hoursAgo(1))]));
    assert.ok(!due([fact(hoursAgo(1)), fact(hoursAgo(1), { how: 'names' })]));
    assert.ok(!due([fact(hoursAgo(6 * 24)), fact(hoursAgo(1), { how: 'names' })]));
    assert.ok(due([fact(hoursAgo(6.9 * 24)), fact(hoursAgo(1), { how: 'names' })]));
  });

  it('when nothing is known for sure: a schedule that comes once only, a look in the future', () => {
    const both = (at: Instant): VerificationFact[] => [fact(at), fact(at, { how: 'names' })];
    assert.ok(due(both(hoursAgo(1)), '2024-01-01 04:00'));
    assert.ok(!due(both(hoursAgo(1)), 'Mon *-*-8..14'));
    assert.ok(due(both(hoursAgo(-1))));
  });
});

it('looks again for damaged files that were not met, not for what is no file or only missing', () => {
  const item = `data/${snapshotId('a')}`;
  const facts = [
    fact(hoursAgo(2), {
      how: 'names',
      slice: { index: 1, of: 1 },
      flaws: [flaw(item), flaw(`data/${snapshotId('b')}`, 'missing'), flaw('structure')],
    }),
  ];
  assert.deepEqual(formerFlaws(facts, []), [item]);
  assert.deepEqual(formerFlaws(facts, [flaw(item)]), []);
});

it('reads only what was verified where the repository is now', () => {
  using journal = openTransientJournal();
  const whole = { service: '', repository: 'nas' };
  const detail = fact(NOW).detail;
  recordFact(journal, whole, { kind: 'verify', snapshotId: '', detail: { ...detail, place: '/nowhere/nas' } });
  recordFact(journal, whole, { kind: 'verify', snapshotId: '', detail: { ...detail, place: '/elsewhere' } });
  assert.equal(verificationFacts(journal, repository('nas')).length, 1);
});

describe('the stock of a repository', () => {
  const declared = { host: 'forge', services: new Map([['app', service('app')]]), repositories: REPOSITORIES };
  const nas = repository('nas');
  const job = { service: 'app', repository: 'nas' };

  it('is lost where it is on record and not there, unless it is known to be gone', () => {
    using journal = openTransientJournal();
    for (const digit of ['a', 'b', 'c']) recordBackup(journal, job, { at: hoursAgo(3), id: snapshotId(digit) });
    recordFact(journal, job, { kind: 'missing', snapshotId: snapshotId('a') });
    const { evidence, alarms } = lostSnapshots(
      nas,
      stockOf(nas, declared, journal),
      new Set([snapshotId('b')]),
      NOW,
      journal,
    );
    assert.deepEqual(
      evidence.map((each) => [each.kind, each.service, each.snapshotId]),
      [['missing', 'app', snapshotId('c')]],
    );
    assert.match(alarms.join(), /^snapshot cccccccc of app \(made 3h ago\) is gone/);
  });

  it('is held elsewhere where another repository has a complete copy', () => {
    using journal = openTransientJournal();
    recordBackup(journal, { service: 'app', repository: 'far' }, { at: hoursAgo(5), id: snapshotId('d') });
    const [{ copies } = { copies: [] }] = heldElsewhere(['app'], nas, declared, journal, NOW);
    assert.deepEqual(copies, [{ repository: 'far', at: hoursAgo(5) }]);
  });
});
