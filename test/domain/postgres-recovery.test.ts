// No server ever starts on nothing by accident: every combination of what can be seen, against the table that it is meant to be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ArchiveState,
  type ClusterData,
  type ClusterDecision,
  type ClusterObservation,
  type ClusterPolicy,
  type ClusterReceipt,
  decideCluster,
} from '../../src/domain/postgres-recovery.ts';

const A = '7311111111111111111';
const B = '7422222222222222222';
const backups = (...ids: readonly string[]): ArchiveState => ({
  kind: 'backups',
  newest: ids.map((systemId) => ({ systemId, label: `20260101-000000F-${systemId}` })),
});
const EMPTY: ArchiveState = { kind: 'empty' };
const SILENT: ArchiveState = { kind: 'unreachable', reason: 'no route', mayPass: true };
const ARCHIVES: readonly ArchiveState[] = [backups(A), backups(B), backups(A, B), EMPTY, SILENT];
const SETS: readonly (readonly ArchiveState[])[] = [
  [],
  ...ARCHIVES.map((one) => [one]),
  ...ARCHIVES.flatMap((one) => ARCHIVES.map((other) => [one, other])),
];
const VALID: ClusterData = { kind: 'valid', systemId: A, untouched: false };
const UNTOUCHED: ClusterData = { kind: 'valid', systemId: A, untouched: true };
const NOTHING: ClusterData = { kind: 'empty' };
const SHARDS: ClusterData = { kind: 'partial', reason: 'no PG_VERSION' };
const DATA: readonly ClusterData[] = [VALID, UNTOUCHED, NOTHING, SHARDS, { kind: 'unknown', reason: 'no answer' }];
const RECEIPTS: readonly (ClusterReceipt | null)[] = [null, { systemId: A }, { systemId: B }];

const observed = (
  data: ClusterData,
  receipt: ClusterReceipt | null,
  archives: readonly ArchiveState[],
  hidden: ClusterObservation['hidden'] = null,
): ClusterObservation => ({
  service: 'db',
  dataDir: '/var/lib/postgresql/15/main',
  hidden,
  data,
  receipt,
  archives: archives.map((archive, index) => ({ ...archive, repository: `repo${index + 1}` })),
});

function* everything(): Generator<[ClusterObservation, ClusterPolicy]> {
  for (const hidden of [null, { reason: 'two datasets are mounted there', mayPass: false }])
    for (const data of DATA)
      for (const receipt of RECEIPTS)
        for (const archives of SETS)
          for (const allowEmptyStart of [true, false])
            for (const token of [true, false]) yield [observed(data, receipt, archives, hidden), { allowEmptyStart, token }];
}

/** The table, row by row, in other words than those of the code. */
function row({ hidden, data, receipt, archives }: ClusterObservation, policy: ClusterPolicy): string {
  const ids = archives.flatMap((each) => (each.kind === 'backups' ? each.newest.map(({ systemId }) => systemId) : []));
  const silent = archives.some(({ kind }) => kind === 'unreachable');
  const several = new Set(ids).size > 1;
  if (hidden !== null || data.kind === 'unknown') return 'block';
  if (data.kind === 'valid') {
    if (receipt?.systemId === data.systemId || ids.includes(data.systemId)) return 'start';
    if (receipt !== null || ids.length > 0) return 'block';
    if (silent && data.untouched) return 'block, again';
    return silent ? 'start without archiving' : 'adopt';
  }
  if (data.kind === 'partial') return 'block';
  if (receipt ? ids.includes(receipt.systemId) : ids.length > 0 && !several) return receipt ? 'restore, alarm' : 'restore';
  if (silent) return 'block, again';
  if (ids.length > 0 || receipt !== null) return 'block';
  return archives.length > 0 && policy.allowEmptyStart && policy.token ? 'start-empty' : 'block';
}

function inWords(decision: ClusterDecision): string {
  switch (decision.action) {
    case 'start':
      return decision.archiving || decision.reason === 'its data is there' ? 'start' : 'start without archiving';
    case 'restore':
      return decision.alarm ? 'restore, alarm' : 'restore';
    case 'block':
      return decision.again ? 'block, again' : 'block';
    default:
      return decision.action;
  }
}

test('every combination of what is seen is decided as the table says', () => {
  const met = new Set<string>();
  for (const [seen, policy] of everything()) {
    const expected = row(seen, policy);
    met.add(expected);
    assert.equal(inWords(decideCluster(seen, policy)), expected, JSON.stringify([seen, policy]));
  }
  assert.equal(met.size, 8, [...met].join(', '));
});

test('a new cluster is made only on nothing, where every repository has shown to be empty, nothing was here before, and a person said so', () => {
  for (const [seen, policy] of everything()) {
    if (decideCluster(seen, policy).action !== 'start-empty') continue;
    assert.deepEqual([seen.data, seen.receipt, seen.hidden], [NOTHING, null, null]);
    assert.ok(seen.archives.length > 0 && seen.archives.every(({ kind }) => kind === 'empty'));
    assert.deepEqual(policy, { allowEmptyStart: true, token: true });
  }
});

test('a server starts on a whole cluster only, and archives only where a repository knows it or it is on record', () => {
  for (const [seen, policy] of everything()) {
    const decision = decideCluster(seen, policy);
    if (decision.action !== 'start') continue;
    assert.equal(seen.data.kind, 'valid');
    if (!decision.archiving) assert.notEqual(decision.remark, null);
    const stranger = seen.archives.some(({ kind }) => kind === 'backups');
    if (decision.archiving && stranger) {
      const held = seen.archives.flatMap((each) => (each.kind === 'backups' ? each.newest : []));
      assert.ok(held.some(({ systemId }) => systemId === A));
    }
  }
});

test('a restore never comes over data, and never from a cluster other than the one on record', () => {
  for (const [seen, policy] of everything()) {
    const decision = decideCluster(seen, policy);
    if (decision.action !== 'restore') continue;
    assert.equal(seen.data.kind, 'empty');
    if (seen.receipt) assert.equal(decision.from.systemId, seen.receipt.systemId);
  }
});

test('a repository that is down does not keep the next one from being used, nor a known cluster from starting', () => {
  const restored = decideCluster(observed(NOTHING, null, [SILENT, backups(A)]), { allowEmptyStart: false, token: false });
  assert.deepEqual(restored.action === 'restore' && restored.from.repository, 'repo2');
  const started = decideCluster(observed(VALID, { systemId: A }, [SILENT]), {
    allowEmptyStart: false,
    token: false,
  });
  assert.deepEqual([started.action, started.action === 'start' && started.archiving], ['start', true]);
});

test('every refusal says why, and what to do', () => {
  for (const [seen, policy] of everything()) {
    const decision = decideCluster(seen, policy);
    assert.notEqual(decision.reason, '');
    if (decision.action === 'block') assert.match(decision.hint, /[.:]/);
  }
});

test('it is tried again by itself only where what is wrong may pass: not with a wrong password, nor where another dataset hides it', () => {
  const again = (archives: readonly ArchiveState[], hidden: ClusterObservation['hidden'] = null): unknown => {
    const decision = decideCluster(observed(NOTHING, null, archives, hidden), { allowEmptyStart: false, token: false });
    return decision.action === 'block' && decision.again;
  };
  const LOCKED_OUT: ArchiveState = { kind: 'unreachable', reason: 'wrong password', mayPass: false };
  assert.deepEqual([again([SILENT]), again([LOCKED_OUT]), again([LOCKED_OUT, SILENT])], [true, false, true]);
  assert.equal(again([EMPTY], { reason: 'nothing is mounted there', mayPass: true }), true);
  assert.equal(again([EMPTY], { reason: 'two datasets are mounted there', mayPass: false }), false);
});

test('that it may be new is asked only where nothing speaks against it: no receipt, no backup, no silence', () => {
  const BARE: ArchiveState = { kind: 'unreachable', reason: 'it does not have the stanza', mayPass: true, mayBeNew: true };
  const asked = (receipt: ClusterReceipt | null, ...archives: readonly ArchiveState[]): boolean => {
    const decision = decideCluster(observed(NOTHING, receipt, archives), { allowEmptyStart: true, token: true });
    assert.equal(decision.action, 'block');
    return decision.action === 'block' && decision.hint.includes('--allow-empty-once');
  };
  assert.equal(asked(null, BARE, BARE), true);
  assert.deepEqual([asked({ systemId: A }, BARE), asked(null, BARE, SILENT)], [false, false]);
  assert.equal(asked(null, BARE, backups(A), backups(B)), false);
});

test('where it is known what mends a hidden data directory that is told, and else where to look', () => {
  const hint = (mend?: string): string => {
    const hidden = { reason: 'two datasets are mounted there', mayPass: false, ...(mend === undefined ? {} : { mend }) };
    const decision = decideCluster(observed(NOTHING, null, [], hidden), { allowEmptyStart: true, token: true });
    return decision.action === 'block' ? decision.hint : '';
  };
  assert.match(
    hint('umount /pg, which shows tank/pg again'),
    /^Nothing was changed, .*: umount \/pg, which shows tank\/pg again$/,
  );
  assert.match(hint(), /holdfast doctor, findmnt/);
});

test('whoever has to choose between clusters, or has another one in the place of the right one, is told what works', () => {
  const never: ClusterPolicy = { allowEmptyStart: false, token: false };
  const hint = (data: ClusterData, ...archives: readonly ArchiveState[]): string => {
    const decision = decideCluster(observed(data, null, archives), never);
    assert.equal(decision.action, 'block');
    return decision.action === 'block' ? decision.hint : '';
  };
  assert.match(
    hint(VALID, backups(B)),
    /move what is in \/var\/lib\/postgresql\/15\/main aside \(mv\), then: holdfast recover db$/,
  );
  const apart = hint(NOTHING, backups(A), backups(B));
  assert.match(apart, new RegExp(`--repository REPOSITORY, which is repo1 for ${A}, repo2 for ${B}\\.$`));
  assert.match(
    hint(NOTHING, backups(A, B)),
    new RegExp(`repo1 for ${B}\\. An older one .*: pgbackrest .* --set=LABEL restore$`),
  );
});
