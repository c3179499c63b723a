// Backing up a real PostgreSQL server with real pgBackRest: what is told as done is done.

import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { backupsLock } from '../../src/domain/naming.ts';
import { textAt } from '../../src/lib/json.ts';
import type { Report, StepReport } from '../../src/domain/report.ts';
import type { RecordedEvidence } from '../../src/journal/journal.ts';
import { fileLockBroker } from '../../src/repositories/broker.ts';
import { ArchivingServer, type ServerOptions } from '../support/archiving-server.ts';
import { fingerprint, ScratchHost, type Section, stepOf } from '../support/cli.ts';

interface Scene {
  readonly host: ScratchHost;
  readonly server: ArchivingServer;
  readonly declare: (more: Section) => void;
  readonly run: (...args: string[]) => Promise<{ readonly code: number | null; readonly report: Report }>;
}

function sceneOf(t: TestContext, options: ServerOptions = {}): Scene {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg'), options));
  const declare = (more: Section): void => {
    host.services['db'] = { postgres: { ...server.section, ...more } };
  };
  declare({});
  return { host, server, declare, run: async (...args) => await host.backUp(['db', ...args]) };
}

const evidence = (host: ScratchHost): readonly RecordedEvidence[] => {
  using journal = host.journal();
  return journal.evidence({ service: 'db', kind: 'backup', limit: 10 });
};

const backupOf = (report: Report, repository = 'postgres'): StepReport => stepOf(report, `backup:db@${repository}`);

test('the first backup is full, the next one is not, and both are on record with what they are good for', async (t) => {
  const { host, server, run } = sceneOf(t);
  server.pgbackrest('stanza-create');
  const first = await run();
  assert.equal(first.code, 0, JSON.stringify(backupOf(first.report)));
  assert.equal(backupOf(first.report).result?.['type'], 'full');
  server.sql('create table kept (n int); insert into kept select generate_series(1, 1000)');
  const second = await run();
  assert.equal(backupOf(second.report).result?.['type'], 'incremental');
  assert.deepEqual(
    server.labels(1),
    [first, second].map(({ report }) => backupOf(report).result?.['snapshotId']),
  );
  const [newest, oldest] = evidence(host);
  assert.deepEqual([newest?.complete, oldest?.complete], [true, true]);
  assert.equal(newest?.repository, 'repo1');
  const [systemId] = server.sql('select system_identifier from pg_control_system()');
  assert.equal(newest.detail['systemId'], systemId);
  assert.ok(Date.parse(textAt(newest.detail, 'restorableUntil')) >= newest.at);
  assert.deepEqual(host.leftovers(), []);
});

test('a kind that is asked for is made; what is only to be done when due is skipped when it is not', async (t) => {
  const { server, run } = sceneOf(t);
  server.pgbackrest('stanza-create');
  assert.equal(backupOf((await run('--due')).report).result?.['type'], 'full');
  const again = await run('--due');
  assert.deepEqual([again.code, backupOf(again.report).outcome], [0, 'skipped']);
  assert.equal(server.labels(1).length, 1);
  assert.equal(backupOf((await run('--type', 'differential')).report).result?.['type'], 'differential');
});

test('each declared repository has a job of its own, and one that is not mounted stops only its own', async (t) => {
  const { host, server, declare, run } = sceneOf(t, { repositories: 2 });
  server.pgbackrest('stanza-create');
  const paths = [host.path('pg/repo1'), host.path('pg/repo2')];
  declare({ repositories: [{ path: paths[0], mounted: host.path('pg') }, { path: paths[1] }] });
  const { code, report } = await run();
  assert.equal(code, 1);
  assert.deepEqual([backupOf(report, 'repo1').outcome, backupOf(report, 'repo1').error?.code], ['failed', 'not-mounted']);
  assert.equal(backupOf(report, 'repo2').outcome, 'succeeded');
  assert.deepEqual([server.labels(1).length, server.labels(2).length], [0, 1]);
  const only = await run('--repository', 'repo2');
  assert.deepEqual(
    only.report.steps.filter(({ stage }) => stage === 'backup').map(({ id }) => id),
    ['backup:db@repo2'],
  );
});

test('nothing is expired from under a restore, and nothing is restored from what is being expired', async (t) => {
  const { host, server, run } = sceneOf(t);
  server.pgbackrest('stanza-create');
  const broker = fileLockBroker(host.stateDir);
  const { signal } = new AbortController();
  const hold = async (mode: 'shared' | 'exclusive'): Promise<AsyncDisposable> =>
    await broker.acquire([{ name: backupsLock('main', 'repo1'), mode }], signal);
  {
    await using _restoring = await hold('shared');
    const runs = [];
    for (let count = 0; count < 3; count += 1) runs.push(await run('--type', 'full', '--wait', '1s'));
    assert.deepEqual(
      runs.map(({ code }) => code),
      [0, 0, 0],
    );
    assert.equal(server.labels(1).length, 3, 'two are kept');
    const [warning] = backupOf(runs.at(-1)?.report ?? assert.fail()).warnings;
    assert.match(
      warning ?? '',
      /^old backups are expired the next time, for something is restored from repo1: still in use after /,
    );
  }
  assert.equal((await run('--type', 'incremental')).code, 0);
  assert.equal(server.labels(1).length, 3, 'two full ones and the new one');
  await using _expiring = await hold('exclusive');
  const { stdout } = await host.run(['--json', 'restore', 'db', '--to', host.path('pg/copy'), '--wait', '1s']);
  assert.equal(stepOf(JSON.parse(stdout) as Report, 'restore:db@repo1').error?.code, 'busy');
  const drilled = await host.run(['--json', 'drill', 'db', '--wait', '1s']);
  assert.equal(stepOf(JSON.parse(drilled.stdout) as Report, 'drill:db@repo1').error?.code, 'busy');
});

test('a stanza that is not there is never made by a run: it may be there, unmounted', async (t) => {
  const { host, run } = sceneOf(t);
  const { code, report } = await run();
  assert.equal(code, 2);
  assert.equal(backupOf(report).error?.code, 'repository-missing');
  assert.match(backupOf(report).error?.hint ?? '', /find out why it is gone/);
  assert.deepEqual(readdirSync(host.path('pg/repo1')), []);
});

test('a fresh cluster in the place of the old one is refused, and nothing of the repository is touched', async (t) => {
  const { host, server, run } = sceneOf(t);
  server.pgbackrest('stanza-create');
  assert.equal((await run()).code, 0);
  const before = fingerprint(host.path('pg/repo1'));
  server.replace();
  const { code, report } = await run('--type', 'full');
  assert.equal(code, 2);
  assert.equal(backupOf(report).error?.code, 'refused');
  assert.match(backupOf(report).error?.message ?? '', /system-id \d+ do not match stanza version/);
  assert.match(backupOf(report).error?.hint ?? '', /never run stanza-upgrade/);
  assert.deepEqual(fingerprint(host.path('pg/repo1')), before);
});

test('a backup that is killed leaves no worker with its lock, and the next one succeeds', async (t) => {
  const { host, server, run } = sceneOf(t, { lines: ['process-max=2'] });
  server.pgbackrest('stanza-create');
  server.sql('create table big as select md5(n::text) || repeat(md5(n::text), 20) as t from generate_series(1, 60000) n');
  const started = host.start(['run', 'db']);
  const workers = (): number[] =>
    host
      .processes()
      .filter(({ command }) => command.includes('backup:local') && command.includes('--exec-id=holdfast-'))
      .map(({ pid }) => pid);
  while (workers().length === 0 && started.child.exitCode === null) await new Promise((done) => setTimeout(done, 20));
  for (const pid of workers()) process.kill(pid, 'SIGSTOP'); // as one that waits for a dead disk
  started.child.kill('SIGKILL');
  await started.ended;
  const { code, report } = await run();
  assert.equal(code, 0, JSON.stringify(backupOf(report).error));
  assert.deepEqual(workers(), []);
  assert.deepEqual(host.leftovers(), []);
  assert.equal(server.labels(1).length, 1);
});

test('the backups of a server are listed with the time that it can be restored to, and one that is silent hides no other', async (t) => {
  const { host, server, run } = sceneOf(t, { repositories: 2 });
  server.pgbackrest('stanza-create');
  await run();
  await run();
  server.stop(); // it may be what is lost
  const all = await host.run(['snapshots', 'db']);
  assert.equal(all.code, 0, all.stderr);
  for (const key of [1, 2]) {
    const [full = '', incremental = ''] = server.labels(key);
    assert.match(all.stdout, new RegExp(`^${incremental} .* db +incremental +repo${key} +\\d`, 'm'));
    assert.match(all.stdout, new RegExp(`^${full} .* db +full +repo${key} +\\d`, 'm'));
    assert.match(all.stdout, new RegExp(`^db@repo${key} can be restored from 2\\S+Z until 2\\S+Z`, 'm'));
  }
  renameSync(host.path('pg', 'repo2'), host.path('pg', 'repo2.away'));
  const some = await host.run(['--json', 'snapshots']);
  assert.equal(some.code, 1);
  const { serverBackups, errors } = JSON.parse(some.stdout) as Record<string, { repository: string; kind?: string }[]>;
  assert.deepEqual(
    [...(serverBackups ?? []), ...(errors ?? [])].map(({ repository, kind }) => [repository, kind]),
    [
      ['repo1', 'incremental'],
      ['repo1', 'full'],
      ['repo2', undefined],
    ],
  );
  assert.equal((await host.run(['snapshots', '--repository', 'repo2'])).code, 2);
});

test('a page that does not fit its checksum makes the backup partial, and no proof', async (t) => {
  const { host, server, run } = sceneOf(t);
  server.pgbackrest('stanza-create');
  server.sql('create table broken as select generate_series(1, 5000) as n; checkpoint');
  const [file = ''] = server.sql("select pg_relation_filepath('broken')");
  server.stop();
  const { openSync, writeSync, closeSync } = await import('node:fs');
  const handle = openSync(join(server.data, file), 'r+');
  writeSync(handle, Buffer.alloc(64, 0xab), 0, 64, 8192 + 4000);
  closeSync(handle);
  server.start();
  const { code, report } = await run();
  assert.equal(code, 1);
  assert.equal(backupOf(report).outcome, 'partial');
  assert.match(backupOf(report).reason ?? '', /pages of the server are damaged/);
  assert.deepEqual(
    evidence(host).map(({ complete }) => complete),
    [false],
  );
  const again = await run('--due');
  assert.deepEqual([backupOf(again.report).outcome, backupOf(again.report).result?.['type']], ['partial', 'full']);
  const resting = await run('--type', 'incremental');
  assert.match(backupOf(resting.report).reason ?? '', /pages of the server are damaged/);
  const watched = await host.run(['--json', 'postgres', 'watch', 'db']);
  assert.match(watched.stdout, /repo1: the newest backup \d{8}-\d{6}F_\d{8}-\d{6}I holds pages whose checksums do not fit/);
  assert.match((await host.run(['status'])).stdout, /holds pages whose checksums do not fit.*db@repo1/s);
  assert.match(
    (await host.run(['--json', 'doctor'])).stdout,
    /holds damaged pages of the server; and it holds no sound one/,
  );
});

test('a server that does not archive has no backup: its log would be missing', async (t) => {
  const { server, run } = sceneOf(t, { lines: [] });
  server.pgbackrest('stanza-create');
  server.sql("alter system set archive_command = 'true # pgbackrest'");
  server.sql('select pg_reload_conf()');
  const { code, report } = await run();
  assert.equal(code, 2);
  assert.match(backupOf(report).error?.message ?? '', /WAL segment \w+ was not archived before/);
  assert.match(backupOf(report).error?.hint ?? '', /does not archive/);
});
