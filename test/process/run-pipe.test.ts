// Two commands in a pipe: what goes through is counted and held back, and neither outlives the other.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration } from '../../src/domain/duration.ts';
import type { Rate } from '../../src/domain/rate.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { Meter, Pace } from '../../src/process/meter.ts';
import { type PipeOptions, runPipe } from '../../src/process/run-pipe.ts';
import type { Command } from '../../src/process/run-process.ts';

const shell = (script: string): Command => ({ argv: ['sh', '-c', script], operation: 'test', subject: 'the pipe' });
const calm = (changes: Partial<PipeOptions> = {}): PipeOptions => ({
  signal: new AbortController().signal,
  stall: duration(30, 's'),
  ...changes,
});

test('everything goes through, in order, and is counted', async () => {
  const sums: number[] = [];
  const { writer, reader, bytes } = await runPipe(
    shell('head -c 20000000 /dev/zero; echo end; echo said >&2'),
    shell('wc -c; echo heard >&2'),
    calm({ onBytes: (sum) => sums.push(sum) }),
  );
  assert.equal(reader.stdout.trim(), '20000004');
  assert.equal(bytes, 20_000_004);
  assert.equal(sums.at(-1), 20_000_004);
  assert.deepEqual([writer?.exitCode, writer?.stderrTail, reader.stderrTail], [0, ['said'], ['heard']]);
});

test('a reader that takes its time gets all of what a writer left behind that ended long before', async () => {
  const { reader } = await runPipe(shell('head -c 3000000 /dev/zero'), shell('sleep 3; wc -c'), calm());
  assert.equal(reader.stdout.trim(), '3000000');
});

test('a reader that ends first ends a writer that would never', { timeout: 60_000 }, async () => {
  const { writer, reader } = await runPipe(shell('yes'), shell('head -c 10 >/dev/null; echo full >&2; exit 3'), calm());
  assert.equal(writer, null);
  assert.deepEqual([reader.exitCode, reader.stderrTail], [3, ['full']]);
  const silent = await runPipe(shell('exec sleep 1000'), shell('exit 4'), calm());
  assert.deepEqual([silent.writer, silent.reader.exitCode], [null, 4]);
});

test('of a writer that fails both are told', async () => {
  const { writer, reader } = await runPipe(shell('echo half; echo lost >&2; exit 5'), shell('cat; exit 6'), calm());
  assert.deepEqual([writer?.exitCode, writer?.stderrTail, reader.exitCode, reader.stdout], [5, ['lost'], 6, 'half\n']);
});

test('a cancellation ends both, and its reason is what is thrown', { timeout: 60_000 }, async () => {
  const controller = new AbortController();
  const reason = new HoldfastError({ code: 'interrupted', operation: 'run', subject: 'SIGTERM', message: 'enough' });
  await assert.rejects(
    runPipe(
      shell('while :; do echo x; done'),
      shell('exec cat >/dev/null'),
      calm({ signal: controller.signal, onBytes: () => controller.abort(reason) }),
    ),
    reason,
  );
});

test('where nothing goes through any more both are ended, with what they said', { timeout: 60_000 }, async () => {
  await assert.rejects(
    runPipe(shell('echo x; exec sleep 1000'), shell('echo waiting >&2; cat >/dev/null'), calm({ stall: duration(1, 's') })),
    (error) => error instanceof HoldfastError && error.code === 'timed-out',
  );
});

test('a program that is missing ends the other', { timeout: 60_000 }, async () => {
  const missing: Command = { argv: ['no-such-program-here'], operation: 'test', subject: 'the pipe' };
  const isMissing = (error: unknown): boolean => error instanceof HoldfastError && error.code === 'tool-missing';
  await assert.rejects(runPipe(missing, shell('cat'), calm()), isMissing);
  await assert.rejects(runPipe(shell('yes'), missing, calm()), isMissing);
});

test('a rate is never exceeded by more than a moment, whatever the pieces are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 }), async (pieces) => {
      const meter = new Meter({ pace: new Pace(200_000 as Rate) });
      const begin = performance.now();
      meter.resume();
      for (const piece of pieces) meter.write(Buffer.alloc(piece));
      meter.end();
      await once(meter, 'end');
      const total = pieces.reduce((sum, piece) => sum + piece, 0);
      assert.equal(meter.bytes, total);
      assert.ok(performance.now() - begin >= (total / 200_000) * 1000 - 55);
    }),
    { numRuns: 10 },
  );
});

test('a rate that is shared holds for all together', async () => {
  const pace = new Pace(200_000 as Rate);
  const begin = performance.now();
  const meters = [new Meter({ pace }), new Meter({ pace })];
  for (const meter of meters) {
    meter.resume();
    meter.end(Buffer.alloc(30_000));
  }
  await Promise.all(meters.map((meter) => once(meter, 'end')));
  assert.ok(performance.now() - begin >= 245);
});
