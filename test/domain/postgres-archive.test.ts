import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../src/domain/instant.ts';
import { type ArchivedFile, besideLine, foreignTimelines, reachOf, readArchive } from '../../src/domain/postgres-archive.ts';
import { type Line, lineOf, parseHistory, timelineAt } from '../../src/domain/timeline.ts';
import { filesOfALog, filesOfALogBy, fileOfPosition, parseWalName, walName } from '../../src/domain/wal-file.ts';

const SHA = 'a'.repeat(40);
const at = (number: number): Instant => (number * 1000) as Instant;
const file = (timeline: number, number: number): ArchivedFile => {
  const name = walName({ timeline, number });
  return { path: `15-1/${name.slice(0, 16)}/${name}-${SHA}.zst`, time: at(number) };
};
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const wal = (start: number, stop: number, timeline = 1): { start: string; stop: string } => ({
  start: walName({ timeline, number: start }),
  stop: walName({ timeline, number: stop }),
});
const reach = (
  files: readonly ArchivedFile[],
  line: Line,
  needed: { start: string; stop: string },
): ReturnType<typeof reachOf> => reachOf(readArchive(files, '15-1'), line, needed);

test('a name is its place and back again, whatever the size of the files', () => {
  const sizes = fc.constantFrom(1, 16, 64, 1024).map((mebibytes) => filesOfALog(mebibytes * 2 ** 20));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.integer({ min: 0, max: 2 ** 31 }),
      sizes,
      (timeline, number, perLog) => {
        const place = { timeline, number: number % (2 ** 32 * perLog) };
        assert.deepEqual(parseWalName(walName(place, perLog), perLog), place);
      },
    ),
  );
});

test('the file after the last of a log is the first of the next', () => {
  assert.equal(walName({ timeline: 1, number: 255 }), '0000000100000000000000FF');
  assert.equal(walName({ timeline: 1, number: 256 }), '000000010000000100000000');
  assert.equal(fileOfPosition('1/00000028'), 256);
  assert.equal(fileOfPosition('0/2000028'), 2);
  assert.equal(parseWalName('00000002.history'), null);
  assert.equal(parseWalName('000000010000000000000100'), null);
});

test('the size of the files is told by positions in them', () => {
  assert.equal(filesOfALogBy([{ lsn: '0/2000028', file: '000000010000000000000002' }]), 256);
  assert.equal(filesOfALogBy([{ lsn: '0/2000028', file: '000000010000000000000020' }]), filesOfALog(2 ** 20));
  assert.equal(filesOfALogBy([{ lsn: '1/C0000028', file: '000000010000000100000003' }]), filesOfALog(2 ** 30));
  assert.equal(filesOfALogBy([]), 256);
});

test('a log without a gap is reached to its end', () => {
  const found = reach(
    range(3, 300).map((number) => file(1, number)),
    lineOf(1),
    wal(5, 6),
  );
  assert.deepEqual(found, {
    consistent: true,
    last: { file: walName({ timeline: 1, number: 300 }), at: at(300) },
    missing: [],
    missingCount: 0,
  });
});

test('behind a gap nothing is reached, and the gap is named', () => {
  const found = reach(
    [...range(3, 9), ...range(12, 20)].map((number) => file(1, number)),
    lineOf(1),
    wal(4, 5),
  );
  assert.equal(found.last?.at, at(9));
  assert.equal(found.missingCount, 2);
  assert.deepEqual(found.missing, ['00000001000000000000000A', '00000001000000000000000B']);
  assert.equal(
    reach(
      [...range(3, 9), ...range(12, 20)].map((n) => file(1, n)),
      lineOf(1),
      wal(12, 12),
    ).last?.at,
    at(20),
  );
});

test('a backup whose own log is not there is no backup', () => {
  assert.equal(reach([file(1, 4)], lineOf(1), wal(4, 5)).consistent, false);
  assert.equal(reach([file(1, 5)], lineOf(1), wal(4, 5)).consistent, false);
  assert.equal(reach([file(1, 4), file(1, 5)], lineOf(1), wal(4, 5)).consistent, true);
});

test('wherever files are missing, what is reached ends before the first of them, and all of them are counted', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 10, max: 60 })), fc.integer({ min: 1, max: 3 }), (missing, length) => {
      const there = range(5, 60).filter((number) => !missing.includes(number));
      const found = reach(
        there.map((number) => file(1, number)),
        lineOf(1),
        wal(5, 5 + length),
      );
      const [newest, first] = [Math.max(...there), Math.min(...missing, 61)];
      assert.equal(found.last?.at, at(Math.min(first - 1, newest)));
      assert.equal(found.missingCount, missing.filter((number) => number < newest).length);
      assert.equal(found.consistent, true);
    }),
  );
});

test('a timeline is followed from where it left the one before it', () => {
  const line = parseHistory('1\t0/8000028\tno recovery target specified\n', 2);
  assert.ok(line);
  assert.deepEqual([timelineAt(line, 7), timelineAt(line, 8)], [1, 2]);
  const files = [...range(3, 7).map((number) => file(1, number)), ...range(8, 12).map((number) => file(2, number))];
  assert.equal(reach(files, line, wal(4, 5)).last?.file, walName({ timeline: 2, number: 12 }));
});

test('a server that went back to before its parent began has of those between nothing', () => {
  const text = '1\t0/A000000\tx\n2\t0/F000000\tx\n3\t0/11000000\tx\n4\t0/6128208\tbefore 2026-11-23\n';
  const line = parseHistory(text, 5);
  assert.ok(line);
  assert.deepEqual(
    [5, 6, 7, 10, 15, 40].map((number) => timelineAt(line, number)),
    [1, 5, 5, 5, 5, 5],
  );
  const older = [...range(3, 9).map((number) => file(1, number)), ...range(10, 16).map((number) => file(3, number))];
  const files = [...older, ...range(6, 12).map((number) => file(5, number))];
  assert.equal(reach(files, line, wal(4, 5)).last?.file, walName({ timeline: 5, number: 12 }));
  assert.deepEqual(reach(files, line, wal(4, 5)).missing, []);
});

test('a foreign timeline adds nothing to what the server can reach, whatever is in it', () => {
  const own = range(3, 10).map((number) => file(1, number));
  fc.assert(
    fc.property(
      fc.array(fc.record({ timeline: fc.integer({ min: 2, max: 9 }), number: fc.integer({ min: 0, max: 99 }) })),
      (strays) => {
        const files = [...own, ...strays.map(({ timeline, number }) => file(timeline, number))];
        assert.deepEqual(reach(files, lineOf(1), wal(4, 5)), reach(own, lineOf(1), wal(4, 5)));
        assert.deepEqual(
          foreignTimelines(readArchive(files, '15-1'), lineOf(1)),
          [...new Set(strays.map(({ timeline }) => timeline))].toSorted((a, b) => a - b),
        );
      },
    ),
  );
});

test('a backup of another timeline than the line goes through cannot be rolled forward on it', () => {
  const files = range(3, 20).flatMap((number) => [file(1, number), file(2, number)]);
  assert.equal(reach(files, lineOf(2), wal(4, 5)).consistent, false);
  const line = parseHistory('1 0/8000028 x\n', 2);
  assert.ok(line);
  assert.equal(reach(files, line, wal(10, 11)).consistent, false, 'made after the server had left that timeline');
});

test('of another cluster, half files and labels nothing counts', () => {
  const name = walName({ timeline: 1, number: 6 });
  const strays = [
    { path: `15-2/${name.slice(0, 16)}/${name}-${SHA}.zst`, time: at(6) },
    { path: `15-1/${name.slice(0, 16)}/${name}.partial-${SHA}.zst`, time: at(6) },
    { path: `15-1/${name.slice(0, 16)}/${name}.00000028.backup`, time: at(6) },
    { path: `15-1/00000002.history`, time: at(6) },
  ];
  const found = reach([file(1, 4), file(1, 5), ...strays], lineOf(1), wal(4, 4));
  assert.equal(found.last?.at, at(5));
});

test('a history that is none is not believed', () => {
  assert.equal(parseHistory('no such file\n', 2), null);
  assert.equal(parseHistory('3\t0/8000028\tx\n', 2), null);
  assert.deepEqual(parseHistory('# comment\n\n', 1), [{ timeline: 1, until: null }]);
});

test('what goes on beside a line is told: a server that lives on after another one left it, and what is no relation', () => {
  const line: Line = [
    { timeline: 1, until: 5 },
    { timeline: 3, until: null },
  ];
  const beside = (...files: ArchivedFile[]): unknown => besideLine(readArchive(files, '15-1'), line);
  assert.deepEqual(beside(file(1, 4), file(3, 5), file(3, 9)), []);
  assert.deepEqual(beside(file(1, 4), file(1, 5), file(1, 7), file(3, 5), file(2, 4)), [
    { timeline: 1, file: walName({ timeline: 1, number: 7 }), at: at(7) },
    { timeline: 2, file: walName({ timeline: 2, number: 4 }), at: at(4) },
  ]);
});
