import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import { publishFile } from '../../../src/engine/metrics/publish-file.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';

function scratch(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-textfile-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const publish = (file: string, text = 'a 1\n'): Promise<void> =>
  publishFile({ file, text, operation: 'write metrics to', now: Date.now() as Instant });

async function refusal(file: string): Promise<HoldfastError> {
  const error: unknown = await publish(file).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HoldfastError, String(error));
  return error;
}

test('the file is readable for everybody, whatever the umask, and nothing else is left', async (context) => {
  const directory = scratch(context);
  const before = process.umask(0o077);
  context.after(() => process.umask(before));
  await publish(join(directory, 'holdfast.prom'));
  await publish(join(directory, 'holdfast.prom'), 'a 2\n');
  assert.deepEqual(readdirSync(directory), ['holdfast.prom']);
  assert.equal(readFileSync(join(directory, 'holdfast.prom'), 'utf8'), 'a 2\n');
  assert.equal(statSync(join(directory, 'holdfast.prom')).mode & 0o777, 0o644);
});

test('many writers at once leave one whole file', async (context) => {
  const file = join(scratch(context), 'holdfast.prom');
  const texts = Array.from({ length: 20 }, (_, index) => `a ${index}\n`.repeat(2000));
  await Promise.all(texts.map((text) => publish(file, text)));
  assert.ok(texts.includes(readFileSync(file, 'utf8')));
});

test('what a writer left that died is taken away after an hour, and nothing that is not its own', async (context) => {
  const directory = scratch(context);
  const names = ['.holdfast.prom.draft-0123456789ab', '.holdfast.prom.draft-young', '.other.prom.draft-0123456789ab'];
  for (const name of names) writeFileSync(join(directory, name), '');
  for (const name of [names[0] ?? '', names[2] ?? '']) utimesSync(join(directory, name), 1, 1);
  await publish(join(directory, 'holdfast.prom'));
  assert.deepEqual(new Set(readdirSync(directory)), new Set([...names.slice(1), 'holdfast.prom']));
});

test('a directory that is missing is named, and not made', async (context) => {
  const directory = scratch(context);
  const error = await refusal(join(directory, 'gone', 'holdfast.prom'));
  assert.equal(error.message, `the directory ${directory}/gone does not exist`);
  assert.deepEqual(readdirSync(directory), []);
});

test('a directory in which nothing can be written is named, and the file there stays', async () => {
  const error = await refusal('/proc/holdfast.prom');
  assert.match(error.message, /cannot write to \/proc|does not exist|not permitted/);
  assert.match(error.hint ?? '', /Nothing was written/);
});

test('a directory, a link and a parent that is a file are refused', async (context) => {
  const directory = scratch(context);
  writeFileSync(join(directory, 'file'), 'kept');
  symlinkSync('file', join(directory, 'link'));
  mkdirSync(join(directory, 'directory'));
  assert.equal((await refusal(join(directory, 'directory'))).message, 'it is no ordinary file');
  assert.equal((await refusal(join(directory, 'link'))).message, 'it is a symbolic link');
  assert.equal((await refusal(join(directory, 'file', 'a.prom'))).message, `${directory}/file is no directory`);
  assert.equal(readFileSync(join(directory, 'file'), 'utf8'), 'kept');
});
