// Which snapshot is tried, and which it is held against.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../../src/domain/instant.ts';
import { jobTag } from '../../../src/domain/naming.ts';
import { nearestSnapshot, pickSnapshot } from '../../../src/engine/drill/pick-snapshot.ts';
import type { Snapshot } from '../../../src/tools/restic/snapshots.ts';

const JOB = { service: 'notes', host: 'forge' };
const idOf = (number: number): string => String(number).padStart(64, '0');

const made = (number: number, time: number, parts: Partial<Snapshot> = {}): Snapshot => ({
  id: idOf(number),
  shortId: idOf(number).slice(0, 8),
  time: time as Instant,
  timeText: '',
  host: JOB.host,
  user: 'root',
  tags: [jobTag(JOB.service)],
  paths: ['/data'],
  tree: idOf(0),
  parent: null,
  programVersion: null,
  summary: null,
  ...parts,
});

const known = (complete: readonly (readonly [number, boolean])[], now = 1e9): Parameters<typeof pickSnapshot>[3] => ({
  repository: 'near',
  complete: new Map(complete.map(([number, is]) => [idOf(number), is])),
  now: now as Instant,
});

test('the middle and the oldest are those of the complete snapshots, also where incomplete ones are older', () => {
  const snapshots = [1, 2, 3, 4, 5].map((number) => made(number, number * 1000));
  const facts = known([
    [1, false],
    [2, true],
    [3, true],
    [4, true],
    [5, false],
  ]);
  const picked = (pick: 'newest' | 'middle' | 'oldest'): string => pickSnapshot(snapshots, JOB, pick, facts).snapshot.id;
  assert.deepEqual(
    ['newest', 'middle', 'oldest'].map((pick) => picked(pick as 'newest')),
    [4, 3, 2].map(idOf),
  );
  assert.equal(pickSnapshot(snapshots, JOB, 'oldest', known([])).snapshot.id, idOf(1), 'where nothing is known all count');
});

test('where every snapshot is incomplete one is tried all the same, and known to be so', () => {
  const { snapshot, partial } = pickSnapshot(
    [made(1, 1), made(2, 2)],
    JOB,
    'oldest',
    known([
      [1, false],
      [2, false],
    ]),
  );
  assert.deepEqual([snapshot.id, partial], [idOf(2), true]);
});

test("another service's, another host's and tomorrow's snapshots are never picked", () => {
  fc.assert(
    fc.property(fc.constantFrom('newest', 'middle', 'oldest'), fc.integer({ min: 1, max: 9 }), (pick, count) => {
      const strangers = [made(91, 1, { host: 'other' }), made(92, 2, { tags: [jobTag('other')] }), made(93, 1e12)];
      const own = Array.from({ length: count }, (_, index) => made(index, 1000 + index));
      const { snapshot } = pickSnapshot([...strangers, ...own], JOB, pick, known([]));
      assert.ok(own.includes(snapshot));
    }),
  );
  assert.throws(() => pickSnapshot([made(91, 1, { host: 'other' })], JOB, 'middle', known([])), {
    code: 'snapshot-missing',
  });
});

test('what it is held against is the complete snapshot made nearest in time, before or after', () => {
  const others = [made(1, 1000), made(2, 5000), made(3, 9000)];
  const nearest = (time: number, facts = known([])): string | undefined =>
    nearestSnapshot(others, JOB, made(9, time), facts)?.id;
  assert.deepEqual([nearest(900), nearest(4000), nearest(7500)], [1, 2, 3].map(idOf));
  assert.equal(
    nearest(
      4000,
      known([
        [1, true],
        [2, false],
        [3, true],
      ]),
    ),
    idOf(1),
  );
  assert.equal(nearestSnapshot([], JOB, made(9, 1), known([])), null);
});
