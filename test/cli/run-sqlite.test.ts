// SQLite databases that are written to while they are backed up.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import {
  asOrdinaryUser,
  listFiles,
  NOBODY,
  type ScratchHost,
  scratchHost,
  snapshotOf,
  stepOf,
  withTmpfs,
} from '../support/cli.ts';

const WRITER = join(import.meta.dirname, '../support/sqlite-writer.ts');

interface Writer extends AsyncDisposable {
  /** The last number of which it is known that it was committed. */
  committed(): number;
  /** Resolves when more than so many numbers are committed. */
  beyond(count: number): Promise<void>;
}

async function startWriter(file: string, mode: 'wal' | 'delete'): Promise<Writer> {
  const child: ChildProcess = spawn(process.execPath, [WRITER, file, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = 0;
  let rest = '';
  let waiting: (() => void)[] = [];
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    last = Number(lines.at(-1) ?? last);
    for (const look of waiting) look();
  });
  const writer: Writer = {
    committed: () => last,
    beyond: (count) =>
      new Promise((done, fail) => {
        const look = (): void => {
          if (last <= count) return;
          waiting = waiting.filter((each) => each !== look);
          done();
        };
        waiting.push(look);
        look();
        void ended.then(() => fail(new Error('the writer ended')));
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
  await writer.beyond(20);
  return writer;
}

/** A database with some rows that nobody has open. */
async function writeOnce(file: string, mode: 'wal' | 'delete'): Promise<void> {
  await using _writer = await startWriter(file, mode);
}

/** Sound, and the numbers 1..n in both tables, without a gap; answers with n. */
function assertPrefix(file: string): number {
  using db = new DatabaseSync(file, { readOnly: true });
  assert.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
  const a = db.prepare('SELECT count(*) AS count, max(n) AS last, min(n) AS first FROM a').get();
  const b = db.prepare('SELECT count(*) AS count, max(n) AS last FROM b').get();
  assert.equal(a?.['first'], 1);
  assert.equal(a['count'], a['last'], 'a gap in the committed writes');
  assert.deepEqual([b?.['count'], b?.['last']], [a['count'], a['last']], 'half of a commit');
  return Number(a['last']);
}

async function backUpWhileWritten(
  t: TestContext,
  host: ScratchHost,
  mode: 'wal' | 'delete',
  under: string[],
): Promise<void> {
  const file = host.path('data/app/state/app.db');
  await using writer = await startWriter(file, mode);
  chmodSync(file, 0o640);
  for (let round = 1; round <= 3; round += 1) {
    const before = writer.committed();
    const live = statSync(file);
    const { code, report, stderr } = await host.backUp([], { under });
    assert.equal(code, 0, stderr);
    assert.ok(writer.committed() > before, 'the writer was held up for the whole run');
    const snapshotId = snapshotOf(report, 'backup:app@near');
    assert.deepEqual(stepOf(report, 'backup:app@near').result?.['databases'], [file]);
    const contents = await host.contents('near', snapshotId);
    assert.deepEqual(
      contents.filter((path) => path.startsWith(`${host.path('data/app')}/`)).toSorted(),
      ['notes.txt', 'state', 'state/app.db'].map((name) => host.path('data/app', name)),
    );
    const restored = join(await host.restore('near', snapshotId), file);
    const count = assertPrefix(restored);
    assert.ok(count >= before, `${count} of at least ${before} commits were saved`);
    const copy = statSync(restored);
    assert.deepEqual([copy.mode.toString(8), copy.uid, copy.gid], [live.mode.toString(8), live.uid, live.gid]);
    assert.ok(copy.mtimeMs >= live.mtimeMs, 'the copy looks older than what was live when the run began');
    assert.deepEqual(listFiles(host.path('state/spool')), []);
    assert.deepEqual(host.leftovers(), []);
    t.diagnostic(`${mode}, round ${round}: ${before} committed before, ${count} saved, ${writer.committed()} at the end`);
  }
}

function hostWithDatabase(t: TestContext): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('app', { 'notes.txt': 'n', 'state/.keep': '' });
  execFileSync('rm', [join(directory, 'state/.keep')]);
  host.services['app'] = {
    backup: { paths: [directory], databases: [{ type: 'sqlite', path: join(directory, 'state/app.db') }] },
  };
  return host;
}

for (const mode of ['wal', 'delete'] as const) {
  test(`a database in ${mode} mode that is written to meanwhile is saved whole: sound, gapless, at its live path`, async (t) => {
    await backUpWhileWritten(t, hostWithDatabase(t), mode, []);
  });
}

test('an ordinary user saves a live database as well, in a user namespace of its own', async (t) => {
  const host = hostWithDatabase(t);
  const under = asOrdinaryUser();
  if (under.length > 0) {
    host.giveTo(NOBODY);
    const file = host.path('data/app/state/app.db');
    execFileSync('setpriv', [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', 'touch', file]);
    chmodSync(host.path('data/app/state'), 0o777);
  }
  const file = host.path('data/app/state/app.db');
  {
    await using _writer = await startWriter(file, 'delete');
  }
  if (under.length > 0) host.giveTo(NOBODY);
  const { code, report, stderr } = await host.backUp([], { under });
  assert.equal(code, 0, stderr);
  const snapshotId = snapshotOf(report, 'backup:app@near');
  const restored = join(await host.restore('near', snapshotId), file);
  assertPrefix(restored);
  assert.equal(statSync(restored).uid, statSync(file).uid);
  assert.deepEqual(listFiles(host.path('state/spool')), []);
});

test("an ordinary user's copy in which owners are lost is partial and names the first; one without strangers is not", async (t) => {
  const host = hostWithDatabase(t);
  const under = asOrdinaryUser();
  const app = host.path('data/app');
  await writeOnce(join(app, 'state/app.db'), 'delete');
  const grouped = host.write('data/app/grouped.txt', 'x', 0o644);
  if (under.length > 0) host.giveTo(NOBODY);
  const backUp = async (path: string): Promise<Report> => {
    const databases = [{ type: 'sqlite', path: join(app, 'state/app.db') }];
    host.services['app'] = { backup: { paths: [...new Set([app, path])], databases } };
    return (await host.backUp([], { under })).report;
  };
  const assertLost = async (path: string, named: string): Promise<void> => {
    const report = await backUp(path);
    const { outcome, reason } = stepOf(report, 'backup:app@near');
    assert.equal(outcome, 'partial');
    assert.match(reason ?? '', new RegExp(`^owners are lost: .* such as ${named}, .*run as root$`));
    const copy = statSync(join(await host.restore('near', snapshotOf(report, 'backup:app@near')), named));
    const live = statSync(named);
    assert.notDeepEqual([copy.uid, copy.gid], [live.uid, live.gid], 'nothing was lost: it is no reason for a partial copy');
  };
  assert.equal((await backUp(app)).outcome, 'succeeded');
  if (process.getuid?.() === 0) await assertLost('/etc/passwd', '/etc/passwd'); // only root restores owners
  else assert.equal((await backUp('/etc/passwd')).outcome, 'partial');
  if (under.length === 0) return;
  chownSync(grouped, NOBODY, 33);
  await assertLost(app, grouped);
});

test('a database that does not change adds nothing but a tree, and its live file is never touched', async (t) => {
  const host = hostWithDatabase(t);
  const file = host.path('data/app/state/app.db');
  {
    await using _writer = await startWriter(file, 'delete');
  }
  const live = statSync(file);
  await host.backUp();
  const { report } = await host.backUp();
  const { mtimeMs, ctimeMs, ino } = statSync(file);
  assert.deepEqual([mtimeMs, ctimeMs, ino], [live.mtimeMs, live.ctimeMs, live.ino]);
  const { filesNew, bytesAdded } = stepOf(report, 'backup:app@near').result ?? {};
  assert.equal(filesNew, 0);
  assert.ok(Number(bytesAdded) < live.size / 4, `${Number(bytesAdded)} bytes were added`);
});

test('a database behind a symbolic link is saved where it really lies, when that is in a declared path', async (t) => {
  const host = hostWithDatabase(t);
  const file = host.path('data/app/state/app.db');
  const real = host.path('data/app/real.db');
  await writeOnce(real, 'wal');
  symlinkSync(real, file);
  const { code, report, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  const restored = await host.restore('near', snapshotOf(report, 'backup:app@near'));
  assert.ok(!existsSync(join(restored, `${real}-wal`)));
  assertPrefix(join(restored, real));
});

test('a database that a link leads out of the declared paths fails its job until its real place is declared', async (t) => {
  const host = hostWithDatabase(t);
  const real = host.path('elsewhere/app.db');
  mkdirSync(host.path('elsewhere'));
  await writeOnce(real, 'delete');
  symlinkSync(real, host.path('data/app/state/app.db'));
  symlinkSync(host.path('elsewhere'), host.path('data/app/linked'));
  const backUp = async (paths: string[], database: string): Promise<Report> => {
    host.services['app'] = { backup: { paths, databases: [{ type: 'sqlite', path: database }] } };
    return (await host.backUp()).report;
  };
  const app = host.path('data/app');
  const [file, behind] = [join(app, 'state/app.db'), join(app, 'linked/app.db')];
  for (const report of [await backUp([app], file), await backUp([file], file), await backUp([app], behind)]) {
    const { outcome, error, reason } = stepOf(report, 'backup:app@near');
    assert.deepEqual([outcome, error?.code], ['failed', 'config']);
    assert.equal(reason, `it really is ${real}, which no declared path leads to without a symbolic link`);
  }
  assert.deepEqual(await host.snapshots('near'), []);
  const report = await backUp([app, host.path('elsewhere')], file);
  assert.equal(report.outcome, 'succeeded');
  assertPrefix(join(await host.restore('near', snapshotOf(report, 'backup:app@near')), real));
});

test('a declared path below a symbolic link holds its database under that path', async (t) => {
  const host = hostWithDatabase(t);
  await writeOnce(host.path('data/app/state/app.db'), 'wal');
  symlinkSync(host.path('data'), host.path('link'));
  const file = host.path('link/app/state/app.db');
  host.services['app'] = {
    backup: { paths: [host.path('link/app')], databases: [{ type: 'sqlite', path: host.path('data/app/state/app.db') }] },
  };
  const refused = await host.run(['config', 'check']);
  assert.match(refused.stderr + refused.stdout, /outside of the service's paths/);
  host.services['app'] = { backup: { paths: [host.path('link/app')], databases: [{ type: 'sqlite', path: file }] } };
  const { code, report, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  const snapshotId = snapshotOf(report, 'backup:app@near');
  assert.deepEqual(
    (await host.contents('near', snapshotId)).filter((path) => path.includes('app.db')),
    [file], // and nothing of SQLite's beside it
  );
  assertPrefix(join(await host.restore('near', snapshotId), file));
});

test('a pattern that keeps live files out does not keep a declared database out', async (t) => {
  const host = hostWithDatabase(t);
  const file = host.path('data/app/state/app.db');
  await writeOnce(file, 'wal');
  host.write('data/app/state/other.db', 'torn');
  host.services['app'] = {
    backup: { paths: [host.path('data/app')], databases: [{ type: 'sqlite', path: file }], exclude: ['*.db', '*.db-*'] },
  };
  const { code, report, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  const snapshotId = snapshotOf(report, 'backup:app@near');
  const contents = await host.contents('near', snapshotId);
  assert.deepEqual(
    contents.filter((path) => path.includes('.db')),
    [file],
  );
  assertPrefix(join(await host.restore('near', snapshotId), file));
});

test('a declared database in a directory that is left out makes its job partial, and names it', async (t) => {
  const host = hostWithDatabase(t);
  const file = host.path('data/app/state/app.db');
  await writeOnce(file, 'delete');
  host.services['app'] = {
    backup: { paths: [host.path('data/app')], databases: [{ type: 'sqlite', path: file }], exclude: ['state'] },
  };
  const { code, report } = await host.backUp();
  const { outcome, reason } = stepOf(report, 'backup:app@near');
  assert.deepEqual([code, outcome], [1, 'partial']);
  assert.ok(reason?.includes(file), reason ?? '');
});

test('a database that is missing, damaged or no database fails its job with the way on; nothing torn is saved', async (t) => {
  const host = hostWithDatabase(t);
  const file = host.path('data/app/state/app.db');
  const failed = async (): Promise<{ code: string; message: string; hint: string | null }> => {
    const { code, report } = await host.backUp();
    const step = stepOf(report, 'backup:app@near');
    assert.deepEqual([code, step.outcome], [2, 'failed']);
    assert.deepEqual(host.leftovers(), []);
    const { code: errorCode = '', message = '', hint = null } = step.error ?? {};
    return { code: errorCode, message, hint };
  };
  assert.partialDeepStrictEqual(await failed(), { code: 'source-missing', message: 'there is no such file' });
  writeFileSync(file, 'this is no database'.repeat(1000));
  const garbage = await failed();
  assert.deepEqual([garbage.code, garbage.message], ['source-incomplete', 'file is not a database']);
  assert.match(garbage.hint ?? '', /holdfast .*snapshots/);
  execFileSync('rm', ['-r', file]);
  execFileSync('mkdir', [file]);
  assert.partialDeepStrictEqual(await failed(), { code: 'source-missing', message: 'it is not a regular file' });
  assert.deepEqual(await host.snapshots('near'), []);
});

test('a database that does not fit into the spool is not begun', async (t) => {
  const host = hostWithDatabase(t);
  const file = host.path('data/app/state/app.db');
  {
    using database = new DatabaseSync(file);
    database.exec('CREATE TABLE a (x); INSERT INTO a VALUES (zeroblob(8000000))');
  }
  mkdirSync(host.path('state/spool'), { recursive: true });
  const { code, report } = await host.backUp([], { under: withTmpfs(host.path('state/spool'), '4m') });
  const { error } = stepOf(report, 'backup:app@near');
  assert.deepEqual([code, error?.code], [2, 'no-space']);
  assert.match(error?.message ?? '', /^its copy needs 7\.\d+ MiB, the spool has 4\.\d+ MiB left$/);
});

test('a stopped service can start again after root has read its database: what SQLite left beside it belongs to its owner', async (t) => {
  const host = hostWithDatabase(t);
  const file = host.path('data/app/state/app.db');
  {
    await using _writer = await startWriter(file, 'wal');
  }
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, host.path('data/app')]);
  const { uid, gid } = statSync(file);
  const { code, report, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  for (const name of listFiles(host.path('data/app/state'))) {
    const stats = statSync(host.path('data/app/state', name));
    assert.deepEqual([stats.uid, stats.gid], [uid, gid], name);
  }
  const restored = await host.restore('near', snapshotOf(report, 'backup:app@near'));
  const copy = statSync(join(restored, file));
  assert.deepEqual([copy.uid, copy.gid], [uid, gid]);
});

test('two services share nothing in the spool, and one run copies for two repositories', async (t) => {
  const host = hostWithDatabase(t);
  host.addRepository('far');
  const file = host.path('data/app/state/app.db');
  {
    await using _writer = await startWriter(file, 'delete');
  }
  cpSync(host.path('data/app'), host.path('data/other'), { recursive: true });
  host.services['other'] = {
    backup: {
      paths: [host.path('data/other')],
      databases: [{ type: 'sqlite', path: host.path('data/other/state/app.db') }],
    },
  };
  const { code, report, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  assert.equal(report.counts.succeeded, 1 + 2 + 2 + 4 + 2);
  assert.deepEqual(listFiles(host.path('state/spool')), []);
});
