// The offsite copy of a real pgBackRest repository: made by real restic between real backups, and only where it is one.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { textAt } from '../../src/lib/json.ts';
import type { Report, StepReport } from '../../src/domain/report.ts';
import type { RecordedEvidence } from '../../src/journal/journal.ts';
import { ArchivingServer, type ServerOptions } from '../support/archiving-server.ts';
import { appears } from '../support/appears.ts';
import { rowsOf } from '../support/pgbackrest.ts';
import { ScratchHost, type Section, stepOf } from '../support/cli.ts';

interface Scene {
  readonly host: ScratchHost;
  readonly server: ArchivingServer;
  readonly repository: string;
  readonly declare: (more?: Section) => void;
  readonly run: (...args: string[]) => Promise<{ readonly code: number | null; readonly report: Report }>;
}

/** With one backup that is good, and none offsite. */
async function sceneOf(t: TestContext, options: ServerOptions = {}): Promise<Scene> {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg'), options));
  const repository = host.path('pg/repo1');
  host.addRepository('far', { location: 'offsite' });
  server.pgbackrest('stanza-create');
  const declare = (more: Section = {}): void => {
    const postgres = { ...server.section, offsite: { repository: 'far', path: repository }, ...more };
    host.services['db'] = { postgres };
  };
  declare();
  const run = async (...args: string[]): ReturnType<Scene['run']> => await host.backUp(['db', ...args]);
  return { host, server, repository, declare, run };
}

const copyOf = (report: Report): StepReport => stepOf(report, 'backup:db@far');
const COPY = ['--repository', 'far'] as const;

function copies(host: ScratchHost): readonly RecordedEvidence[] {
  using journal = host.journal();
  return journal.evidence({ service: 'db', repository: 'far', kind: 'backup', limit: 10 });
}

test('a run copies the repository after its server was backed up into it, and says until when the copy can be restored', async (t) => {
  const { host, server, run, repository } = await sceneOf(t);
  const { code, report } = await run();
  const step = copyOf(report);
  assert.equal(code, 0, JSON.stringify(report.steps, null, 1));
  assert.deepEqual([step.result?.['label']], server.labels(1));
  const [fact] = copies(host);
  assert.equal(fact?.complete, true);
  assert.equal(fact.detail['restorableUntil'], step.result?.['restorableUntil']);
  assert.ok(Date.parse(textAt(fact.detail, 'restorableUntil')) <= fact.at + 1000);
  const [snapshot] = await host.snapshots('far');
  assert.deepEqual(snapshot?.paths, [repository]);
  const held = await host.contents('far', snapshot.id);
  assert.ok(held.includes(`${repository}/backup/main/backup.info`));
  assert.ok(held.includes(`${repository}/backup/main/${server.labels(1)[0]}/backup.manifest`));
  const again = await run(...COPY);
  assert.deepEqual([again.code, again.report.steps.filter(({ stage }) => stage === 'backup').length], [0, 1]);
  assert.equal(server.labels(1).length, 1);
});

test('a repository that is not there, or not mounted, is not copied: what was copied before stays the newest', async (t) => {
  const { host, server, repository, run } = await sceneOf(t);
  assert.equal((await run()).code, 0);
  renameSync(repository, `${repository}.away`);
  const gone = await run(...COPY);
  assert.equal(gone.code, 2);
  assert.equal(copyOf(gone.report).outcome, 'blocked');
  mkdirSync(repository);
  const empty = copyOf((await run(...COPY)).report);
  assert.deepEqual([empty.outcome, empty.error?.code], ['failed', 'source-missing']);
  assert.match(empty.error?.message ?? '', /finds no stanza main .*nothing was copied/);
  rmSync(repository, { recursive: true });
  renameSync(`${repository}.away`, repository);
  assert.equal((await host.snapshots('far')).length, 1);
  assert.equal((await run(...COPY)).code, 0);
  assert.equal(server.labels(1).length, 1);
});

test('a directory that is not the one of which pgBackRest speaks is not copied', async (t) => {
  const { host, declare, server, run } = await sceneOf(t);
  server.pgbackrest('--type=full', 'backup');
  mkdirSync(host.path('other'));
  declare({ offsite: { repository: 'far', path: host.path('other') } });
  const { error, outcome } = copyOf((await run(...COPY)).report);
  assert.deepEqual([outcome, error?.code], ['failed', 'source-missing']);
  assert.match(error?.message ?? '', /is not in .*other: the newest backup that it lists is not there/);
  assert.match(error?.hint ?? '', /S3, SFTP or another host cannot be copied from here/);
  assert.deepEqual(await host.snapshots('far'), []);
});

test('a copy beside which somebody else made a backup or expired one is no whole copy', async (t) => {
  const { host, server, run } = await sceneOf(t);
  assert.equal((await run()).code, 0);
  const body = `case "$*" in *" backup "*) touch ${host.path('asked')};
    while [ ! -e ${host.path('go')} ]; do sleep 0.05; done;; esac
exec restic "$@"`;
  const started = host.start(['--json', 'run', 'db', ...COPY], {
    env: { HOLDFAST_RESTIC: host.script('slow-restic', body) },
  });
  await appears(host.root, () => existsSync(host.path('asked')));
  server.pgbackrest('--type=incr', 'backup');
  host.write('go', '');
  const { code, stdout } = await started.ended;
  const step = copyOf(JSON.parse(stdout) as Report);
  assert.deepEqual([code, step.outcome], [1, 'partial']);
  assert.match(step.reason ?? '', /that Holdfast did not start ran while it was copied/);
  assert.equal(copies(host)[0]?.complete, false);
});

test('log that comes while it is copied harms nothing: the copy is whole, and has all that was archived before it', async (t) => {
  const { host, server, run } = await sceneOf(t);
  server.sql('create table kept (n int)');
  assert.equal((await run()).code, 0);
  server.sql('insert into kept select generate_series(1, 100)');
  server.finishFile();
  server.waitForArchiver();
  const { child, ended } = host.start(['--json', 'run', 'db', ...COPY]);
  while (child.exitCode === null) {
    server.sql('insert into kept values (0)');
    server.finishFile();
    await nextTurn();
  }
  const { code, stdout } = await ended;
  assert.equal(code, 0, stdout);
  const to = host.path('pg/back');
  const back = await host.run(['restore', 'db', '--repository', 'far', '--to', to]);
  assert.equal(back.code, 0, back.stderr);
  assert.equal(rowsOf(join(to, 'data'), 'select count(*) from kept where n > 0'), '100');
});

test('a copy that is killed is none, and the next one is whole; a backup meanwhile waits for it, as long as it may', async (t) => {
  const { host, server, run } = await sceneOf(t);
  assert.equal((await run()).code, 0);
  const body = `case "$*" in *" backup "*) touch ${host.path('asked')}; exec sleep 600;; esac
exec restic "$@"`;
  const started = host.start(['run', 'db', ...COPY], { env: { HOLDFAST_RESTIC: host.script('stuck-restic', body) } });
  await appears(host.root, () => existsSync(host.path('asked')));
  const busy = await host.run(['run', 'db', '--type', 'incremental', '--wait', '1s']);
  assert.equal(busy.code, 75, busy.stderr);
  assert.match(busy.stderr, /waiting for run/);
  started.child.kill('SIGKILL');
  await started.ended;
  assert.equal(copies(host).length, 1);
  const { code, report } = await run();
  assert.equal(code, 0, JSON.stringify(report.steps));
  assert.equal(copyOf(report).result?.['label'], server.labels(1).at(-1));
  assert.deepEqual(host.leftovers(), []);
});

test('a copy of an encrypted repository stays encrypted: it is told that its passphrase is needed, and with that it comes back', async (t) => {
  const lines = ['repo1-cipher-type=aes-256-cbc', 'repo1-cipher-pass=a long passphrase'];
  const { host, declare, repository, run } = await sceneOf(t, { lines });
  const { code, report } = await run();
  assert.equal(code, 0);
  assert.match(copyOf(report).warnings.join(), /not told where its passphrase is/);
  const [snapshot] = await host.snapshots('far');
  const info = await host.restic('far', ['dump', snapshot?.id ?? '', `${repository}/backup/main/backup.info`]);
  assert.match(info, /^Salted__/);
  const restore = (): ReturnType<typeof host.run> =>
    host.run(['restore', 'db', '--repository', 'far', '--to', host.path('pg/back')]);
  const without = await restore();
  assert.equal(without.code, 2);
  assert.match(without.stdout + without.stderr, /postgres\.offsite\.cipherPassFile/);
  const cipherPassFile = host.write('passphrase', 'a long passphrase\n', 0o600);
  declare({ offsite: { repository: 'far', path: repository, cipherPassFile } });
  assert.equal((await restore()).code, 0);
  assert.doesNotMatch(copyOf((await run(...COPY)).report).warnings.join(), /passphrase/);
});

test('the doctor says whether there is something that could be copied', async (t) => {
  const { host, server, repository, declare } = await sceneOf(t);
  server.pgbackrest('--type=full', 'backup');
  const told = async (): Promise<string> => {
    const { stdout } = await host.run(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { id: string; health: string; detail: string }[] };
    return checks.flatMap(({ id, health, detail }) => (id === 'copy:db' ? `${health}: ${detail}` : [])).join();
  };
  assert.equal(await told(), `ok: ${repository} with one backup can be copied to far`);
  declare({ offsite: { repository: 'far', path: host.path('nowhere') } });
  assert.match(await told(), /^problem: .*is not in .*nowhere/);
});
