import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { BASE, makeFolder } from '../config/support/files.ts';

const root = resolve(import.meta.dirname, '../..');
const forge = join(root, 'docs/forge.yaml');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function holdfast(args: readonly string[], options: { cwd?: string; stdin?: string } = {}): Promise<Ended> {
  const { promise, resolve: end } = Promise.withResolvers<Ended>();
  const env = { ...process.env, HOLDFAST_CONFIG: '', HOME: '/nonexistent', XDG_CONFIG_HOME: '' };
  const child = execFile(
    process.execPath,
    [join(root, 'src/main.ts'), ...args],
    { cwd: options.cwd ?? root, env },
    (error, out, err) => end({ code: error === null ? 0 : Number(error.code), out, err }),
  );
  child.stdin?.end(options.stdin ?? '');
  return promise;
}

test('config check accepts the whole host of docs/forge.yaml', async () => {
  const { code, out, err } = await holdfast(['--config', forge, 'config', 'check']);
  assert.equal(code, 0, err);
  assert.match(out, /forge\.yaml: in order, with 6 services and 2 repositories, but 3 warnings\n$/);
  assert.match(err, /^warning: .*forge\.yaml:53:5: services\.plex\.backup: /);
});

test('config check reads standard input', async () => {
  const { code, out } = await holdfast(['--config', '-', 'config', 'check'], { stdin: readFileSync(forge, 'utf8') });
  assert.equal(code, 0);
  assert.match(out, /^<standard input>: in order, with 6 services/);
});

test('config check tells every problem with its place on standard error and exits with 78', async () => {
  using folder = makeFolder({
    'holdfast.yaml': `${BASE}hosts: 1\nservices:\n\ta: {}\n`,
    'two.yaml': `${BASE}hsot: 1\nservices: {a: {backup: {paths: [a]}}}\n`,
  });
  const tab = await holdfast(['config', 'check'], { cwd: folder.path });
  assert.deepEqual([tab.code, tab.out], [78, '']);
  assert.match(tab.err, /^error: .*holdfast\.yaml:9:1: a tab is used for indentation; YAML wants spaces\nhint: /);
  const two = await holdfast(['--config', 'two.yaml', 'config', 'check'], { cwd: folder.path });
  assert.equal(two.code, 78);
  assert.match(
    two.err,
    /^error: 2 problems:\n.*two\.yaml:7:1: hsot: .*'host'\?\n.*two\.yaml:8:33: services\.a\.backup\.paths\[0\]: .*\nhint: /,
  );
});

test('config check --json answers with one document, right or wrong', async () => {
  using folder = makeFolder({ 'holdfast.yaml': `${BASE}hsot: 1\n` });
  const { code, out } = await holdfast(['--json', 'config', 'check'], { cwd: folder.path });
  assert.equal(code, 78);
  const answer: unknown = JSON.parse(out);
  assert.partialDeepStrictEqual(answer, {
    schemaVersion: 1,
    valid: false,
    exitCode: 78,
    errors: [{ line: 7, column: 1, path: 'hsot' }],
  });
});

test('no configuration at all exits with 78 and says where it was looked for', async () => {
  using folder = makeFolder();
  const { code, err } = await holdfast(['--config', 'gone.yaml', 'config', 'check'], { cwd: folder.path });
  assert.equal(code, 78);
  assert.match(err, /gone\.yaml: there is no such file/);
});

test('config show prints a configuration that config check accepts', async () => {
  const shown = await holdfast(['--config', forge, 'config', 'show']);
  assert.equal(shown.code, 0, shown.err);
  assert.match(shown.out, /^# yaml-language-server: \$schema=/);
  assert.match(shown.out, /^ {6}timeout: 45m +# defaults \(forge\.yaml:29\)$/m);
  const checked = await holdfast(['--config', '-', 'config', 'check'], { stdin: shown.out });
  assert.equal(checked.code, 0, checked.err);
});

test('config show --json is one document with values and origins', async () => {
  const { out } = await holdfast(['--json', '--config', forge, 'config', 'show']);
  const answer: unknown = JSON.parse(out);
  assert.partialDeepStrictEqual(answer, {
    schemaVersion: 1,
    configuration: { host: 'forge', services: { plex: { backup: { frequency: 'weekly' } } } },
    origins: { 'services.plex.backup.frequency': 'forge.yaml:58' },
  });
});

test('config schema needs no configuration and prints JSON Schema', async () => {
  using folder = makeFolder();
  const { code, out } = await holdfast(['config', 'schema'], { cwd: folder.path });
  assert.equal(code, 0);
  const answer: unknown = JSON.parse(out);
  assert.partialDeepStrictEqual(answer, {
    $id: 'urn:holdfast:config:1',
    type: 'object',
    required: ['version'],
  });
});
