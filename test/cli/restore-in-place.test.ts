// `holdfast restore --in-place`: what must never happen to the data that is there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Instant } from '../../src/domain/instant.ts';
import type { Report } from '../../src/domain/report.ts';
import { selfIdentity } from '../../src/process/identity.ts';
import { type Ended, fingerprint, type ScratchHost, scratchHost, type Section, stepOf } from '../support/cli.ts';
import { plan, step } from '../support/plans.ts';
import { mounted } from '../support/mounted.ts';

const WRITER = join(import.meta.dirname, '../support/sqlite-writer.ts');

const reportOf = ({ stdout, stderr }: Ended): Report => {
  try {
    return JSON.parse(stdout) as Report; // its shape has a test of its own
  } catch {
    throw new Error(`not one JSON document: ${stdout}\n${stderr}`);
  }
};
const resultOf = (ended: Ended, service = 'notes') => stepOf(reportOf(ended), `restore:${service}@near`).result ?? {};

function hostWith(t: Parameters<typeof scratchHost>[0]): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  return host;
}

const kept = (directory: string): string[] => readdirSync(directory).filter((name) => name.includes('.before-'));

/** Commits to the database and is killed: the last commits are in its -wal only. */
async function writeAndDie(file: string): Promise<void> {
  const child = spawn(process.execPath, [WRITER, file, 'wal'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const rowsOf = (file: string): number => {
  using db = new DatabaseSync(file);
  assert.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
  return Number(db.prepare('SELECT count(*) AS n FROM a').get()?.['n']);
};

for (const [title, backup] of [
  ['declared as a database', (file: string): Section => ({ databases: [{ type: 'sqlite', path: file }] })],
  ['declared as a path', (file: string): Section => ({ paths: [file] })],
] as const) {
  test(`a SQLite file comes back as it was backed up, whatever its dead writer left beside it: ${title}`, async (t) => {
    const host = hostWith(t);
    const file = host.path('data/app/x.db');
    mkdirSync(dirname(file), { recursive: true });
    {
      using db = new DatabaseSync(file);
      db.exec('CREATE TABLE a (n INTEGER PRIMARY KEY, filler TEXT); CREATE TABLE b (n INTEGER PRIMARY KEY)');
      db.exec('INSERT INTO a VALUES (1, 2)');
    }
    host.services['notes'] = { backup: backup(file) };
    assert.equal((await host.backUp()).code, 0);
    await writeAndDie(file);
    writeFileSync(`${file}-journal`, 'of the old one');
    assert.ok(existsSync(`${file}-wal`));

    const ended = await host.run(['--json', 'restore', 'notes', '--in-place']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(
      readdirSync(dirname(file)).filter((name) => !name.startsWith('.')),
      ['x.db'],
    );
    const moved = resultOf(ended)['kept'] as { path: string; keptAt: string }[];
    assert.deepEqual(
      moved.map(({ path }) => path),
      ['', '-wal', '-shm', '-journal'].map((suffix) => file + suffix),
    );
    for (const { keptAt } of moved) assert.ok(existsSync(keptAt), keptAt);
    assert.equal(rowsOf(file), 1);
  });
}

test('what is beside a file that is no companion of it stays', async (t) => {
  const host = hostWith(t);
  const file = host.write('data/list', 'first');
  const journal = host.write('data/list-journal', 'also restored');
  host.services['notes'] = { backup: { paths: [file, journal] } };
  assert.equal((await host.backUp()).code, 0);
  writeFileSync(journal, 'spoilt');
  host.write('data/list-walrus', 'mine');
  const ended = await host.run(['--json', 'restore', 'notes', '--in-place']);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(readFileSync(journal, 'utf8'), 'also restored');
  assert.equal(readFileSync(host.path('data/list-walrus'), 'utf8'), 'mine');
  assert.equal((resultOf(ended)['kept'] as unknown[]).length, 2);
});

test('live data of another service, a repository or the state inside of the path is never moved away', async (t) => {
  for (const [inner, words] of [
    ['data/outer/inner', /the live data of inner \(.*\) lies inside of it/],
    ['data/outer/near', /the repository near \(.*\) lies inside of it/],
    ['data/outer/state', /the state of Holdfast \(.*\) lies inside of it/],
  ] as const) {
    const host = scratchHost(t);
    host.addRepository(inner.endsWith('near') ? inner : 'near');
    if (inner.endsWith('near')) host.repositories = { near: host.repositories[inner] ?? {} };
    if (inner.endsWith('state')) host.configure({ stateDir: host.path(inner) });
    const outer = host.addService('outer', { 'a.txt': 'outer' }, { exclude: [host.path(inner)] });
    if (inner.endsWith('inner')) {
      const file = host.write('data/outer/inner/b.txt', 'inner');
      host.services['inner'] = { backup: { paths: [dirname(file)] } };
    }
    assert.equal((await host.backUp()).code, 0);
    writeFileSync(join(outer, 'a.txt'), 'changed');
    const before = fingerprint(outer);
    for (const more of [['--dry-run'], []]) {
      const ended = await host.run(['restore', 'outer', '--in-place', ...more]);
      assert.equal(ended.code, 2, ended.stdout);
      assert.match(ended.stderr, words);
      assert.match(ended.stderr, /hint: .*--to/);
    }
    if (!inner.endsWith('state') && !inner.endsWith('near')) assert.deepEqual(fingerprint(outer), before);
    assert.deepEqual(kept(host.path('data')), []);
  }
});

test('what the backup leaves out stays in the old data, and it is said where', async (t) => {
  const host = hostWith(t);
  const data = host.addService('notes', { 'a.txt': 'a', 'media/film': 'film' });
  host.services['notes'] = { backup: { paths: [data], exclude: [join(data, 'media'), join(data, 'none'), '**/*.tmp'] } };
  assert.equal((await host.backUp()).code, 0);
  const planned = await host.run(['--json', 'restore', 'notes', '--in-place', '--dry-run']);
  assert.match(
    reportOf(planned).warnings.join('\n'),
    /notes\/media is left out of the backup: .* old data only\nwhat matches \*\*\/\*\.tmp is/,
  );
  assert.doesNotMatch(reportOf(planned).warnings.join('\n'), /none/);
  const ended = await host.run(['--json', 'restore', 'notes', '--in-place']);
  assert.equal(ended.code, 0, ended.stderr);
  const [aside = ''] = kept(host.path('data'));
  const film = host.path('data', aside, 'media');
  assert.equal(readFileSync(join(film, 'film'), 'utf8'), 'film');
  assert.deepEqual(resultOf(ended)['leftOut'], [{ path: join(data, 'media'), keptAt: film }]);
  const { warnings } = stepOf(reportOf(ended), 'restore:notes@near');
  assert.deepEqual(warnings, [`${join(data, 'media')} is left out of the backup: it is in the old data now, ${film}`]);
});

test('an incomplete snapshot replaces live data only when it is named, and then it is partial', async (t) => {
  const host = hostWith(t);
  const data = host.addService('notes', { 'a.txt': 'old' });
  host.services['notes'] = { backup: { paths: [data, host.path('data/missing')] } };
  assert.equal((await host.backUp()).code, 1);
  writeFileSync(join(data, 'a.txt'), 'live');
  const [snapshot] = await host.snapshots('near');
  const id = String(snapshot?.id);
  for (const more of [[], ['--snapshot', 'latest'], ['--dry-run']]) {
    const refused = await host.run(['restore', 'notes', '--in-place', ...more]);
    assert.equal(refused.code, 2, refused.stdout);
    assert.match(refused.stderr, new RegExp(`known to be incomplete[^]*hint: .*--snapshot ${id.slice(0, 8)}`));
  }
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'live');
  for (const where of [
    ['--to', host.path('out')],
    ['--in-place', '--snapshot', id.slice(0, 12)],
  ]) {
    const ended = await host.run(['--json', 'restore', 'notes', ...where]);
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(String(stepOf(reportOf(ended), 'restore:notes@near').reason), /itself is known to be incomplete/);
    using journal = host.journal();
    assert.equal(journal.evidence({ service: 'notes', kind: 'restore', limit: 1 })[0]?.complete, false);
  }
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'old');
});

test('only what was restored whole and compared is evidence that a snapshot can be restored', async (t) => {
  const host = hostWith(t);
  const data = host.addService('notes', { 'a.txt': 'a', 'b.txt': 'b' });
  host.write('data/more/c.txt', 'c');
  host.services['notes'] = { backup: { paths: [data, host.path('data/more')] } };
  assert.equal((await host.backUp()).code, 0);
  const complete = async (...args: string[]): Promise<boolean | undefined> => {
    const ended = await host.run(['restore', 'notes', ...args]);
    assert.equal(ended.code, 0, ended.stderr);
    using journal = host.journal();
    return journal.evidence({ service: 'notes', kind: 'restore', limit: 1 })[0]?.complete;
  };
  assert.equal(await complete('--to', host.path('all')), true);
  assert.equal(await complete('--to', host.path('part'), '--include', join(data, 'a.txt')), false);
  assert.equal(await complete('--to', host.path('quick'), '--no-verify'), false);
  assert.equal(await complete('--in-place'), true);
  assert.equal(await complete('--in-place', '--no-verify'), false);
  host.services['notes'] = { backup: { paths: [data] } };
  assert.equal(await complete('--in-place'), false);
});

test('a path that runs through links is the place that they lead to, with what is mounted inside', async (t) => {
  const host = hostWith(t);
  const data = host.addService('notes', { 'a.txt': 'first' });
  symlinkSync('data', host.path('link'));
  const path = host.path('link/notes');
  host.services['notes'] = { backup: { paths: [path] } };
  mkdirSync(join(data, 'inner'));
  assert.equal((await host.backUp()).code, 0);
  writeFileSync(join(data, 'a.txt'), 'live');
  const inner = join(data, 'inner');
  const refused = await host.run(['restore', 'notes', '--in-place'], { under: mounted('--bind', inner, inner) });
  assert.equal(refused.code, 2, refused.stdout);
  assert.match(refused.stderr, /inner is mounted inside it/);
  assert.deepEqual(kept(host.path('data')), []);
  const ended = await host.run(['--json', 'restore', 'notes', '--in-place']);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'first');
  assert.deepEqual(resultOf(ended)['kept'], [{ path, keptAt: host.path('data', kept(host.path('data'))[0] ?? '') }]);
});

test('a path that is a link itself is not replaced', async (t) => {
  const host = hostWith(t);
  const data = host.addService('notes', { 'a.txt': 'first' });
  assert.equal((await host.backUp()).code, 0);
  rmSync(data, { recursive: true });
  mkdirSync(host.path('elsewhere'));
  symlinkSync('../elsewhere', data);
  const ended = await host.run(['restore', 'notes', '--in-place']);
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /symbolic link \(to \.\.\/elsewhere\)/);
});

test('a restore that does not come to its end says what the live data is', async (t) => {
  const host = hostWith(t);
  const data = host.addService('notes', { 'a.txt': 'first' });
  assert.equal((await host.backUp()).code, 0);
  writeFileSync(join(data, 'a.txt'), 'live');
  const started = host.start(['--verbose', 'restore', 'notes', '--in-place']);
  await started.said(/in place \.\.\./);
  started.child.kill('SIGINT');
  const { stdout, stderr } = await started.ended;
  assert.match(stdout + stderr, /live data is as it was/);
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'live');
});

test('a place that an earlier restore left half replaced is not restored again before that is settled', async (t) => {
  const host = hostWith(t);
  const data = host.addService('notes', { 'a.txt': 'first' });
  assert.equal((await host.backUp()).code, 0);
  mkdirSync(host.path('data/.notes.leaving-01OLD'));
  const ended = await host.run(['restore', 'notes', '--in-place']);
  assert.equal(ended.code, 2);
  assert.match(ended.stdout + ended.stderr, /\.notes\.leaving-01OLD holds the old data of a restore that was neither/);
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'first');
});

test('what restic complains of, and what it lost without a word, each keep a restore from being put in place', async (t) => {
  const host = hostWith(t);
  const data = host.addService('notes', { 'a.txt': 'first', 'b.txt': 'b' });
  assert.equal((await host.backUp()).code, 0);
  writeFileSync(join(data, 'a.txt'), 'live');
  const complaint =
    '{"message_type":"error","error":{"message":"lsetxattr: not supported"},"during":"restore","item":"/b.txt"}';
  for (const [after, words] of [
    ['find "$target" -name a.txt -delete', /a\.txt is missing/],
    [`echo '${complaint}' >&2; code=1`, /b\.txt: .*lsetxattr/],
  ] as const) {
    const HOLDFAST_RESTIC = host.script(
      'restic-with-a-flaw',
      `target=; for each; do case $each in --target=*) target=\${each#--target=};; esac; done
[ -n "$target" ] || exec restic "$@"
restic "$@"; code=$?
${after}; exit $code`,
    );
    for (const where of [['--in-place'], ['--to', host.path('out')]]) {
      const ended = await host.run(['--json', 'restore', 'notes', ...where], { env: { HOLDFAST_RESTIC } });
      assert.equal(ended.code, 2, ended.stdout);
      const { error, warnings } = stepOf(reportOf(ended), 'restore:notes@near');
      assert.equal(error?.code, 'not-restored');
      assert.match(error.message, words);
      assert.equal(warnings.includes('the live data is as it was'), where.length === 1);
    }
    assert.deepEqual(readdirSync(host.path('data')), ['notes']);
    assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'live');
    const incomplete = await host.run(['--json', 'restore', 'notes', '--to', host.path('out'), '--allow-incomplete'], {
      env: { HOLDFAST_RESTIC },
    });
    assert.equal(incomplete.code, 1, incomplete.stderr);
    assert.match(String(stepOf(reportOf(incomplete), 'restore:notes@near').reason), words);
    rmSync(host.path('out'), { recursive: true });
  }
});

test('of two paths that are one inside the other by a link, neither is moved away with the other', async (t) => {
  const host = hostWith(t);
  host.write('data/app/sub/s.txt', 's');
  mkdirSync(host.path('data/opt'));
  symlinkSync('../app', host.path('data/opt/app'));
  host.services['notes'] = { backup: { paths: [host.path('data/app'), host.path('data/opt/app/sub')] } };
  assert.equal((await host.backUp()).code, 0);
  const before = fingerprint(host.path('data'));
  const refused = await host.run(['restore', 'notes', '--in-place']);
  assert.equal(refused.code, 2, refused.stdout);
  assert.match(refused.stderr + refused.stdout, /opt\/app\/sub.*inside of .*data\/app, which comes back with it/s);
  assert.deepEqual(fingerprint(host.path('data')), before);
});

test('a place whose last restore is neither finished nor taken back is not restored again, whatever its names say', async (t) => {
  const host = hostWith(t);
  host.write('data/app/a.txt', 'a');
  host.services['notes'] = { backup: { paths: [host.path('data/app')] } };
  assert.equal((await host.backUp()).code, 0);
  {
    using journal = host.journal();
    const { process: self } = { process: { ...selfIdentity(), startTicks: '1' } };
    journal.openRun({ id: '01DEAD', plan: plan([step('restore')]), startedAt: Date.now() as Instant, process: self });
    const swap = { path: host.path('data/app'), staged: host.path('gone/app'), leaving: host.path('gone/l') };
    const names = { aside: host.path('gone/a'), entering: host.path('gone/e'), displaced: host.path('gone/d') };
    const payload = { entries: [{ ...swap, ...names, own: [] }], swaps: [] };
    journal.intendEffect({
      runId: '01DEAD',
      stepId: 'restore',
      kind: 'promotion',
      payload,
      at: Date.now() as Instant,
    });
  }
  const refused = await host.run(['restore', 'notes', '--in-place']);
  assert.equal(refused.code, 2, refused.stdout);
  assert.match(refused.stdout + refused.stderr, /the restore of run 01DEAD was neither finished nor taken back there/);
});
