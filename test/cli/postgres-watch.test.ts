// The archive of a real PostgreSQL server, watched: what is missing is told, and what is on record is what can be had back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, cpSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { textAt } from '../../src/lib/json.ts';
import type { Report, StepReport } from '../../src/domain/report.ts';
import type { StatusReport } from '../../src/engine/status/status.ts';
import type { RecordedEvidence } from '../../src/journal/journal.ts';
import { ArchivingServer, type ServerOptions } from '../support/archiving-server.ts';
import { OWNER } from '../support/postgres.ts';
import { ScratchHost, type Section, stepOf } from '../support/cli.ts';

interface Scene {
  readonly host: ScratchHost;
  readonly server: ArchivingServer;
  readonly watch: () => Promise<StepReport>;
}

function sceneOf(t: TestContext, postgres: Section = {}, options: ServerOptions = {}): Scene {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg'), options));
  host.services['db'] = { postgres: { ...server.section, ...postgres } };
  server.pgbackrest('stanza-create');
  server.pgbackrest('backup', '--type=full', '--start-fast');
  const watch: Scene['watch'] = async () => {
    const { stdout } = await host.run(['--json', 'postgres', 'watch', 'db']);
    return stepOf(JSON.parse(stdout) as Report, 'postgres-archive:db'); // its shape has a test of its own
  };
  return { host, server, watch };
}

const restorableUntil = (host: ScratchHost): number =>
  Date.parse(textAt(archiveFact(host)?.detail ?? {}, 'restorableUntil') ?? '');

const archiveFact = (host: ScratchHost): RecordedEvidence | undefined => {
  using journal = host.journal();
  return journal.evidence({ service: 'db', kind: 'archive', limit: 1 })[0];
};

/** Until the server has archived everything that it has finished. */
function settle(server: ArchivingServer): void {
  server.sql('select pg_switch_wal()');
  server.pgbackrest('check');
}

test('what can be had back is on record, and moves on with the log', async (t) => {
  const { host, server, watch } = sceneOf(t);
  server.ageArchive(60);
  const first = await watch();
  assert.deepEqual([first.outcome, first.reason], ['succeeded', null]);
  const fact = archiveFact(host);
  assert.deepEqual([fact?.repository, fact?.complete], ['repo1', true]);
  const before = restorableUntil(host);
  const told = await host.run(['postgres', 'watch', 'db']);
  assert.equal(told.code, 0);
  assert.match(
    told.stdout,
    new RegExp(`^db@repo1 can be restored from 2\\S+Z until ${new Date(before).toISOString()} \\(.* ago\\)$`, 'm'),
  );
  server.sql('create table kept (n int)');
  settle(server);
  await watch();
  assert.ok(restorableUntil(host) > before);
});

test('a file of the log that is gone is named, and what comes after it is not taken to be reachable', async (t) => {
  const { host, server, watch } = sceneOf(t);
  settle(server);
  const gone = server.archived().at(-1) ?? '';
  settle(server);
  settle(server);
  rmSync(join(server.archive(), gone));
  const { outcome, reason } = await watch();
  assert.equal(outcome, 'partial');
  assert.match(reason ?? '', new RegExp(`repo1: 1 file of the log is missing, first ${basename(gone).slice(0, 24)}`));
  assert.equal(archiveFact(host)?.complete, false);
});

test('a server that nobody writes to is made to finish a file before its newest moment gets too old', async (t) => {
  const { host, server, watch } = sceneOf(t, { archiveWithin: '1h' });
  server.ageArchive(45 * 60); // more than half of what is owed
  const before = server.sql('select last_archived_wal from pg_stat_archiver');
  await watch();
  assert.notDeepEqual(server.sql('select last_archived_wal from pg_stat_archiver'), before);
  assert.ok(archiveFact(host));
});

test('a server that cannot archive is told, with what waits there and since when', async (t) => {
  const { host, server, watch } = sceneOf(t, { archiveWithin: '1h' });
  server.archiveBy(server.archiveCommand.replace('--stanza=main', '--stanza=main --config=/nowhere'));
  server.finishFile();
  server.finishFile();
  server.until('(select failed_count > 0 from pg_stat_archiver)');
  server.ageFinished(2 * 3600);
  server.ageArchive(2 * 3600);
  const { outcome, reason } = await watch();
  assert.equal(outcome, 'partial');
  assert.match(reason ?? '', /repo1: 2 files of the log wait to be archived, [0-9A-F]{24} for 2h/);
  assert.match(reason ?? '', /the server cannot archive [0-9A-F]{24}/);
  assert.match(reason ?? '', /the newest moment is 2h old, owed within 60m/);
  assert.equal(archiveFact(host)?.complete, false);
});

test('a file of the log that comes into the archive late is no newer than what is in it', async (t) => {
  const { host, server, watch } = sceneOf(t, { archiveWithin: '1h' });
  server.archiveBy('/bin/false');
  server.finishFile();
  server.finishFile();
  server.ageFinished(2 * 3600);
  server.archiveOne(); // the first of the two, now
  const { reason } = await watch();
  const hours = (Date.now() - restorableUntil(host)) / 3_600_000;
  assert.ok(hours > 1.9 && hours < 2.1, `${hours} hours`);
  assert.match(reason ?? '', /1 file of the log waits to be archived, [0-9A-F]{24} for 2h/);
});

test('what the server took for archived when its queue was too long is missed, also where nothing came after it', async (t) => {
  const { host, server, watch } = sceneOf(t);
  appendFileSync(server.configFile, 'archive-push-queue-max=0\n');
  server.finishFile();
  server.waitForArchiver();
  const { outcome, reason } = await watch();
  assert.equal(outcome, 'partial');
  assert.match(
    reason ?? '',
    /the server takes 1 file of the log for archived that are not there, first [0-9A-F]{24}: was its queue/,
  );
  assert.equal(archiveFact(host)?.complete, false);
});

test('of a server that does not answer it is said that what it has not archived is not known', async (t) => {
  const { server, watch } = sceneOf(t);
  server.stop();
  assert.match((await watch()).reason ?? '', /what it has not archived yet is not known/);
});

test('repositories that were emptied or do not answer are no copies any more, and a status that asks them says so', async (t) => {
  const { host, server } = sceneOf(t, {}, { repositories: 2 });
  assert.equal((await host.backUp(['db'])).code, 0);
  const status = async (): Promise<unknown> => {
    const { stdout } = await host.run(['--json', 'status', '--refresh']);
    const { services } = JSON.parse(stdout) as StatusReport; // its shape has a test of its own
    return services[0]?.jobs.map(({ repository, standing }) => [repository, standing]);
  };
  assert.deepEqual(await status(), [
    ['repo1', 'fresh'],
    ['repo2', 'fresh'],
  ]);
  for (const name of readdirSync(host.path('pg', 'repo1'))) rmSync(host.path('pg', 'repo1', name), { recursive: true });
  chmodSync(host.path('pg', 'repo2'), 0o000);
  assert.deepEqual(await status(), [
    ['repo1', 'none'],
    ['repo2', 'unanswered'],
  ]);
  server.stop();
  for (const name of readdirSync(server.data)) rmSync(join(server.data, name), { recursive: true });
  assert.equal((await host.run(['recover', 'db'])).code, 2);
  chmodSync(host.path('pg', 'repo2'), 0o700);
  const { stdout, code } = await host.run(['status', '--check']);
  assert.match(stdout, /its recovery did not succeed .*its data is gone/);
  assert.notEqual(code, 0);
});

test('the log of another timeline is no part of what the server can be had back to', async (t) => {
  const { host, server, watch } = sceneOf(t);
  settle(server);
  const directory = server.archive();
  await watch();
  const before = restorableUntil(host);
  cpSync(join(directory, '0000000100000000'), join(directory, '0000000200000000'), { recursive: true });
  for (const name of readdirSync(join(directory, '0000000200000000')))
    renameSync(
      join(directory, '0000000200000000', name),
      join(directory, '0000000200000000', name.replace(/^00000001/, '00000002').replace(/^(\w{16})\w{8}/, '$100000FFF')),
    );
  execFileSync('chown', ['-R', `${OWNER.uid}:${OWNER.gid}`, join(directory, '0000000200000000')]);
  const { outcome, reason } = await watch();
  assert.equal(outcome, 'succeeded', reason ?? '');
  assert.equal(restorableUntil(host), before);
});

test('a log of small files is one without a gap, also from one of its numbers on to the next', async (t) => {
  const { server, watch } = sceneOf(t, {}, { firstFile: '000000010000000000000FFD' }); // of 1 MiB: the last of that is FFF
  for (let files = 0; files < 4; files += 1) settle(server);
  const directories = new Set(server.archived().map((path) => path.slice(0, 16)));
  assert.deepEqual([...directories], ['0000000100000000', '0000000100000001']);
  const { outcome, reason } = await watch();
  assert.deepEqual([outcome, reason], ['succeeded', null]);
  const gone = server.archived().find((path) => path.includes('000000010000000100000000-')) ?? '';
  rmSync(join(server.archive(), gone));
  assert.match((await watch()).reason ?? '', /1 file of the log is missing, first 000000010000000100000000:/);
});
