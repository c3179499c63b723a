// Telling real pgBackRest what is declared of a real PostgreSQL server.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { ArchivingServer } from '../support/archiving-server.ts';
import { ownDirectory } from '../support/postgres.ts';
import { fingerprint, ScratchHost, stepOf } from '../support/cli.ts';

interface Scene {
  readonly host: ScratchHost;
  readonly server: ArchivingServer;
  readonly configure: (...args: string[]) => Promise<{ readonly code: number | null; readonly report: Report }>;
}

/** The server archives by a configuration that nobody has written yet. */
function sceneOf(t: TestContext): Scene {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg')));
  rmSync(server.configFile);
  const options = { 'lock-path': host.path('pg/lock'), 'log-path': host.path('pg/log'), 'archive-timeout': '20' };
  host.write('pass', 'correct horse\n', 0o600);
  const repositories = [{ path: host.path('pg/repo1'), cipherPassFile: host.path('pass') }];
  host.services['db'] = { postgres: { ...server.section, repositories, compress: 'lz4', options } };
  const configure: Scene['configure'] = async (...args) => {
    const { code, stdout, stderr } = await host.run(['--json', 'postgres', 'configure', ...args]);
    assert.ok(!`${stdout}${stderr}`.includes('correct horse'), 'a passphrase is never shown');
    return { code, report: JSON.parse(stdout) as Report };
  };
  return { host, server, configure };
}

const outcomes = ({ steps }: Report): (string | undefined)[] =>
  ['configuration', 'server', 'stanza', 'check'].map(
    (what) => steps.find(({ id }) => id === `postgres-${what}:db`)?.outcome,
  );

test('a server is made ready: written, stanza made, archiving tried, and then backed up into an encrypted repository', async (t) => {
  const { host, server, configure } = sceneOf(t);
  const dry = await configure('--dry-run');
  assert.equal(existsSync(server.configFile), false);
  assert.match(JSON.stringify(stepOf(dry.report, 'postgres-configuration:db').result), /\+ repo1-path=/);
  const { code, report } = await configure();
  assert.equal(code, 0, JSON.stringify(report.steps.map(({ error }) => error)));
  assert.deepEqual(outcomes(report), ['succeeded', 'succeeded', 'succeeded', 'succeeded']);
  assert.equal(statSync(server.configFile).mode & 0o777, 0o640);
  const again = await configure();
  assert.deepEqual(outcomes(again.report), ['succeeded', 'succeeded', 'succeeded', 'succeeded']);
  const run = await host.backUp(['db']);
  assert.equal(run.code, 0, JSON.stringify(stepOf(run.report, 'backup:db@repo1').error));
  assert.match(server.pgbackrest('info'), /cipher: aes-256-cbc/);
});

test("somebody else's configuration is told, and stays as it is", async (t) => {
  const { host, server, configure } = sceneOf(t);
  writeFileSync(server.configFile, `[main]\npg1-path=${server.data}\nrepo1-path=${host.path('elsewhere')}\n`);
  const before = readFileSync(server.configFile, 'utf8');
  const { code, report } = await configure();
  assert.equal(code, 1);
  assert.deepEqual(outcomes(report), ['failed', 'succeeded', 'blocked', 'blocked']);
  const { error } = stepOf(report, 'postgres-configuration:db');
  assert.equal(error?.code, 'refused');
  assert.match(error.message, /- repo1-path=.*elsewhere; \+ repo1-path=/);
  assert.equal(readFileSync(server.configFile, 'utf8'), before);
});

test('a fresh cluster gets no stanza where the repository has that of the old one, and nothing there is touched', async (t) => {
  const { host, server, configure } = sceneOf(t);
  await configure();
  server.replace();
  const before = fingerprint(host.path('pg/repo1'));
  const { code, report } = await configure();
  assert.equal(code, 1);
  const { error } = stepOf(report, 'postgres-stanza:db');
  assert.equal(error?.code, 'refused');
  assert.match(error.message, /of another cluster \(\d+; the server is \d+\)/);
  assert.deepEqual(fingerprint(host.path('pg/repo1')), before);
});

test('no stanza is made where backups were before, and are not any more', async (t) => {
  const { host, configure } = sceneOf(t);
  await configure();
  assert.equal((await host.backUp(['db'])).code, 0);
  renameSync(host.path('pg/repo1'), host.path('pg/elsewhere')); // as when its disk is not mounted
  ownDirectory(host.path('pg/repo1'));
  const { code, report } = await configure();
  assert.equal(code, 1);
  const { error } = stepOf(report, 'postgres-stanza:db');
  assert.equal(error?.code, 'refused');
  assert.match(error.message, /^the backup \d{8}-\d{6}F of .* went there, and now it does not even have the stanza main$/);
  assert.match(error.hint ?? '', /mounted .* stanza-create/s);
  assert.deepEqual(readdirSync(host.path('pg/repo1')), []);
});

test('a server that does not archive is told what to set, and nothing is set for it', async (t) => {
  const { server, configure } = sceneOf(t);
  server.sql("alter system set archive_command = '/bin/true'");
  server.sql('select pg_reload_conf()');
  const { report } = await configure();
  assert.deepEqual(outcomes(report), ['succeeded', 'failed', 'succeeded', 'blocked']);
  const { error } = stepOf(report, 'postgres-server:db');
  assert.match(
    error?.hint ?? '',
    /ALTER SYSTEM SET archive_command = 'pgbackrest --config=.* --stanza=main archive-push %p';/,
  );
  assert.deepEqual(server.sql('show archive_command'), ['/bin/true']);
});

test('another passphrase is not written over the one that opens the repository, which goes on being backed up into', async (t) => {
  const { host, server, configure } = sceneOf(t);
  await configure();
  const before = readFileSync(server.configFile, 'utf8');
  host.write('pass', 'battery staple\n', 0o600);
  const { code, report } = await configure();
  assert.equal(code, 1);
  assert.deepEqual(outcomes(report), ['failed', 'succeeded', 'blocked', 'blocked']);
  const { error } = stepOf(report, 'postgres-configuration:db');
  assert.equal(error?.code, 'refused');
  assert.match(error.message, /its backup.info cannot be decrypted/);
  assert.match(error.hint ?? '', /stays as it is/);
  assert.equal(readFileSync(server.configFile, 'utf8'), before);
  assert.equal((await host.backUp(['db'])).code, 0);
  assert.deepEqual(
    readdirSync(dirname(server.configFile)).filter((name) => name.includes('holdfast')),
    [],
  );
});

test('a passphrase may change as long as nothing was encrypted with it', async (t) => {
  const { host, server, configure } = sceneOf(t);
  await configure();
  rmSync(host.path('pg/repo1'), { recursive: true }); // a new disk, before the first backup
  ownDirectory(host.path('pg/repo1'));
  host.write('pass', 'battery staple\n', 0o600);
  const { code, report } = await configure();
  assert.equal(code, 0, JSON.stringify(report.steps.map(({ error }) => error)));
  assert.match(readFileSync(server.configFile, 'utf8'), /repo1-cipher-pass=battery staple/);
});

test('where the file of the passphrase is missing, it is said how one is made, and when that is right', async (t) => {
  const { host } = sceneOf(t);
  rmSync(host.path('pass'));
  const { stderr } = await host.run(['postgres', 'configure']);
  assert.match(stderr, /pass is not there/);
  assert.match(
    stderr.replaceAll(/\s+/g, ' '),
    /Only where the repository is new, make one: \(umask 077; openssl rand -base64 33 > '.*pass'\)/,
  );
});
