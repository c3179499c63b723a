import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration, readConfiguration } from '../../src/config/load.ts';
import { ConfigurationError } from '../../src/config/problems.ts';
import { exitCodeOf } from '../../src/domain/exit-code.ts';
import { interruption } from '../../src/lib/interruption.ts';
import { computedSince } from '../support/cpu-time.ts';
import { assertSays, BASE, errorsOf, makeFolder, read } from './support/files.ts';

const KIB = 1024;

const NOT_YAML: readonly (readonly [name: string, text: string, says: readonly string[]])[] = [
  [
    'a tab as indentation is named as such',
    'version: 1\nrepositories:\n\tnas: {}\n',
    ['3:1 : a tab is used for indentation'],
  ],
  [
    'a key that is written twice is an error that names both lines',
    'version: 1\nhost: a\nversion: 1\n',
    ["3:1 version: the key 'version' is written twice, first in line 1"],
  ],
  ['an anchor that contains itself is an error', 'version: 1\nhost: &a [x, *a]\n', ['2:14 host[1]: *a stands inside of &a']],
  [
    'an anchor that contains itself through a merge is an error',
    'version: 1\ndefaults: &a\n  <<: *a\n',
    ['*a stands inside of &a'],
  ],
  ['an alias without an anchor is an error', 'version: 1\nhost: *nobody\n', ['2:7 host: there is no anchor &nobody']],
  ['a tag is an error', 'version: 1\nhost: !secret x\n', ['2:7 : unknown tag !secret']],
  ['a second document is an error', 'version: 1\n---\nversion: 1\n', ['a second document starts here']],
  ['an unclosed bracket is an error with its place', 'version: 1\nhost: [\n', ['not valid YAML']],
  ['an empty file is told', '', ['-:- : the file is empty']],
  ['a file of comments alone is told', '# nothing\n', ['the file is empty']],
  ['a list is not a configuration', '- a\n- b\n', ['1:1 : this is not a configuration']],
  ['a text is not a configuration', 'hello\n', ['this is not a configuration']],
  [
    'another version of the format is refused in one sentence',
    'version: 2\nrepos: {}\n',
    ['1:1 version: expected 1, found 2'],
  ],
  ['the version as text is refused', 'version: "1"\n', ['expected 1, found "1"']],
  ['a missing version says what to write', 'host: x\n', ["version: is missing: write 'version: 1'"]],
  ['a misspelt version is recognised', 'verson: 1\n', ["did you mean it by 'verson'?"]],
  ['a key that is a list is an error', 'version: 1\n[a, b]: 1\n', ['a key must be text']],
  [
    'a service that would vanish because of its name is refused',
    `${BASE}services:\n  __proto__: {backup: {paths: [/a]}}\n`,
    ["'__proto__' cannot be a key"],
  ],
];

for (const [name, text, says] of NOT_YAML) {
  test(name, async () => {
    assertSays(await errorsOf(text), says);
  });
}

test('aliases that unfold to gigabytes are refused at once', async () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(', ')}]`,
  );
  const started = performance.now();
  assertSays(await errorsOf(`a0: &a0 [x, x]\n${levels.join('\n')}\n`), ['unfold to far too much data']);
  assert.ok(performance.now() - started < 3000, 'without unfolding them');
});

test('some aliases are ordinary', async () => {
  const services = Array.from(
    { length: 50 },
    (_, index) => `  s${index}: {backup: {paths: [/srv/${index}], retention: *keep}}`,
  );
  assert.deepEqual(
    await errorsOf(`${BASE}defaults: {retention: &keep {daily: 3}}\nservices:\n${services.join('\n')}\n`),
    [],
  );
});

test('a file of megabytes is refused by its size', async () => {
  for (const content of ['x'.repeat(10 * KIB * KIB), '['.repeat(KIB * KIB), 'a: 1\n'.repeat(200 * KIB)]) {
    assertSays(await errorsOf(content), ['larger than 512 KiB']);
  }
});

test('the largest nonsense that is read at all is refused, and does not end the process', async () => {
  const nonsense = ['[', '{a: ', '- ', '? ', ': ', '"', '&a ', '*a ', '\t', ',', '|\n', '%', '\u{1F600}'];
  for (const piece of nonsense) {
    const errors = await errorsOf(piece.repeat(Math.floor((64 * KIB) / Buffer.byteLength(piece))));
    assert.ok(errors.length > 0 && errors.length <= 20, `${JSON.stringify(piece)}: ${errors.length} problems`);
    assert.ok(
      errors.every((text) => text.length < 600),
      `${JSON.stringify(piece)} is told in short`,
    );
  }
});

test('a map of tens of thousands of keys is read in linear time', async () => {
  const keys = Array.from({ length: 40_000 }, (_, index) => `k${index}: 1`).join('\n');
  const begin = process.cpuUsage();
  assertSays(await errorsOf(keys), ['version: is missing']);
  assert.ok(computedSince(begin) < 8000, 'the square of it would be minutes');
});

test('a binary file and one that is not UTF-8 are told apart from bad YAML', async () => {
  assertSays(await errorsOf(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0])), ['this is a binary file']);
  assertSays(await errorsOf(Buffer.from([0x61, 0xff, 0xfe])), ['this is not text in UTF-8']);
});

test('a byte order mark and JSON with tabs are read', async () => {
  assert.deepEqual(await errorsOf(`\uFEFF${BASE}`), []);
  const json = { version: 1, repositories: { nas: { url: '/mnt/restic', passwordFile: '/run/password' } } };
  assert.deepEqual(await errorsOf(JSON.stringify(json, null, '\t')), []);
});

test('a directory, a missing file and an unreadable one are told as such', async () => {
  using folder = makeFolder({ 'holdfast.yaml': BASE });
  mkdirSync(`${folder.path}/directory`);
  const problemOf = async (file: string): Promise<string | undefined> =>
    (await readConfiguration({ file, cwd: folder.path, env: {}, isRoot: true })).errors[0]?.message;
  assert.equal(await problemOf('directory'), 'this is a directory, not a file');
  assert.equal(await problemOf('nowhere.yaml'), 'there is no such file');
  assert.equal(await problemOf('holdfast.yaml/inner.yaml'), 'there is no such file');
  if (process.getuid?.() !== 0) {
    chmodSync(`${folder.path}/holdfast.yaml`, 0);
    assert.equal(await problemOf('holdfast.yaml'), 'it may not be read by this user');
  }
});

test('what is wrong in a file of services.d is told with that file, together with the rest', async () => {
  const { errors } = await read(`${BASE}hsot: x\n`, {
    'a.yaml': 'services: {\n',
    'b.yaml': 'servces: {}\n',
    'c.yaml': '\0',
  });
  assert.deepEqual(
    errors.map(({ file }) => file.replace(/.*\//, '')),
    ['holdfast.yaml', 'a.yaml', 'b.yaml', 'b.yaml', 'c.yaml'],
  );
});

test('a configuration that cannot be used is one error with exit code 78, a hint, and no stack trace in it', async () => {
  using folder = makeFolder({ 'holdfast.yaml': 'version: 1\nrepositories: {}\nhsot: x\n' });
  await assert.rejects(loadConfiguration({ file: 'holdfast.yaml', cwd: folder.path, env: {}, isRoot: true }), (error) => {
    assert.ok(error instanceof ConfigurationError);
    assert.equal(exitCodeOf(error.code), 78);
    assert.equal(error.problems.length, 2);
    assert.match(
      error.message,
      /^2 problems:\n.*holdfast\.yaml:2:1: repositories: .*\n.*holdfast\.yaml:3:1: hsot: .*'host'/,
    );
    assert.match(error.hint ?? '', /holdfast config check/);
    assert.doesNotMatch(error.message, /\bat .*\.ts:\d+/);
    return true;
  });
});

test('what a terminal would obey is shown, not obeyed, and a problem stays on its line', async () => {
  const errors = await errorsOf(`${BASE}"a\\nb\\e[31m": 1\ndefaults: {timeout: "\\e]0;x\\a\\n"}\n`);
  assertSays(errors, ["unknown key 'a\\u{a}b\\u{1b}[31m'", "found '\\u{1b}]0;x\\u{7}\\u{a}'"]);
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  assert.doesNotMatch(errors.join(''), /[\u0000-\u001F]/);
});

test('what is not a regular file is refused in services.d, and the directory must be one', async () => {
  using folder = makeFolder({ 'holdfast.yaml': BASE, 'services.d/a.yaml': 'services: {}\n', 'other/holdfast.yaml': BASE });
  execFileSync('mkfifo', [`${folder.path}/services.d/pipe.yaml`]);
  const problemsOf = async (file: string): Promise<string[]> =>
    (await readConfiguration({ file, cwd: folder.path, env: {}, isRoot: true })).errors.map(
      (error) => `${error.file.slice(folder.path.length)}: ${error.message}`,
    );
  assert.deepEqual(await problemsOf('holdfast.yaml'), ['/services.d/pipe.yaml: this is not a regular file']);
  folder.write('other/services.d', '');
  assert.deepEqual(await problemsOf('other/holdfast.yaml'), [
    '/other/services.d: this is not a directory; files with services belong into one',
  ]);
});

test('the main file may come through a pipe, and waiting for it ends with the signal', async () => {
  using folder = makeFolder({ 'holdfast.yaml': BASE });
  const pipe = `${folder.path}/pipe`;
  execFileSync('mkfifo', [pipe]);
  const stop = new AbortController();
  const load = (): Promise<Configuration> =>
    loadConfiguration({ file: pipe, cwd: folder.path, env: {}, isRoot: true, signal: stop.signal });
  const writer = spawn('cp', [`${folder.path}/holdfast.yaml`, pipe], { stdio: 'ignore' });
  assert.equal((await load()).host, 'forge');
  if (writer.exitCode === null) await once(writer, 'exit');
  const waiting = load();
  setImmediate(() => stop.abort(interruption('SIGINT')));
  await assert.rejects(waiting, { code: 'interrupted' });
});
