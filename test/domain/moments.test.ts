import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../src/domain/instant.ts';
import { type BaseBackup, nearestMoment, type Reach, reachesOf, reachFor, windowsOf } from '../../src/domain/moments.ts';
import type { Archive } from '../../src/domain/postgres-archive.ts';
import { lineOf } from '../../src/domain/timeline.ts';
import { parseWalName, walName } from '../../src/domain/wal-file.ts';

const at = (seconds: number): Instant => (seconds * 1000) as Instant;
const name = (number: number): string => walName({ timeline: 1, number });
const holding = (numbers: readonly number[]): Archive => ({
  timelines: new Map([[1, new Map(numbers.map((each) => [each, at(each * 10)]))]]),
  perLog: 256,
});
const archive = (from: number, to: number): Archive =>
  holding(Array.from({ length: to - from + 1 }, (_, index) => from + index));
const reaches = (backups: readonly BaseBackup[], of: Archive): Reach[] => reachesOf(backups, of, lineOf(1));
const backup = (label: string, start: number, stop: number, more: Partial<BaseBackup> = {}): BaseBackup => ({
  label,
  stoppedAt: at(stop * 10),
  wal: { start: name(start), stop: name(stop) },
  error: false,
  ...more,
});

test('a backup leads from its end to the end of the log that follows it without a gap', () => {
  const [reach] = reaches([backup('a', 2, 3)], archive(1, 9));
  assert.deepEqual([reach?.from, reach?.last, reach?.to, reach?.gap], [at(31), name(9), at(91), null]);
});

test('a gap ends what can be had, and the missing file is named', () => {
  const log = holding([1, 2, 3, 4, 5, 7, 8, 9]);
  const [first, second] = reaches([backup('a', 2, 3), backup('b', 7, 8)], log);
  assert.ok(first && second);
  assert.deepEqual([first.last, first.gap], [name(5), name(6)]);
  assert.deepEqual(windowsOf([first, second]), [
    { from: at(31), to: at(51) },
    { from: at(81), to: at(91) },
  ]);
});

test('a backup whose own log is not whole leads nowhere', () => {
  assert.deepEqual(reaches([backup('a', 2, 4)], archive(1, 3)), []);
  assert.deepEqual(reaches([backup('a', 2, 4)], archive(3, 9)), []);
  assert.deepEqual(reaches([backup('a', 2, 4, { wal: null })], archive(1, 9)), []);
});

test('a backup with damaged pages serves only where no other does', () => {
  const found = reaches([backup('good', 2, 3), backup('bad', 5, 6, { error: true })], archive(1, 9));
  assert.equal(reachFor(at(70), found)?.backup.label, 'good');
  assert.equal(reachFor(at(70), found.slice(1))?.backup.label, 'bad');
});

test('for no moment it is the backup whose log goes furthest, the newest of those', () => {
  const found = reaches([backup('a', 2, 3), backup('b', 7, 8), backup('c', 4, 5)], holding([1, 2, 3, 4, 5, 7, 8, 9]));
  assert.equal(reachFor(null, found)?.backup.label, 'b');
});

const scenes = fc.record({
  archived: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 40 }),
  backups: fc.array(fc.tuple(fc.integer({ min: 1, max: 38 }), fc.integer({ min: 0, max: 2 })), { maxLength: 5 }),
  wanted: fc.integer({ min: 0, max: 450_000 }),
});

test('a moment has a backup exactly when it lies in a window, one that ended before it and whose log is whole until then', () => {
  fc.assert(
    fc.property(scenes, ({ archived, backups, wanted }) => {
      const found = reaches(
        backups.map(([start, more], index) => backup(String(index), start, start + more)),
        holding(archived),
      );
      const moment = wanted as Instant;
      const windows = windowsOf(found);
      const inside = windows.some(({ from, to }) => from <= moment && moment <= to);
      const chosen = reachFor(moment, found);
      assert.equal(chosen !== null, inside);
      if (chosen) {
        assert.ok(chosen.backup.stoppedAt < moment);
        const first = parseWalName(chosen.backup.wal?.start ?? '')?.number ?? 0;
        const last = parseWalName(chosen.last)?.number ?? 0;
        for (let each = first; each <= last; each += 1) assert.ok(archived.includes(each));
        assert.ok(moment <= chosen.to);
      }
      const nearest = nearestMoment(moment, windows);
      assert.equal(nearest === null, windows.length === 0);
      if (nearest !== null) assert.ok(reachFor(nearest, found) !== null);
      for (const [index, { from }] of windows.entries()) assert.ok(index === 0 || from > (windows[index - 1]?.to ?? 0));
    }),
  );
});
