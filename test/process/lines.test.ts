import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter, MAX_LINE } from '../../src/process/lines.ts';
import { computedSince } from '../support/cpu-time.ts';

function split(chunks: readonly Buffer[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.write(chunk);
  splitter.end();
  return lines;
}

test('lines are the same wherever the chunks are cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\n', '\r', ' ') });
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 60 }), { maxLength: 8 }), (whole, cuts) => {
      const bytes = Buffer.from(whole);
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
      const expected = whole.split(/\r?\n|\r/);
      if (expected.at(-1) === '') expected.pop();
      assert.deepEqual(split(chunks), expected);
    }),
    { numRuns: 1000 },
  );
});

test('a last line without a newline is a line', () => assert.deepEqual(split([Buffer.from('a\nb')]), ['a', 'b']));

test('an endless line is cut, in a time that does not grow with its square, and the next line is whole', () => {
  const chunk = Buffer.alloc(65_536, 'x');
  const begin = process.cpuUsage();
  const lines = split([...Array.from({ length: 1600 }, () => chunk), Buffer.from('\nnext\n')]); // 100 MiB
  assert.deepEqual(
    lines.map(({ length }) => length),
    [MAX_LINE, 4],
  );
  assert.ok(computedSince(begin) < 10_000);
});
