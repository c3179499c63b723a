import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import { formatInstant } from '../../../src/domain/instant.ts';
import { jobTag } from '../../../src/domain/naming.ts';
import { copiesAmong, type Held } from '../../../src/engine/status/copies.ts';
import { type Holdings, reconcile } from '../../../src/engine/status/reconcile.ts';
import type { RecordedEvidence } from '../../../src/journal/journal.ts';
import type { Snapshot } from '../../../src/tools/restic/snapshots.ts';
import { hoursAgo, NOW, repository, snapshotId } from '../support/host.ts';

const snapshot = (digit: string, time: Instant, tags: readonly string[] = [jobTag('sonarr')]): Snapshot => ({
  id: snapshotId(digit),
  shortId: digit.repeat(8),
  time,
  timeText: formatInstant(time),
  host: 'forge',
  user: 'root',
  tags,
  paths: ['/srv'],
  tree: snapshotId('f'),
  parent: null,
  programVersion: null,
  summary: null,
});
const recorded = (digit: string, at: Instant, complete = true): RecordedEvidence => ({
  kind: 'backup',
  service: 'sonarr',
  repository: 'nas',
  runId: '01',
  snapshotId: snapshotId(digit),
  at,
  complete,
  detail: {},
});

/** `facts` newest first. */
const holdings = (
  facts: readonly RecordedEvidence[],
  snapshots: readonly Snapshot[],
  parts: Partial<Holdings> = {},
): Holdings => ({
  repository: 'nas',
  place: '/nowhere/nas',
  services: ['sonarr'],
  snapshots,
  before: new Map([['sonarr', facts]]),
  known: new Set(facts.map((fact) => fact.snapshotId)),
  formerly: new Map(facts.map((fact) => [fact.snapshotId, fact.complete])),
  runningSince: null,
  now: NOW,
  ...parts,
});

test('a journal and a repository that agree have nothing to add', () => {
  const result = reconcile(holdings([recorded('1', hoursAgo(1))], [snapshot('1', hoursAgo(1))]));
  assert.deepEqual(result, { evidence: [], found: 0, missing: 0, alarms: [] });
});

test('a snapshot that the journal does not know becomes evidence that says where it comes from, and does not claim to be complete', () => {
  const { evidence } = reconcile(holdings([], [snapshot('1', hoursAgo(5))]));
  assert.equal(evidence.length, 1);
  assert.deepEqual(
    [evidence[0]?.kind, evidence[0]?.at, evidence[0]?.complete, evidence[0]?.detail['how']],
    ['found', hoursAgo(5), false, 'found in the repository'],
  );
});

test('snapshots of other services, and those that Holdfast did not make, are left alone', () => {
  const { found } = reconcile(
    holdings([], [snapshot('1', hoursAgo(5), [jobTag('other')]), snapshot('2', hoursAgo(5), ['mine'])]),
  );
  assert.equal(found, 0);
});

test('the newest complete snapshot that is not held any more is an alarm', () => {
  const { evidence, alarms } = reconcile(
    holdings([recorded('2', hoursAgo(1)), recorded('1', hoursAgo(25))], [snapshot('1', hoursAgo(25))]),
  );
  assert.deepEqual(
    evidence.map(({ kind, snapshotId: id }) => [kind, id]),
    [['missing', snapshotId('2')]],
  );
  assert.deepEqual(alarms, ['the newest complete snapshot of sonarr@nas, 22222222 (made 60m ago), is gone']);
});

test('older snapshots that somebody removed are told, too: what retention removed is on record as that', () => {
  const facts = [recorded('3', hoursAgo(1)), recorded('2', hoursAgo(25)), recorded('1', hoursAgo(49))];
  assert.deepEqual(reconcile(holdings(facts, [snapshot('3', hoursAgo(1))])).alarms, [
    'a complete snapshot of sonarr@nas, 22222222 (made 25h ago), is gone, and 1 older',
  ]);
});

test('a partial snapshot that is gone is no alarm', () => {
  const facts = [recorded('2', hoursAgo(1), false), recorded('1', hoursAgo(25))];
  assert.deepEqual(reconcile(holdings(facts, [snapshot('1', hoursAgo(25))])).evidence, []);
});

test('a found snapshot that is gone again is recorded as that, and is no alarm', () => {
  const found = { ...recorded('2', hoursAgo(1), false), kind: 'found' as const };
  const { evidence, alarms } = reconcile(holdings([found, recorded('1', hoursAgo(25))], [snapshot('1', hoursAgo(25))]));
  assert.deepEqual([evidence.map(({ kind, snapshotId: id }) => [kind, id]), alarms], [[['missing', snapshotId('2')]], []]);
});

test('an emptied repository loses everything that it was believed to hold', () => {
  const { missing, alarms } = reconcile(holdings([recorded('2', hoursAgo(1)), recorded('1', hoursAgo(25))], []));
  assert.equal(missing, 2);
  assert.match(alarms.join(), /is gone, and 1 older$/);
});

test('a snapshot of a backup that still runs is left to its own run', () => {
  const { found } = reconcile(
    holdings([], [snapshot('1', hoursAgo(5)), snapshot('2', hoursAgo(1))], { runningSince: hoursAgo(2) }),
  );
  assert.equal(found, 1);
});

test('a snapshot that was lost and is there again is as complete as it was', () => {
  for (const complete of [true, false]) {
    const formerly = new Map([[snapshotId('1'), complete]]);
    const [fact] = reconcile(holdings([], [snapshot('1', hoursAgo(5))], { formerly })).evidence;
    assert.deepEqual([fact?.kind, fact?.complete], ['backup', complete]);
  }
});

const held = (name: string, snapshots: readonly Snapshot[], complete: readonly string[] = []): Held => ({
  repository: repository(name),
  snapshots,
  complete: new Set(complete.map(snapshotId)),
});
const SONARR = new Set(['sonarr']);

test('a snapshot with the files of one that is known to be complete is its copy', () => {
  const original = snapshot('1', hoursAgo(5));
  const [copy, ...others] = copiesAmong(
    [held('nas', [original], ['1']), held('far', [snapshot('2', hoursAgo(5)), snapshot('3', hoursAgo(4))])],
    SONARR,
  );
  assert.deepEqual(others, [], 'one of another time is no copy of it');
  assert.deepEqual(
    [copy?.kind, copy?.repository, copy?.snapshotId, copy?.at, copy?.complete, copy?.detail['how']],
    ['copy', 'far', snapshotId('2'), hoursAgo(5), true, 'the same files as 11111111 in nas'],
  );
});

test('other files, another host, another service, or an original of which nobody knows whether it is complete, make no copy', () => {
  const original = snapshot('1', hoursAgo(5));
  const unlike = [
    { ...snapshot('2', hoursAgo(5)), tree: snapshotId('e') },
    { ...snapshot('3', hoursAgo(5)), host: 'other' },
    snapshot('4', hoursAgo(5), [jobTag('other')]),
  ];
  assert.deepEqual(copiesAmong([held('nas', [original], ['1']), held('far', unlike)], SONARR), []);
  const same = held('far', [snapshot('2', hoursAgo(5))]);
  assert.deepEqual(copiesAmong([held('nas', [original]), same], SONARR), []);
  assert.deepEqual(copiesAmong([held('nas', [original, snapshot('2', hoursAgo(5))], ['1'])], SONARR), [], 'not its own');
});
