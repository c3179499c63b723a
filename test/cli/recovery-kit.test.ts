// `holdfast recovery-kit`: where its pages go, what they never hold, and that they can be followed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Kit } from '../../src/engine/recovery-kit/kit.ts';
import { compareTrees } from '../../src/engine/restore/compare-trees.ts';
import { asOrdinaryUser, type Ended, NOBODY, PATH, type ScratchHost, scratchHost } from '../support/cli.ts';
import { commandsOfPage } from '../support/recovery-page.ts';
import { makeOddTree } from '../support/tree.ts';

const PASSWORD = 'correct horse';
const STORE_KEY = 'planted-key-of-the-store';

interface Told {
  readonly exitCode: number;
  readonly kits: readonly Kit[];
  readonly files: readonly string[];
  readonly errors: readonly { readonly subject: string }[];
}
const toldBy = ({ stdout }: Ended): Told => JSON.parse(stdout) as Told; // its shape is what these tests look at

/** One service in two repositories, one of which has an environment file. */
async function backedUp(t: Parameters<typeof scratchHost>[0]): Promise<ScratchHost> {
  const host = scratchHost(t);
  host.addRepository('near', { environmentFile: host.write('store.env', `AWS_SECRET_ACCESS_KEY=${STORE_KEY}\n`, 0o600) });
  host.addRepository('far', { location: 'offsite' });
  host.addService('notes', { 'a.txt': 'first' });
  assert.equal((await host.backUp()).code, 0);
  return host;
}

test('without --out the pages go to standard output, and each asks its repository', async (t) => {
  const host = await backedUp(t);
  const one = await host.run(['recovery-kit', 'near']);
  assert.equal(one.code, 0, one.stderr);
  const [snapshot] = await host.snapshots('near');
  const id = (JSON.parse(await host.restic('near', ['cat', 'config'])) as { id: string }).id;
  for (const words of [
    snapshot?.id.slice(0, 8),
    `repository ${id.slice(0, 8)} opened`,
    id,
    'AWS_SECRET_ACCESS_KEY',
    '; complete)',
  ])
    assert.ok(one.stdout.includes(String(words)), `${words} in\n${one.stdout}`);
  const [key] = readdirSync(host.path('near/keys'));
  assert.ok(one.stdout.includes(String(key?.slice(0, 8))));
  const both = await host.run(['recovery-kit']);
  assert.deepEqual(both.stdout.match(/^# .*/gm), [
    '# Recovery kit: `testhost` from `near`',
    '# Recovery kit: `testhost` from `far`',
  ]);
  assert.equal((await host.run(['recovery-kit', 'nearr'])).code, 64);
});

test('no secret leaves its file unless that is asked for, and then into a file of its owner alone', async (t) => {
  const host = await backedUp(t);
  const out = host.path('kits');
  const told = await Promise.all([
    host.run(['recovery-kit']),
    host.run(['recovery-kit', '--format', 'html']),
    host.run(['--json', 'recovery-kit', '--out', `${out}/`]),
  ]);
  const texts = [
    ...told.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    ...readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8')),
    readFileSync(join(host.stateDir, 'journal.db'), 'latin1'),
  ];
  for (const secret of [PASSWORD, STORE_KEY]) assert.ok(texts.every((text) => !text.includes(secret)));

  for (const where of [[], ['--out', '-'], ['--out', '/dev/stdout']]) {
    const ended = await host.run(['recovery-kit', 'near', '--include-secrets', ...where]);
    assert.equal(ended.code, 64, ended.stderr);
    assert.equal(ended.stdout, '');
  }
  const file = host.write('kit.md', 'an old page, open to everybody', 0o644);
  const made = await host.run(['--json', 'recovery-kit', 'near', '--include-secrets', '--out', file], {
    under: ['sh', '-c', 'umask 0; exec "$@"', 'sh'],
  });
  assert.equal(made.code, 0, made.stderr);
  const page = readFileSync(file, 'utf8');
  assert.equal(lstatSync(file).mode & 0o777, 0o600);
  assert.ok(page.includes(PASSWORD) && page.includes(STORE_KEY) && page.includes('This page holds the secrets'));
  assert.ok(
    !made.stdout.includes(PASSWORD) && !readFileSync(join(host.stateDir, 'journal.db'), 'latin1').includes(PASSWORD),
  );
  assert.deepEqual(host.leftovers(), []);
});

test('files have the names of host and repository, are replaced as a whole, and what is no file is left alone', async (t) => {
  const host = await backedUp(t);
  mkdirSync(host.path('kits'));
  const ended = await host.run(['recovery-kit', '--out', host.path('kits'), '--format', 'html']);
  assert.equal(ended.code, 0, ended.stderr);
  const names = ['recovery-kit-testhost-far.html', 'recovery-kit-testhost-near.html'];
  assert.deepEqual(readdirSync(host.path('kits')).toSorted(), names);
  const again = await host.run(['recovery-kit', '--out', host.path('kits/both.html')]);
  assert.equal(again.code, 0, again.stderr);
  const html = readFileSync(host.path('kits/both.html'), 'utf8');
  assert.equal(html.match(/<article>/g)?.length, 2);
  assert.equal(lstatSync(host.path('kits/both.html')).mode & 0o777, 0o644);

  symlinkSync(host.path('kits/both.html'), host.path('link.html'));
  execFileSync('mkfifo', [host.path('pipe')]);
  for (const name of ['link.html', 'pipe']) {
    const refused = await host.run(['recovery-kit', '--out', host.path(name)]);
    assert.equal(refused.code, 64, refused.stderr);
    assert.match(refused.stderr, /symbolic link|no ordinary file/);
  }
  assert.equal(readFileSync(host.path('kits/both.html'), 'utf8'), html);
  const dry = await host.run(['--json', 'recovery-kit', 'near', '--dry-run', '--out', host.path('new/kit.md')]);
  assert.equal(dry.code, 0);
  assert.deepEqual(
    (JSON.parse(dry.stdout) as { steps: { id: string }[] }).steps.map(({ id }) => id),
    ['recovery-kit:near', `recovery-page:${host.path('new/kit.md')}`],
  );
  assert.ok(!existsSync(host.path('new')));
});

test('a repository that does not answer has a page all the same, from what is on record, and that is told', async (t) => {
  const host = await backedUp(t);
  const before = toldBy(await host.run(['--json', 'recovery-kit', 'near']));
  renameSync(host.path('near'), host.path('unplugged'));
  const ended = await host.run(['recovery-kit']);
  assert.equal(ended.code, 1, ended.stderr);
  assert.match(ended.stderr, /near: it could not be asked, and the page is what this host has recorded/);
  assert.match(ended.stdout, /`near` could not be asked when this page was made/);
  const told = toldBy(await host.run(['--json', 'recovery-kit', '--out', host.path('kit.md')]));
  assert.equal(told.exitCode, 1);
  const [near, far] = told.kits;
  assert.deepEqual([near?.answer.answered, far?.answer.answered], [false, true]);
  assert.equal(near?.services[0]?.newest?.id, before.kits[0]?.services[0]?.newest?.id);
  assert.deepEqual(near?.identity, before.kits[0]?.identity, 'what it said the last time, with the date of that');
  assert.deepEqual(told.files, [host.path('kit.md')]);
  assert.ok(existsSync(host.path('kit.md')));
});

test('whoever follows the page with stock restic has everything, whatever the names are', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const data = host.path(`it's "odd" $HOME \`x\``);
  makeOddTree(join(data, 'tree'));
  host.services['odd'] = { backup: { paths: [join(data, 'tree')] } };
  host.addService('app', { 'app.db': 'no database, and nobody looks' });
  assert.equal((await host.backUp()).code, 0);
  const page = (await host.run(['recovery-kit', 'near', '--out', host.path('kit.md'), '--include-secrets'])).code;
  assert.equal(page, 0);
  const home = host.path('elsewhere');
  mkdirSync(home);
  // Not over the live data, which is compared with: in a directory, and nothing is moved out of the way.
  const script = commandsOfPage(readFileSync(host.path('kit.md'), 'utf8'))
    .replaceAll('--target / ', '--target "$HOME/back" ')
    .replaceAll(/^(?:\[ ! -e|  mv -T|  mountpoint|systemctl|if systemctl).*$/gm, '');
  host.write('typed.sh', script);
  const stdout = execFileSync('bash', ['-e', host.path('typed.sh')], {
    encoding: 'utf8',
    env: { PATH, HOME: home, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.match(stdout, /restic 0\./);
  const compared = await compareTrees(join(data, 'tree'), join(home, 'back', data, 'tree'), new AbortController().signal);
  assert.deepEqual(compared.differences, []);
  assert.equal(readFileSync(join(home, 'back', host.path('data/app/app.db')), 'utf8'), 'no database, and nobody looks');
});

test('where a secret cannot be read no page that lacks it is written', async (t) => {
  const host = await backedUp(t);
  host.repositories['near'] = { ...host.repositories['near'], environmentFile: host.path('gone.env') };
  const ended = await host.run(['recovery-kit', 'near', '--include-secrets', '--out', host.path('kit.md')]);
  assert.equal(ended.code, 2);
  assert.match(ended.stdout, /gone\.env/);
  assert.doesNotMatch(ended.stderr, /Print it/);
  assert.ok(!existsSync(host.path('kit.md')));
});

test('a directory that cannot be written to is told, with what to do', async (t) => {
  const host = await backedUp(t);
  mkdirSync(host.path('closed'));
  if (asOrdinaryUser().length > 0) host.giveTo(NOBODY);
  chmodSync(host.path('closed'), 0o500);
  const out = host.path('closed/kit.md');
  const ended = await host.run(['recovery-kit', 'near', '--out', out], { under: asOrdinaryUser() });
  assert.equal(ended.code, 2, ended.stderr);
  assert.match(ended.stdout, /hint: Choose a directory/);
  assert.deepEqual(readdirSync(host.path('closed')), []);
  const typo = await host.run(['recovery-kit', 'near', '--out', host.path('no/such/kit.md')], { under: asOrdinaryUser() });
  assert.equal(typo.code, 2, typo.stderr);
  assert.ok(!existsSync(host.path('no')));
});

test('where there is no repository to make a page of that is said, and is no success', async (t) => {
  const host = scratchHost(t);
  const server = {
    engine: 'pgbackrest',
    dataDir: '/var/lib/postgresql/17/main',
    stanza: 'main',
    repositories: [{ path: '/pg' }],
  };
  host.services['db'] = { postgres: server };
  const { code, stderr } = await host.run(['recovery-kit']);
  assert.equal(code, 64);
  assert.match(stderr.replaceAll(/\s+/g, ' '), /no repository of restic is declared.*no page was made.*every passphrase/);
});
