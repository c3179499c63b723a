// A real PostgreSQL server of which everything on the host is lost, its pgBackRest repository as well: that comes back first, from its
// offsite copy, and then the server out of it.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { ArchivingServer } from '../support/archiving-server.ts';
import { ScratchHost, stepOf } from '../support/cli.ts';
import { OWNER } from '../support/postgres.ts';

interface Scene {
  readonly host: ScratchHost;
  readonly server: ArchivingServer;
  readonly path: string;
  readonly recover: (...args: string[]) => Promise<{ readonly code: number | null; readonly step: StepReport }>;
}

/** 1,000 rows are in the copy, and the server is stopped, as before a boot. */
async function copied(t: TestContext, repositories = 1, declared = false): Promise<Scene> {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg'), { repositories }));
  const path = host.path('pg/repo1');
  host.addRepository('far', { location: 'offsite' });
  const places = declared ? { repositories: [{ path }] } : {};
  const offsite = declared ? { repository: 'far' } : { repository: 'far', path };
  host.services['db'] = { postgres: { ...server.section, ...places, offsite } };
  server.pgbackrest('stanza-create');
  server.pgbackrest('backup', '--repo=1', '--type=full', '--start-fast');
  server.sql('create table kept (n int); insert into kept select generate_series(1, 1000); select pg_switch_wal()');
  server.pgbackrest('check');
  const { code, stdout } = await host.backUp(['db', '--repository', 'far']);
  assert.equal(code, 0, stdout);
  server.stop();
  rmSync(host.path('state'), { recursive: true }); // a new host knows nothing
  return {
    host,
    server,
    path,
    recover: async (...args) => {
      const ended = await host.run(['--json', 'recover', 'db', ...args]);
      return { code: ended.code, step: stepOf(JSON.parse(ended.stdout) as Report, 'recover:db') }; // of the shape that every command has
    },
  };
}

function lose(path: string): void {
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true });
}

test('with its repository lost, too, a server comes back with all that the copy holds, archives, and is backed up again', async (t) => {
  const { host, server, path, recover } = await copied(t);
  lose(server.data);
  lose(path);
  const dry = await recover('--dry-run');
  assert.partialDeepStrictEqual(dry.step.result, { action: 'restore', source: 'repository', repository: 'far' });
  assert.deepEqual([dry.code, readdirSync(server.data), readdirSync(path)], [0, [], []]);
  const { code, step } = await recover('--before-start');
  assert.deepEqual([code, step.outcome], [0, 'succeeded'], step.error?.message ?? '');
  assert.equal(statSync(join(path, 'backup')).uid, OWNER.uid);
  server.start();
  while (server.sql('select pg_is_in_recovery()')[0] === 't') server.sql('select pg_sleep(0.1)');
  assert.deepEqual(server.sql('select count(*) from kept'), ['1000']);
  server.pgbackrest('check');
  assert.equal((await host.backUp(['db'])).code, 0, 'the server, and the copy of its repository');
  assert.equal((await recover()).step.reason, 'its data is there');
  assert.deepEqual([host.leftovers(), readdirSync(host.path('pg')).filter((name) => name.startsWith('.'))], [[], []]);
});

test('a repository that is declared is none of what would be moved away with it', async (t) => {
  const { server, path, recover } = await copied(t, 1, true);
  lose(server.data);
  lose(path);
  const { code, step } = await recover('--before-start');
  assert.deepEqual([code, step.outcome], [0, 'succeeded'], step.error?.message ?? '');
});

test('a place that holds something, or in which another repository may merely be away, is left for a person', async (t) => {
  const { host, server, path, recover } = await copied(t, 2);
  lose(server.data);
  lose(path);
  const away = host.path('pg/repo2');
  renameSync(away, `${away}.away`);
  const unit = await recover('--before-start');
  assert.deepEqual([unit.code === 0, unit.step.error?.code], [false, 'repository-unreachable']);
  assert.deepEqual(readdirSync(path), []);
  writeFileSync(join(path, 'notes'), 'what is this?');
  assert.equal((await recover()).step.error?.code, 'repository-unreachable');
  assert.deepEqual(readdirSync(path), ['notes']);
  rmSync(path, { recursive: true });
  mkdirSync(path);
  const typed = await recover();
  assert.equal(typed.step.outcome, 'succeeded', typed.step.error?.message ?? '');
  assert.match(typed.step.warnings.join(), /repo2 did not answer, and may hold more than the copy/);
});

test('where this host knows of backups in it, an empty place may be one where nothing is mounted: a person is told of the copy', async (t) => {
  const { host, server, path, recover } = await copied(t);
  server.start();
  assert.equal((await host.backUp(['db'])).code, 0);
  server.stop();
  lose(server.data);
  lose(path);
  for (const args of [['--before-start'], []]) {
    const { step } = await recover(...args);
    assert.equal(step.error?.code, 'repository-unreachable');
    assert.match(
      step.error.hint ?? '',
      /gone for good, its copy in far takes its place by hand: holdfast .*recovery-kit far/,
    );
  }
  assert.deepEqual(readdirSync(path), []);
});
