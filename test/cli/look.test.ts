// `holdfast snapshots`, `ls`, `find` and `diff`: looking into repositories, with and without a configuration.

import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { modeText } from '../../src/cli/ls.ts';
import { type Ended, fingerprint, type ScratchHost, scratchHost } from '../support/cli.ts';

interface Listed {
  readonly id: string;
  readonly repository: string;
  readonly service: string | null;
  readonly complete: boolean;
  readonly files: number;
}

const json = <Shape>({ stdout, stderr }: Ended): Shape => {
  try {
    return JSON.parse(stdout) as Shape; // the test looks at what it needs
  } catch {
    throw new Error(`not one JSON document: ${stdout}\n${stderr}`);
  }
};

const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1);

/** Two repositories, a service with an odd name in it, two backups, and a snapshot that Holdfast did not make. */
async function filled(t: TestContext): Promise<{ host: ScratchHost; data: string }> {
  const host = scratchHost(t);
  host.addRepository('near', { primary: true });
  host.addRepository('far');
  const data = host.addService('notes', { 'a.txt': 'first', 'sub/b.txt': 'second', 'esc\u001b[31m\n.txt': 'odd' });
  assert.equal((await host.backUp()).code, 0);
  writeFileSync(join(data, 'a.txt'), 'changed');
  writeFileSync(join(data, 'new.txt'), 'new');
  rmSync(join(data, 'sub/b.txt'));
  assert.equal((await host.backUp(['--repository', 'near'])).code, 0);
  await host.restic('near', ['backup', '--quiet', host.path('password')]);
  return { host, data };
}

const list = async (host: ScratchHost, ...args: string[]): Promise<Listed[]> => {
  const ended = await host.run(['--json', 'snapshots', ...args]);
  assert.equal(ended.code, 0, ended.stderr);
  return json<{ snapshots: Listed[] }>(ended).snapshots;
};

test('snapshots lists what Holdfast made, newest first, and the rest when asked; it changes nothing', async (t) => {
  const { host } = await filled(t);
  const before = fingerprint(host.path('near'));
  const own = await list(host);
  assert.deepEqual(
    own.map(({ service, repository, complete, files }) => [service, repository, complete, files]).toSorted(byText),
    [
      ['notes', 'far', true, 3],
      ['notes', 'near', true, 3],
      ['notes', 'near', true, 3],
    ],
  );
  assert.equal((await list(host, '--all')).length, 4 + 2);
  assert.equal((await list(host, 'notes', '--repository', 'far')).length, 1);
  const human = await host.run(['snapshots']);
  assert.match(
    human.stdout,
    /^ID +TIME +SERVICE +REPOSITORY +FILES +SIZE\n[0-9a-f]{8} {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}notes/,
  );
  assert.equal((await host.run(['snapshots', 'notez'])).code, 64);
  assert.deepEqual(
    fingerprint(host.path('near')).filter((line) => !line.startsWith('locks')),
    before.filter((line) => !line.startsWith('locks')),
  );
});

test('a repository that does not answer is told, and the others are listed', async (t) => {
  const { host } = await filled(t);
  renameSync(host.path('far'), host.path('unplugged'));
  const ended = await host.run(['--json', 'snapshots']);
  assert.equal(ended.code, 1);
  const told = json<{ snapshots: Listed[]; errors: { repository: string; error: { code: string } }[] }>(ended);
  assert.equal(told.snapshots.length, 2);
  assert.deepEqual(
    told.errors.map(({ repository, error }) => [repository, error.code]),
    [['far', 'repository-missing']],
  );
  renameSync(host.path('near'), host.path('unplugged too'));
  assert.equal((await host.run(['snapshots'])).code, 2);
});

test('an incomplete snapshot is marked', async (t) => {
  const { host, data } = await filled(t);
  const [newest] = await list(host, '--repository', 'near');
  host.services['notes'] = { backup: { paths: [data, host.path('data/missing')] } };
  assert.equal((await host.backUp(['--repository', 'near'])).code, 1);
  const [partial] = await list(host, '--repository', 'near');
  assert.notEqual(partial?.id, newest?.id);
  assert.equal(partial?.complete, false);
  assert.match((await host.run(['snapshots'])).stdout, /incomplete/);
  const restored = await host.run(['--json', 'restore', 'notes', '--to', host.path('out')]);
  assert.match(restored.stdout, new RegExp(String(newest?.id)), 'the newest complete one is restored');
  assert.match(restored.stdout, /is incomplete/);
});

test('ls shows everything of a snapshot or one directory, names escaped, and says when there is nothing', async (t) => {
  const { host, data } = await filled(t);
  const [newest] = await list(host, '--repository', 'near');
  const all = await host.run(['ls', 'notes']);
  assert.equal(all.code, 0, all.stderr);
  assert.match(all.stdout, /^-rw-r--r-- .* {2}\S+\/new\.txt$/m);
  assert.ok(all.stdout.includes('esc\\x1b[31m\\x0a.txt') && !all.stdout.includes('\u001b'));
  const part = await host.run(['--json', 'ls', String(newest?.id.slice(0, 6)), data]);
  const { entries } = json<{ entries: { path: string; size: number }[] }>(part);
  assert.deepEqual(
    entries.map(({ path, size }) => [path, size]),
    [
      [data, 0],
      [join(data, 'a.txt'), 7],
      [join(data, 'esc\u001b[31m\n.txt'), 3],
      [join(data, 'new.txt'), 3],
      [join(data, 'sub'), 0],
    ],
  );
  assert.equal((await host.run(['ls', 'notes', '/nothing'])).code, 2);
  const missing = await host.run(['ls', 'ffffffff']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /hint: /);
});

test('find tells in which snapshots a file is, the same file once', async (t) => {
  const { host, data } = await filled(t);
  const ended = await host.run(['--json', 'find', 'a.txt', '--service', 'notes']);
  assert.equal(ended.code, 0, ended.stderr);
  const { matches } = json<{ matches: { path: string; repository: string; size: number }[] }>(ended);
  assert.deepEqual(matches.map(({ path, repository, size }) => [path, repository, size]).toSorted(byText), [
    [join(data, 'a.txt'), 'far', 5],
    [join(data, 'a.txt'), 'near', 5],
    [join(data, 'a.txt'), 'near', 7],
  ]);
  const human = await host.run(['find', 'new.*']);
  assert.match(human.stdout, /new\.txt/);
  const nothing = await host.run(['find', 'nonsense']);
  assert.deepEqual([nothing.code, nothing.stdout], [0, 'Nothing matches.\n']);
  assert.equal((await host.run(['find', 'x', '--service', 'notez'])).code, 64);
});

test('diff tells what was added, removed and changed, within one repository', async (t) => {
  const { host, data } = await filled(t);
  const [newer, older] = await list(host, '--repository', 'near');
  const [elsewhere] = await list(host, '--repository', 'far');
  const ended = await host.run(['--json', 'diff', String(older?.id), String(newer?.id)]);
  assert.equal(ended.code, 0, ended.stderr);
  const { changes, changedFiles } = json<{ changes: { path: string; modifier: string }[]; changedFiles: number }>(ended);
  assert.deepEqual(
    changes.map(({ path, modifier }) => [modifier, path]),
    [
      ['M', join(data, 'a.txt')],
      ['+', join(data, 'new.txt')],
      ['-', join(data, 'sub/b.txt')],
    ],
  );
  assert.equal(changedFiles, 1);
  const told = await host.run(['diff', String(older?.id), String(newer?.id)]);
  assert.match(told.stdout, /^[-+M].*\n\n\w{8} -> \w{8}: 1 file modified\nadded    1 file, 0 directories/ms);
  assert.match((await host.run(['diff', 'notes', 'notes'])).stdout, /^\w{8} -> \w{8}: 0 files modified\n/);
  const apart = await host.run(['diff', String(elsewhere?.id), String(newer?.id)]);
  assert.equal(apart.code, 2);
  assert.match(apart.stderr, /no repository holds both/);
});

test('looking works without a configuration', async (t) => {
  const { host } = await filled(t);
  const from = ['--url', host.path('far'), '--password-file', host.path('password')];
  rmSync(host.stateDir, { recursive: true });
  for (const args of [['snapshots'], ['ls', 'notes'], ['find', 'a.txt']]) {
    const ended = await host.run([...args, ...from]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /notes|a\.txt/);
  }
  assert.equal((await host.run(['snapshots', '--url', '/x'])).code, 64);
  assert.equal((await host.run(['snapshots', '--url', 'nonsense', '--password-file', '/x'])).code, 64);
});

test('modes are written as ls writes them', () => {
  assert.equal(modeText({ type: 'file', mode: 0o4755 }), '-rwsr-xr-x');
  assert.equal(modeText({ type: 'dir', mode: 0o1777 }), 'drwxrwxrwt');
  assert.equal(modeText({ type: 'fifo', mode: 0o2640 }), 'prw-r-S---');
});
