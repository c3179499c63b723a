// A real PostgreSQL server before it starts, with real pgBackRest: it starts on its own cluster only, and never on nothing.

import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { ArchivingServer } from '../support/archiving-server.ts';
import { ScratchHost, stepOf } from '../support/cli.ts';
import { asOwner, ownDirectory } from '../support/postgres.ts';

interface Scene {
  readonly host: ScratchHost;
  readonly server: ArchivingServer;
  /** Exit code, the step, and the report. */
  readonly recover: (
    ...args: string[]
  ) => Promise<{ readonly code: number | null; readonly step: StepReport; readonly report: Report }>;
}

/** Backed up once, and stopped, as before a boot. */
async function backedUp(t: TestContext): Promise<Scene> {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg'), { repositories: 2 }));
  host.services['db'] = { postgres: server.section };
  server.pgbackrest('stanza-create');
  assert.equal((await host.backUp(['db'])).code, 0);
  server.stop();
  return {
    host,
    server,
    recover: async (...args) => {
      const { code, stdout } = await host.run(['--json', 'recover', 'db', ...args]);
      const report = JSON.parse(stdout) as Report; // of the shape that every command has
      return { code, report, step: stepOf(report, 'recover:db') };
    },
  };
}

const away = (host: ScratchHost): void => {
  for (const name of ['repo1', 'repo2']) renameSync(host.path('pg', name), host.path('pg', `${name}.away`));
};
const empty = ({ server }: Scene): void => {
  for (const name of readdirSync(server.data)) rmSync(join(server.data, name), { recursive: true });
};

/** What recovery was told, as it stands in the settings. */
const toldIn = ({ data }: ArchivingServer): string =>
  (readFileSync(join(data, 'postgresql.auto.conf'), 'utf8').match(/^(?:restore_command|recovery_target).*$/gm) ?? []).join(
    '\n',
  );

test('a server whose cluster is there may start, also while no repository answers', async (t) => {
  const { host, server, recover } = await backedUp(t);
  server.start();
  server.sql('create table kept (n int)');
  server.stop();
  away(host);
  const alone = await recover();
  assert.deepEqual([alone.code, alone.step.outcome, alone.step.reason], [0, 'skipped', 'its data is there']);
  rmSync(host.path('state'), { recursive: true }); // nothing is on record any more
  const unknown = await recover();
  assert.equal(unknown.code, 0);
  assert.match(unknown.step.reason ?? '', /its data is there, and repo1 did not answer/);
  assert.match(unknown.step.warnings.join(), /whether it can archive is not known/);
});

test('a cluster in which nothing was ever made is no data: it starts where its repositories know it, and not where they are silent', async (t) => {
  const { host, recover } = await backedUp(t);
  rmSync(host.path('state'), { recursive: true }); // as on a new machine, where a package has made one
  assert.equal((await recover()).step.outcome, 'skipped');
  away(host);
  const { code, step } = await recover();
  assert.equal(code, 2);
  assert.match(step.error?.message ?? '', /holds a new cluster with nothing in it, and repo1 did not answer/);
  assert.match(step.error?.hint ?? '', /postgres configure db/);
});

test('an emptied data directory gets back every row that was archived, also those after the last backup', async (t) => {
  const scene = await backedUp(t);
  const { host, server } = scene;
  server.start();
  server.sql('create table kept (n int); insert into kept select generate_series(1, 1000); select pg_switch_wal()');
  server.sql('checkpoint');
  server.sql("alter system set archive_mode = 'on'"); // where `postgres configure` says to set it
  const drilled = stepOf(
    JSON.parse((await host.run(['--json', 'drill', 'db', '--repository', 'repo1'])).stdout) as Report,
    'drill:db@repo1',
  );
  server.stop(); // which archives what is left
  empty(scene);
  writeFileSync(join(server.data, '.dot'), 'rm -rf DIR/* leaves it');
  const dry = await scene.recover('--dry-run');
  const takes = { seconds: Number(drilled.result?.['rtoSeconds']), extrapolated: false };
  assert.partialDeepStrictEqual(dry.step.result, { action: 'restore', repository: 'repo1', takes });
  assert.match(
    (await host.run(['recover', 'db', '--dry-run'])).stdout,
    /^Of db everything comes back that its archive holds: until 2\S+, what was written after that is lost\..*By the last drills it takes \d/ms,
  );
  assert.doesNotMatch((await host.run(['recover', 'db', '--dry-run'])).stdout, /\(0 B\)|\n\n\n/);
  assert.deepEqual([dry.code, readdirSync(server.data)], [0, ['.dot']]);
  renameSync(host.path('pg/repo1'), host.path('pg/repo1.away'));
  const { code, step } = await scene.recover();
  assert.deepEqual([code, step.outcome], [0, 'succeeded'], step.error?.message ?? '');
  assert.match(JSON.stringify(step.result?.['until']), /^"2\S+Z"$/);
  assert.match(step.warnings.join(), /it was here before: somebody has emptied it/);
  renameSync(host.path('pg/repo1.away'), host.path('pg/repo1'));
  server.start();
  while (server.sql('select pg_is_in_recovery()')[0] === 't') server.sql('select pg_sleep(0.1)');
  assert.deepEqual(server.sql('select count(*) from kept'), ['1000']);
  assert.deepEqual(server.sql('show archive_mode'), ['on']);
  assert.deepEqual((await host.backUp(['db', '--type', 'full'])).code, 0, 'and the next backup is good');
  assert.match(toldIn(server), /restore_command[^]*recovery_target_timeline|recovery_target_timeline[^]*restore_command/);
  const watched = async (): Promise<string> => {
    const { stdout } = await host.run(['--json', 'postgres', 'watch', 'db']);
    return stepOf(JSON.parse(stdout) as Report, 'postgres-archive:db').warnings.join();
  };
  assert.match(await watched(), /it has recovered: what it was told for that was taken out/, 'nobody has asked it before');
  assert.equal(toldIn(server), '');
  assert.equal(await watched(), '', 'it is said once');
  assert.equal((await scene.recover()).step.reason, 'its data is there');
  assert.deepEqual(host.leftovers(), []);
});

test('emptied, with one repository silent the other one counts; with both nobody knows, and nothing is made', async (t) => {
  const scene = await backedUp(t);
  empty(scene);
  renameSync(scene.host.path('pg/repo1'), scene.host.path('pg/repo1.away'));
  assert.match(JSON.stringify((await scene.recover('--dry-run')).step.result), /its data is gone, and repo2 holds/);
  renameSync(scene.host.path('pg/repo2'), scene.host.path('pg/repo2.away'));
  scene.host.services['db'] = { postgres: scene.server.section, protection: { allowEmptyStart: true } };
  assert.equal((await scene.host.run(['recover', 'db', '--allow-empty-once'])).code, 0);
  const { code, step } = await scene.recover();
  assert.deepEqual([code, step.error?.code], [2, 'repository-unreachable']);
  assert.deepEqual(readdirSync(scene.server.data), []);
});

test('a new cluster in the place of the real one is told apart, and may not start', async (t) => {
  const { server, recover } = await backedUp(t);
  server.start();
  server.replace();
  server.stop();
  const { code, step } = await recover();
  assert.deepEqual([code, step.error?.code], [2, 'refused']);
  assert.match(step.error?.message ?? '', /another cluster has taken its place/);
});

test('what is kept beside the server counts, too: where that is lost nothing starts', async (t) => {
  const { host, server, recover } = await backedUp(t);
  host.services['db'] = { postgres: server.section, backup: { paths: [host.path('data/gone')] } };
  host.addRepository('near');
  const { code, step } = await recover();
  assert.deepEqual([code, step.error?.code], [2, 'refused']);
  assert.match(step.error?.message ?? '', /data\/gone is absent/);
});

test('a part of a cluster may not start, and stays as it is', async (t) => {
  const { server, recover } = await backedUp(t);
  rmSync(join(server.data, 'global/pg_control'));
  const before = readdirSync(server.data);
  const { code, step } = await recover();
  assert.deepEqual([code, step.error?.code], [2, 'refused']);
  assert.match(step.error?.message ?? '', /holds a part of a cluster \(global\/pg_control is missing\)/);
  assert.deepEqual(readdirSync(server.data), before);
});

test('a new server starts on data that nobody has, and on nothing with the word of a person, which its own start uses up', async (t) => {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg')));
  host.services['db'] = { postgres: server.section, protection: { allowEmptyStart: true } };
  server.pgbackrest('stanza-create');
  server.stop();
  const recover = async (...args: string[]): Promise<StepReport> => {
    const { stdout } = await host.run(['--json', 'recover', 'db', ...args]);
    return stepOf(JSON.parse(stdout) as Report, 'recover:db'); // of the shape that every command has
  };
  const adopted = await recover('--before-start');
  assert.deepEqual(
    [adopted.outcome, adopted.reason],
    ['skipped', 'its data is there, and repo1 answered and holds no backup'],
  );
  assert.match(adopted.warnings.join(), /it is backed up nowhere yet: holdfast .*run db/);
  for (const name of readdirSync(server.data)) rmSync(join(server.data, name), { recursive: true });
  assert.equal((await recover('--before-start')).outcome, 'failed');
  assert.equal((await host.run(['recover', 'db', '--allow-empty-once'])).code, 0);
  for (const kind of ['typed by hand', 'and once more'])
    assert.equal((await recover()).error?.code, 'snapshot-missing', kind);
  const started = await recover('--before-start');
  assert.deepEqual([started.outcome, started.result?.['action']], ['succeeded', 'start-empty']);
  assert.match(started.warnings.join(), /it starts without data: .* holds no backup/);
  assert.equal((await recover('--before-start')).outcome, 'failed', 'it was for one start');
  assert.deepEqual(readdirSync(server.data), []);
});

test('a server with tablespaces is not put back in place: the rehearsal says it, and doctor before', async (t) => {
  const scene = await backedUp(t);
  const { host, server, recover } = scene;
  host.services['db'] = { postgres: server.section, recover: {} };
  ownDirectory(host.path('pg/space'));
  server.start();
  server.sql(`create tablespace aside location '${host.path('pg/space')}'`);
  server.sql('create table there (n int) tablespace aside; insert into there select generate_series(1, 1000)');
  assert.equal((await host.backUp(['db', '--type', 'full'])).code, 0);
  const doctor = JSON.parse((await host.run(['--json', 'doctor'])).stdout) as unknown;
  assert.match(JSON.stringify(doctor), /it has tablespaces \([^)]*space\)/);
  server.stop();
  empty(scene);
  const dry = await recover('--dry-run');
  assert.equal(dry.step.result?.['action'], 'block');
  const { stdout } = await host.run(['recover', 'db', '--dry-run']);
  assert.match(
    stdout.replaceAll(/\s+/g, ' '),
    /db: .* but it has tablespaces \(aside in .*hint: holdfast restore db --to DIR/,
  );
  assert.doesNotMatch(stdout, /\n\n\n/);
  const { code, step } = await recover();
  assert.deepEqual([code, step.error?.code], [2, 'refused']);
  assert.match(step.error?.message ?? '', /it has tablespaces \(aside in \d{8}-\d{6}F\)/);
  assert.deepEqual(readdirSync(server.data), []);
  assert.equal((await host.run(['restore', 'db', '--to', host.path('pg/back')])).code, 0);
  // by hand, as the guide says
  rmSync(host.path('pg/space'), { recursive: true });
  renameSync(host.path('pg/back/tablespaces/aside'), host.path('pg/space'));
  const [link = ''] = readdirSync(host.path('pg/back/data/pg_tblspc'));
  asOwner('ln', ['-sfn', host.path('pg/space'), host.path('pg/back/data/pg_tblspc', link)]);
  asOwner('sed', ['-i', "/^archive_mode = 'off'/d", host.path('pg/back/data/postgresql.auto.conf')]);
  rmSync(server.data, { recursive: true });
  renameSync(host.path('pg/back/data'), server.data);
  assert.equal((await recover()).step.reason, 'its data is there');
  server.start();
  assert.deepEqual([server.sql('select count(*) from there'), server.sql('show archive_mode')], [['1000'], ['on']]);
  assert.equal((await host.backUp(['db', '--type', 'full'])).code, 0);
});

test('data on which no server starts is there, and what mends it is said', async (t) => {
  const { host, server, recover } = await backedUp(t);
  chmodSync(server.data, 0o755);
  const { step } = await recover();
  assert.deepEqual([step.outcome, step.reason], ['skipped', 'its data is there']);
  assert.match(step.warnings.join(), /no server starts on it: its mode is 0755.*: chmod 0700 \S+data/);
  assert.match((await host.run(['recover', 'db', '--dry-run'])).stdout, /hint: no server starts on it: its mode is 0755/);
});
