// The archive of a real PostgreSQL server, watched: what is missing is told, and what is on record is what can be had back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report, StepReport } from '../../src/domain/report.ts';
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
  const before = archiveFact(host);
  assert.ok(before);
  assert.deepEqual([before.repository, before.complete], ['repo1', true]);
  server.sql('create table kept (n int)');
  settle(server);
  await watch();
  assert.ok((archiveFact(host)?.at ?? 0) > before.at);
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

test('a server that cannot archive is told, with the file that it cannot archive', async (t) => {
  const { server, watch } = sceneOf(t, { archiveWithin: '1s' });
  server.sql("alter system set archive_command = 'pgbackrest --stanza=main --config=/nowhere archive-push %p'");
  server.sql('select pg_reload_conf()');
  server.sql('create table more (n int); select pg_switch_wal()');
  const { outcome, reason } = await watch();
  assert.equal(outcome, 'partial');
  assert.match(reason ?? '', /WAL segment \w+ was not archived before/);
  assert.match(reason ?? '', /the newest moment is .* old, owed within 1\.0s/);
});

test('the log of another timeline is no part of what the server can be had back to', async (t) => {
  const { host, server, watch } = sceneOf(t);
  settle(server);
  const directory = server.archive();
  await watch();
  const before = archiveFact(host)?.at;
  cpSync(join(directory, '0000000100000000'), join(directory, '0000000200000000'), { recursive: true });
  for (const name of readdirSync(join(directory, '0000000200000000')))
    renameSync(
      join(directory, '0000000200000000', name),
      join(directory, '0000000200000000', name.replace(/^00000001/, '00000002').replace(/^(\w{16})\w{8}/, '$100000FFF')),
    );
  execFileSync('chown', ['-R', `${OWNER.uid}:${OWNER.gid}`, join(directory, '0000000200000000')]);
  const { outcome, reason } = await watch();
  assert.equal(outcome, 'succeeded', reason ?? '');
  assert.equal(archiveFact(host)?.at, before);
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
