// Green is proven: whatever a program prints, it passes for success only with what restic's contract promises.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { BackupOutput } from '../../../src/tools/restic/backup.ts';
import { parseConfig } from '../../../src/tools/restic/cat-config.ts';
import { classifyFailure } from '../../../src/tools/restic/classify.ts';
import { DiffOutput } from '../../../src/tools/restic/diff.ts';
import { parseFind } from '../../../src/tools/restic/find.ts';
import { parseInit } from '../../../src/tools/restic/init.ts';
import { parseLock, parseLockIds } from '../../../src/tools/restic/locks.ts';
import { LsOutput } from '../../../src/tools/restic/ls.ts';
import { parsePrune } from '../../../src/tools/restic/prune.ts';
import { RestoreOutput } from '../../../src/tools/restic/restore.ts';
import { parseSnapshots } from '../../../src/tools/restic/snapshots.ts';
import { parseVersion } from '../../../src/tools/restic/version.ts';
import { recording } from './recordings.ts';

const types = [
  'status',
  'summary',
  'error',
  'node',
  'snapshot',
  'change',
  'statistics',
  'version',
  'initialized',
  'exit_error',
];
const keys = [
  'snapshot_id',
  'percent_done',
  'error',
  'item',
  'id',
  'time',
  'path',
  'message',
  'code',
  'total_files',
  'version',
  'added',
];
const message = fc
  .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()))
  .map(([type, rest]) => JSON.stringify({ ...rest, message_type: type }));
const line = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), message);
const lines = fc.array(line, { maxLength: 8 });

/** Either it was understood, or it is 'tool-output'; nothing else may come out. */
function understoodOrRefused(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof HoldfastError, String(error));
    assert.equal(error.code, 'tool-output');
  }
}

interface Output {
  readonly line: (line: string) => void;
  readonly errorLine?: (line: string) => void;
  summary(exitCode: number, verify: boolean): unknown;
}
const streamed: Readonly<Record<string, () => Output>> = {
  backup: () => new BackupOutput('nas', () => {}),
  restore: () => new RestoreOutput('nas', () => {}),
  ls: () => new LsOutput('nas', () => {}),
  diff: () => new DiffOutput('nas', () => {}),
};
for (const [name, make] of Object.entries(streamed)) {
  test(`arbitrary lines never throw anything else from ${name}`, () => {
    fc.assert(
      fc.property(lines, lines, (out, errors) => {
        const output = make();
        out.forEach(output.line);
        errors.forEach((each) => output.errorLine?.(each));
        understoodOrRefused(() => output.summary(0, true));
      }),
      { numRuns: 300 },
    );
  });
}

const documents: Readonly<Record<string, (text: string) => unknown>> = {
  snapshots: (text) => parseSnapshots(text, 'nas'),
  find: (text) => parseFind(text, 'nas'),
  init: (text) => parseInit(text, 'nas'),
  config: (text) => parseConfig(text, 'nas'),
  prune: (text) => parsePrune(text, 'nas'),
  version: (text) => parseVersion(text, 'nas'),
  locks: (text) => parseLockIds(text, 'nas'),
  lock: (text) => parseLock('0', text, 'nas'),
};
for (const [name, parse] of Object.entries(documents)) {
  test(`an arbitrary answer never throws anything else from ${name}`, () => {
    fc.assert(
      fc.property(lines, (each) => understoodOrRefused(() => parse(each.join('\n')))),
      { numRuns: 300 },
    );
  });
}

test('any standard error and exit code becomes one typed error', () => {
  fc.assert(
    fc.property(lines, fc.option(fc.integer({ min: 1, max: 255 })), (stderrTail, exitCode) => {
      const error = classifyFailure({ operation: 'back up', subject: 'nas', exitCode, stderrTail });
      assert.ok(error.message.trim() !== '' && error.hint);
    }),
    { numRuns: 500 },
  );
});

const good = recording('0.18.0', 'backup').lines;
const summaryLine = good.at(-1) ?? '';
const refused = (printed: readonly string[], exitCode = 0): HoldfastError => {
  const output = new BackupOutput('nas');
  printed.forEach(output.line);
  try {
    output.summary(exitCode);
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it passed for a success' });
};

test('a backup that exits with 0 and prints no summary is not a success', () => {
  assert.equal(refused(good.slice(0, -1)).code, 'tool-output');
  assert.equal(refused([]).code, 'tool-output');
});

test('a summary without a full snapshot id is not a success', () => {
  for (const id of ['', 'abcdef12', 'g'.repeat(64), 'a'.repeat(65)]) {
    assert.equal(refused([summaryLine.replace(/"snapshot_id":"[^"]*"/, `"snapshot_id":"${id}"`)]).code, 'tool-output');
  }
  assert.equal(refused([summaryLine.replace(/,"snapshot_id":"[^"]*"/, '')]).code, 'tool-output');
});

test('garbage beside a proper summary is tolerated, garbage alone is quoted', () => {
  const output = new BackupOutput('nas');
  ['warning: something', summaryLine].forEach(output.line);
  assert.equal(output.summary(0).incomplete, false);
  assert.match(refused(['hello, I am not restic']).message, /hello, I am not restic/);
});

test('exit code 3 is incomplete even when no file is named', () => {
  const output = new BackupOutput('nas');
  output.line(summaryLine);
  assert.equal(output.summary(3).incomplete, true);
});

test('a restore that names a failed file is incomplete, even with full figures and exit code 0', () => {
  const output = new RestoreOutput('nas');
  output.errorLine('{"message_type":"error","error":{"message":"no"},"during":"restore","item":"/f"}');
  output.line('{"message_type":"summary","total_files":2,"files_restored":2,"total_bytes":9,"bytes_restored":9}');
  const summary = output.summary(0, true);
  assert.deepEqual([summary.incomplete, summary.verified], [true, false]);
});

test('a restore that accounts for fewer files than there are is incomplete', () => {
  const output = new RestoreOutput('nas');
  output.line(
    '{"message_type":"summary","total_files":3,"files_restored":2,"files_skipped":5,"total_bytes":9,"bytes_restored":9}',
  );
  assert.equal(output.summary(0, true).incomplete, true);
});

test('a million unreadable files do not fill the memory, and all are counted', () => {
  const output = new BackupOutput('nas');
  for (let index = 0; index < 3000; index += 1) {
    output.errorLine(
      JSON.stringify({ message_type: 'error', error: { message: 'no' }, during: 'archival', item: `/f${index}` }),
    );
  }
  output.line(summaryLine);
  const summary = output.summary(3);
  assert.deepEqual([summary.unreadable.length, summary.unreadableCount], [1000, 3000]);
});

test('half a listing does not pass for the whole', () => {
  const recorded = recording('0.18.0', 'ls').lines;
  const cut = new LsOutput('nas', () => {});
  [...recorded.slice(0, 3), (recorded[3] ?? '').slice(0, 40)].forEach(cut.line);
  assert.throws(() => cut.summary(), { code: 'tool-output' });
  const headless = new LsOutput('nas', () => {});
  recorded.slice(1).forEach(headless.line);
  assert.throws(() => headless.summary(), { code: 'tool-output' });
});
