// A machine is lost. On another one, with nothing but the repositories and the passwords: its configuration comes back, then
// everything that it kept.

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { configurationTag } from '../../src/domain/naming.ts';
import { type Ended, fingerprint, listFiles, type ScratchHost, scratchHost } from '../support/cli.ts';

interface Machine {
  readonly host: ScratchHost;
  /** Where the configuration is written on the new machine. */
  readonly file: string;
  /** On the new machine: with a home and a state of its own. */
  readonly on: (args: readonly string[]) => Promise<Ended>;
}

const SERVICES = ['photos', 'notes', 'wiki'];

/** Backed up into two repositories, and lost but for these and the password. */
async function lostMachine(t: TestContext): Promise<Machine & { readonly before: readonly string[] }> {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far', { location: 'offsite' });
  host.addService('photos', { '2026/a.jpg': new Uint8Array(100_000).fill(7), 'empty.txt': '' });
  host.addService('notes', { 'a.md': '# a', 'sub/b.md': '# b' });
  host.addService('wiki', { 'page ü.txt': 'page' });
  host.services['wiki'] = { ...host.services['wiki'], protection: { class: 'critical' } };
  host.configure({ stateDir: undefined });
  chmodSync(host.path('data/notes/sub'), 0o750);
  const state = host.path('old-state');
  const { code, stderr } = await host.run(['--state-dir', state, 'run']);
  assert.equal(code, 0, stderr);
  const before = treeOf(host.path('data'));
  for (const lost of ['data', 'home', 'old-state']) rmSync(host.path(lost), { recursive: true });
  mkdirSync(host.path('new-home'));
  mkdirSync(host.path('data'));
  const file = host.path('new-home/.config/holdfast/holdfast.yaml');
  const env = { HOME: host.path('new-home'), HOLDFAST_CONFIG: file, XDG_STATE_HOME: host.path('new-state') };
  // without --config, which the scratch host gives: the new machine has none
  const on = (args: readonly string[]): Promise<Ended> =>
    host.run(['--config', file, '--state-dir', host.path('new-state'), ...args], { env });
  return { host, file, on, before };
}

/** Names, kinds, modes, times and content. */
const treeOf = (directory: string): string[] =>
  listFiles(directory).map((name) => {
    const stats = statSync(join(directory, name));
    const content = stats.isFile() ? readFileSync(join(directory, name), 'base64') : '';
    return `${name} ${stats.mode.toString(8)} ${stats.isFile() ? stats.mtimeMs : ''} ${content}`;
  });

const from = (host: ScratchHost, repository = 'near'): string[] => [
  'bootstrap',
  '--from',
  host.path(repository),
  '--password-file',
  host.path('password'),
];

test('bootstrap, config check, recover --all: everything is as it was, and status says so', async (t) => {
  const { host, file, on, before } = await lostMachine(t);
  const dry = await on([...from(host), '--dry-run']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.ok(!existsSync(file));
  const back = await on(from(host));
  assert.equal(back.code, 0, back.stderr);
  assert.match(back.stdout, /near \(at the address that is configured\)/);
  assert.match(back.stderr, /goes on as testhost/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(file, '..')), ['holdfast.yaml']);
  assert.equal((await on(['config', 'check'])).code, 0);
  const rehearsal = await on(['recover', '--all', '--dry-run']);
  assert.match(rehearsal.stdout, /3 services would come back/);
  assert.deepEqual(readdirSync(host.path('data')), []);
  const recovered = await on(['--json', 'recover', '--all']);
  const report = JSON.parse(recovered.stdout) as Report; // of the shape that every command has
  assert.deepEqual(
    report.steps.map(({ id, outcome }) => [id, outcome]),
    ['wiki', 'notes', 'photos'].map((name) => [`recover:${name}`, 'succeeded']),
    recovered.stderr,
  );
  assert.deepEqual(treeOf(host.path('data')), before);
  const refreshed = await on(['--json', 'status', '--refresh']);
  const { services } = JSON.parse(refreshed.stdout) as { services: { service?: string; name?: string }[] };
  assert.equal(services.length, SERVICES.length);
  const again = await on(['--json', 'run']);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(
    !(JSON.parse(again.stdout) as Report).steps.some(({ outcome }) => outcome === 'failed' || outcome === 'partial'),
  );
});

test('a repository that moved is known by its id, or says its name; how to change the address is told', async (t) => {
  const { host, on, file } = await lostMachine(t);
  renameSync(host.path('near'), host.path('usb'));
  const named = await on([...from(host, 'usb'), '--dry-run']);
  assert.match(
    named.stdout,
    /near \(as it says itself.*\)\. It is configured as .*\/near, and was reached as .*\/usb: .*change repositories\.near\.url/,
  );
  assert.match(named.stdout, /✓ +\S+\/password +the password of near, the password of far/);
  symlinkSync(host.path('usb'), host.path('near'));
  const known = await on(from(host, 'usb'));
  assert.match(known.stdout, /near \(the same repository, by its id\)/);
  assert.ok(existsSync(file));
});

test('a configuration that is there is refused, and with --force kept aside; services.d beside it is refused too', async (t) => {
  const { host, on, file } = await lostMachine(t);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, 'mine: true\n');
  const refused = await on(from(host));
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /there is a configuration already[^]*--force/);
  assert.equal(readFileSync(file, 'utf8'), 'mine: true\n');
  const forced = await on([...from(host), '--force']);
  assert.equal(forced.code, 0, forced.stderr);
  const aside = readdirSync(join(file, '..')).find((name) => name.includes('.before-')) ?? '';
  assert.equal(readFileSync(join(file, '..', aside), 'utf8'), 'mine: true\n');
  assert.match(readFileSync(file, 'utf8'), /^host: testhost$/m);
  mkdirSync(join(file, '../services.d'));
  writeFileSync(join(file, '../services.d/x.yaml'), 'services: {}\n');
  assert.match((await on([...from(host), '--force'])).stderr, /services\.d beside it already/);
});

test('what is missing is said: secrets, mounts, directories', async (t) => {
  const { host, on } = await lostMachine(t);
  rmSync(host.path('data'), { recursive: true });
  const other = host.write('elsewhere/password', readFileSync(host.path('password')), 0o600);
  rmSync(host.path('password'));
  const { code, stdout, stderr } = await on(['bootstrap', '--from', host.path('near'), '--password-file', other]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /✗ +\S+\/password +the password of near, the password of far: is missing/);
  assert.match(stdout, /✗ +\S+\/data +the data of .*photos.*: does not exist: mount it, or mkdir -p/);
  assert.match(stdout, /Next:\n.*config check/);
});

test('several hosts: it must be said which one, and this machine is one of them only by its name', async (t) => {
  const { host, on } = await lostMachine(t);
  const text = host.write('other.yaml', 'version: 1\nhost: other\n');
  const keep = (name: string): Promise<string> =>
    host.restic('near', [
      'backup',
      '--host',
      name,
      '--tag',
      configurationTag,
      '--stdin-filename',
      '/holdfast.yaml',
      '--stdin-from-command',
      '--',
      'cat',
      text,
    ]);
  await keep('other');
  const which = await on(from(host));
  assert.equal(which.code, 64);
  assert.match(which.stderr, /configurations of 2 hosts[^]*--host other, or --host testhost/);
  assert.equal((await on([...from(host), '--host', 'testhost', '--dry-run'])).code, 0);
  const unknown = await on([...from(host), '--host', 'nobody']);
  assert.match(unknown.stderr, /holds no configuration of nobody[^]*--host other, --host testhost/);
  const broken = await on([...from(host), '--host', 'other']);
  assert.equal(broken.code, 78);
  assert.match(broken.stderr, /holds none that this version can use[^]*restic dump/);
});

test('without a configuration in it the repository says what it holds; one that does not answer is not empty', async (t) => {
  const { host, on, file } = await lostMachine(t);
  for (const { id } of await host.configurations('near')) await host.restic('near', ['forget', id]);
  const none = await on(from(host));
  assert.equal(none.code, 2);
  assert.match(
    none.stderr,
    /no configuration was kept in it[^]*notes on testhost \(1\), photos on testhost \(1\), wiki on testhost \(1\)/,
  );
  const before = fingerprint(host.path('far'));
  const silent = await on(from(host, 'nowhere'));
  assert.equal(silent.code, 2);
  assert.doesNotMatch(silent.stderr, /no configuration was kept/);
  assert.deepEqual([fingerprint(host.path('far')), existsSync(file)], [before, false]);
});
