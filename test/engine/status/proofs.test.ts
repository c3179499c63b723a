import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Drill } from '../../../src/domain/drill.ts';
import { duration } from '../../../src/domain/duration.ts';
import { type Instant, later } from '../../../src/domain/instant.ts';
import { EVERYTHING, type Flaw, type Verification } from '../../../src/domain/verification.ts';
import { statusOf, type ServiceStatus } from '../../../src/engine/status/status.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import {
  hoursAgo,
  NOW,
  recordBackup,
  recordFact,
  NO_CHANNELS,
  REPOSITORIES,
  service,
  snapshotId,
  STANDARD,
} from '../support/host.ts';

const NAS = { service: 'sonarr', repository: 'nas' };
const FAR = { service: 'sonarr', repository: 'far' };
const PROVEN = {
  ...STANDARD,
  rto: duration(4, 'h'),
  verifiedWithin: duration(32, 'd'),
  drilledWithin: duration(32, 'd'),
};
const PACK = `data/${'ab'.repeat(32)}`;

const status = (journal: Journal): ServiceStatus => {
  const services = [service('sonarr', { protection: PROVEN })];
  const report = statusOf({
    config: { host: 'forge', repositories: REPOSITORIES, notifications: NO_CHANNELS },
    services,
    journal,
    now: NOW,
  });
  const [sonarr] = report.services;
  assert.ok(sonarr);
  return sonarr;
};

function verified(journal: Journal, repository: string, detail: Partial<Verification> = {}, at = hoursAgo(5)): void {
  const all: Verification = { how: 'check', slice: EVERYTHING, flaws: [], gone: [], bytesRead: null, ...detail };
  const complete = all.flaws.length === 0;
  recordFact(journal, { service: '', repository }, { kind: 'verify', snapshotId: '', at, complete, detail: all });
}

function drilled(journal: Journal, job: typeof NAS, parts: Partial<Drill> = {}, at: Instant = hoursAgo(5)): void {
  const detail: Drill = {
    snapshotTime: '2026-03-01T10:00:00.000Z',
    extent: 'whole',
    files: 10,
    bytes: 1000,
    seconds: 42,
    rtoSeconds: 42,
    compared: null,
    validators: [],
    reason: null,
    ...parts,
  };
  recordFact(journal, job, {
    kind: 'drill',
    snapshotId: snapshotId(parts.snapshotTime === undefined ? '1' : '9'),
    at,
    complete: detail.reason === null,
    detail,
  });
}

function backedUp(): Journal {
  const journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(2), id: snapshotId('2') });
  return journal;
}

function proven(): Journal {
  const journal = backedUp();
  for (const repository of ['nas', 'far']) verified(journal, repository);
  drilled(journal, NAS);
  return journal;
}

test('copies alone protect nothing where a verification and a drill are owed', () => {
  using journal = backedUp();
  const { verdict, unproven } = status(journal);
  assert.equal(verdict, 'at-risk');
  assert.deepEqual(unproven, ['never verified', 'never drilled', 'recovery time never measured']);
});

test('with every repository verified and a drill the service is protected, and the time it takes is known', () => {
  using journal = proven();
  const sonarr = status(journal);
  assert.equal(sonarr.verdict, 'protected', [...sonarr.missing, ...sonarr.unproven].join('; '));
  assert.deepEqual(sonarr.recovery, { seconds: 42, repository: 'nas', extrapolated: false });
  assert.equal(sonarr.jobs[0]?.verifiedAt, '2026-03-01T07:00:00.000Z');
  assert.equal(sonarr.jobs[0]?.dataReadSince, '2026-03-01T07:00:00.000Z');
  assert.equal(sonarr.jobs[0]?.drill?.snapshotId, snapshotId('1'));
});

test('a verification and a drill dated a year ahead prove nothing', () => {
  using journal = backedUp();
  const ahead = later(NOW, duration(365, 'd'));
  for (const repository of ['nas', 'far']) verified(journal, repository, {}, ahead);
  drilled(journal, NAS, {}, ahead);
  assert.deepEqual(status(journal).unproven, ['never verified', 'never drilled', 'recovery time never measured']);
  drilled(journal, NAS);
  assert.deepEqual(status(journal).unproven, ['never verified'], 'the one with the wrong date does not hide the right one');
});

test('what was proven while the repository was somewhere else is not true of where it is now', () => {
  using journal = backedUp();
  for (const repository of ['nas', 'far']) verified(journal, repository, { place: '/old/place' });
  drilled(journal, NAS, { place: '/old/place' });
  assert.deepEqual(status(journal).unproven, ['never verified', 'never drilled', 'recovery time never measured']);
});

test('a drill that failed after one that succeeded is told, until one succeeds again', () => {
  using journal = proven();
  drilled(journal, NAS, { reason: '/srv/a.db is missing' }, hoursAgo(1));
  const failed = status(journal);
  assert.equal(failed.verdict, 'at-risk');
  assert.deepEqual(failed.missing, ['a drill from nas did not succeed 60m ago: /srv/a.db is missing']);
  assert.equal(failed.drilledAt, '2026-03-01T07:00:00.000Z', 'the earlier proof is not edited away');
  drilled(journal, NAS, { snapshotTime: '2026-02-01T10:00:00.000Z' }, hoursAgo(0.6));
  assert.equal(status(journal).missing.length, 1, 'an older snapshot makes up for nothing');
  drilled(journal, NAS, {}, hoursAgo(0.5));
  assert.equal(status(journal).verdict, 'protected');
});

test('which drill was the last is told by its run, also where the clock was behind', () => {
  using journal = proven();
  drilled(journal, NAS, { reason: '/srv/a.db is missing' }, hoursAgo(700));
  assert.equal(status(journal).verdict, 'at-risk');
});

test('a drill that failed while the clock was ahead is not forgotten', () => {
  using journal = proven();
  drilled(journal, NAS, { reason: '/srv/a.db is missing' }, later(NOW, duration(365, 'd')));
  assert.equal(status(journal).verdict, 'at-risk');
});

const flaw: Flaw = { item: PACK, problem: 'damaged' };

function damaged(journal: Journal, snapshots: readonly string[], job = NAS): void {
  verified(journal, job.repository, { flaws: [flaw] }, hoursAgo(1));
  for (const id of snapshots) {
    const detail = { items: [PACK], paths: ['/srv/a.db'], pathCount: 1 };
    recordFact(journal, job, { kind: 'damage', snapshotId: id, at: hoursAgo(1), complete: false, detail });
  }
  const detail = { items: [PACK], paths: [], pathCount: 0 };
  const about = { service: '', repository: job.repository };
  recordFact(journal, about, { kind: 'damage', snapshotId: '', at: hoursAgo(1), complete: false, detail });
}

test('damage of which nobody found out whom it touches, touches every service there', () => {
  using journal = proven();
  verified(journal, 'nas', { flaws: [flaw] }, hoursAgo(1));
  const { jobs, verdict } = status(journal);
  assert.deepEqual([verdict, jobs[0]?.standing, jobs[1]?.standing], ['at-risk', 'damaged', 'fresh']);
  assert.deepEqual(jobs[0]?.damage?.items, [PACK]);
});

test('each damaged file is judged by the last look at whom it touches', () => {
  using journal = proven();
  damaged(journal, ['']); // perhaps all
  assert.equal(status(journal).jobs[0]?.standing, 'damaged');
  recordBackup(journal, NAS, { at: hoursAgo(0.8), id: snapshotId('3') });
  damaged(journal, [snapshotId('1')]);
  assert.equal(status(journal).jobs[0]?.standing, 'fresh', 'the newest is not among them');
});

test('a damaged newest copy is no copy, nor is one that was made after it, until somebody looked again', () => {
  using journal = proven();
  damaged(journal, [snapshotId('1')]);
  const before = status(journal);
  assert.equal(before.jobs[0]?.standing, 'damaged');
  assert.deepEqual(before.copies, { have: 2, owed: 3 });
  assert.deepEqual([before.jobs[0]?.damage?.snapshots, before.jobs[0]?.damage?.paths], [1, ['/srv/a.db']]);
  recordBackup(journal, NAS, { at: hoursAgo(0.5), id: snapshotId('3') });
  assert.equal(status(journal).jobs[0]?.standing, 'damaged', 'it leans on the same files');
  verified(journal, 'nas', { slice: { index: 1, of: 2 } }, hoursAgo(0.2)); // 0xab is odd: another slice
  assert.equal(status(journal).jobs[0]?.standing, 'damaged');
  verified(journal, 'nas', { slice: { index: 2, of: 2 } }, hoursAgo(0.1));
  assert.equal(status(journal).jobs[0]?.standing, 'fresh');
});

test('damage in older snapshots only is told, and takes no copy away', () => {
  using journal = proven();
  recordBackup(journal, NAS, { at: hoursAgo(1.5), id: snapshotId('3') });
  damaged(journal, [snapshotId('1')]);
  const { verdict, missing, copies } = status(journal);
  assert.deepEqual([verdict, copies.have], ['at-risk', 3]);
  assert.deepEqual(missing, ['nas is damaged: an older copy cannot be read whole (found 60m ago)']);
});

test('damage of another service does not touch this one', () => {
  using journal = proven();
  damaged(journal, [snapshotId('9')], { service: 'radarr', repository: 'nas' });
  assert.equal(status(journal).jobs[0]?.damage, null);
});

test('a copy that was found to be the very same as one made elsewhere counts', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  recordFact(journal, FAR, { kind: 'copy', snapshotId: snapshotId('2'), at: hoursAgo(2), complete: true });
  const { copies, jobs } = status(journal);
  assert.equal(copies.have, 3);
  assert.equal(jobs[1]?.newest?.how, 'copy');
  recordFact(journal, FAR, { kind: 'missing', snapshotId: snapshotId('2'), at: hoursAgo(1) });
  assert.equal(status(journal).copies.have, 2);
});
