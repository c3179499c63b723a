// Each validator on restored data that is good, and on data that is not.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { ValidatorConfig } from '../../../src/config/configuration.ts';
import { duration } from '../../../src/domain/duration.ts';
import type { Bytes } from '../../../src/domain/bytes.ts';
import type { RestoredService, Validation } from '../../../src/engine/validators/restored.ts';
import { filesOf, validate } from '../../../src/engine/validators/validate.ts';
import { interruption } from '../../../src/lib/interruption.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const HOME = '/srv/app';

interface Scene extends Disposable {
  readonly outside: string;
  readonly restored: RestoredService;
  /** Below the service's first path. */
  file(name: string, content?: string | Uint8Array): string;
  check(validator: ValidatorConfig, signal?: AbortSignal): Promise<Validation>;
}

function scene(within?: string): Scene {
  const directory = temporaryDirectory(within);
  const root = join(directory.path, 'scratch');
  mkdirSync(root + HOME, { recursive: true });
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const secret = join(directory.path, 'secret');
  writeFileSync(secret, 'the password');
  const place = (path: string): string => root + path;
  const restored = {
    service: 'app',
    snapshotId: 'a'.repeat(64),
    place,
    roots: [root],
    scratch: null,
    home: HOME,
    hidden: [secret],
    user,
  };
  return {
    outside: directory.path,
    restored,
    file(name, content) {
      const path = join(root + HOME, name);
      mkdirSync(dirname(path), { recursive: true });
      if (content !== undefined) writeFileSync(path, content);
      return path;
    },
    check: (validator, signal = new AbortController().signal) => validate(validator, restored, signal),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

const sqlite = (path: string, query: string | null = null): ValidatorConfig => ({ type: 'sqlite', path, query });
const files = (path: string, minCount = 1, minSize = 1): ValidatorConfig => ({
  type: 'files',
  path,
  minCount,
  minSize: minSize as Bytes,
});
const command = (script: string, parts: { timeout?: number; cwd?: string } = {}): ValidatorConfig => ({
  type: 'command',
  argv: ['sh', '-c', script],
  timeout: duration(parts.timeout ?? 60, 's'),
  cwd: parts.cwd ?? null,
});

function makeDatabase(path: string): void {
  using database = new DatabaseSync(path);
  database.exec('BEGIN; CREATE TABLE notes (text)');
  const insert = database.prepare('INSERT INTO notes VALUES (?)');
  for (let index = 0; index < 2000; index += 1) insert.run(`note ${index}`);
  database.exec('COMMIT');
}

test('a sound database passes, with and without a query', async () => {
  using here = scene();
  makeDatabase(here.file('notes.db'));
  chmodSync(here.file('notes.db'), 0o400);
  assert.deepEqual(await here.check(sqlite('notes.db')), {
    type: 'sqlite',
    subject: 'notes.db',
    ok: true,
    message: null,
    lines: [],
  });
  assert.equal((await here.check(sqlite(`${HOME}/notes.db`, 'SELECT count(*) FROM notes'))).ok, true);
  assert.equal((await here.check(sqlite('notes.db', "SELECT 'some'"))).ok, true);
  assert.equal((await here.check(sqlite('notes.db', 'SELECT 9007199254740993'))).ok, true);
});

test('a query that answers nothing, 0, NULL or an empty text fails, and so does one that is wrong or would write', async () => {
  using here = scene();
  makeDatabase(here.file('notes.db'));
  for (const [query, told] of [
    ['SELECT 1 FROM notes WHERE text = 5', /answered no row/],
    ['SELECT 0', /answered 0/],
    ['SELECT NULL', /answered NULL/],
    ["SELECT ''", /answered an empty text/],
    ['SELECT * FROM absent', /no such table: absent/],
    ['DELETE FROM notes', /readonly database/],
  ] as const) {
    const { ok, message } = await here.check(sqlite('notes.db', query));
    assert.equal(ok, false, query);
    assert.match(message ?? '', told);
  }
});

test('a database that is damaged, cut short, empty, missing or no database fails', async () => {
  using here = scene();
  const path = here.file('notes.db');
  makeDatabase(path);
  const bytes = readFileSync(path);
  const { length } = bytes;
  const damaged = Buffer.from(bytes).fill(0xa5, length / 2, length / 2 + 3000);
  here.file('damaged.db', damaged);
  here.file('short.db', bytes.subarray(0, 4096 * 3));
  here.file('empty.db', '');
  here.file('text.db', 'this is not a database, and long enough to be told apart from an empty one'.repeat(100));
  mkdirSync(here.file('dir.db'));
  for (const [name, told] of [
    ['damaged.db', /malformed|integrity_check|btree|not a database/i],
    ['short.db', /malformed|integrity_check|invalid page/i],
    ['empty.db', /it is empty/],
    ['text.db', /not a database/],
    ['dir.db', /no regular file/],
    ['none.db', /the snapshot does not hold it/],
  ] as const) {
    const { ok, message } = await here.check(sqlite(name));
    assert.equal(ok, false, name);
    assert.match(message ?? '', told, name);
  }
});

test('what is still in the write-ahead log or in a hot journal beside a database counts', async () => {
  using here = scene();
  const live = join(here.outside, 'live.db');
  for (const [mode, suffix] of [
    ['wal', '-wal'],
    ['delete', '-journal'],
  ] as const) {
    const name = `${mode}.db`;
    using database = new DatabaseSync(live);
    database.exec(`PRAGMA journal_mode = ${mode}; PRAGMA cache_size = 2; CREATE TABLE t (x); INSERT INTO t VALUES ('kept')`);
    if (mode === 'delete') {
      database.exec('BEGIN; UPDATE t SET x = 1');
      const insert = database.prepare('INSERT INTO t VALUES (?)');
      for (let index = 0; index < 5000; index += 1) insert.run('not committed'.repeat(20)); // spills into the file
    }
    for (const each of ['', suffix]) copyFileSync(live + each, here.file(name) + each);
    database.close();
    const query = mode === 'wal' ? "SELECT x = 'kept' FROM t" : "SELECT count(*) = 1 AND min(x) = 'kept' FROM t";
    assert.deepEqual((await here.check(sqlite(name, query))).message, null, mode);
    execFileSync('rm', ['-f', live, `${live}-wal`, `${live}-shm`]);
  }
});

test('a link out of the restored data is never followed', async () => {
  using here = scene();
  const live = join(here.outside, 'live.db');
  makeDatabase(live);
  const before = statSync(live).mtimeMs;
  symlinkSync(live, here.file('link.db'));
  symlinkSync(here.outside, here.file('out'));
  makeDatabase(here.file('own.db'));
  symlinkSync(live, `${here.file('own.db')}-wal`);
  for (const validator of [
    sqlite('link.db'),
    sqlite('out/live.db'),
    files('out'),
    { type: 'json', path: 'link.db' } as const,
  ]) {
    assert.match((await here.check(validator)).message ?? '', /leads out of the restored data/);
  }
  assert.match((await here.check(sqlite('own.db'))).message ?? '', /-wal is no regular file/);
  assert.deepEqual(readdirSync(here.outside).toSorted(), ['live.db', 'scratch', 'secret']);
  assert.equal(statSync(live).mtimeMs, before);
});

test('where what was restored must stay as it is, it is looked at in a copy, and a command may write nowhere else', async () => {
  using here = scene('/var/tmp'); // a command sees nothing of /tmp
  const path = here.file('app.db');
  const live = join(here.outside, 'live.db');
  using database = new DatabaseSync(live);
  database.exec("PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES ('kept')");
  for (const suffix of ['', '-wal']) execFileSync('cp', [live + suffix, path + suffix]);
  execFileSync('chmod', ['0400', path]);
  const scratch = join(here.outside, 'validators');
  mkdirSync(scratch);
  const restored = { ...here.restored, scratch };
  const state = (): string =>
    execFileSync('find', [here.restored.roots[0] ?? '', '-printf', '%p %m %s %T@\n'], { encoding: 'utf8' });
  const before = state();
  const { signal } = new AbortController();
  const query = "SELECT x = 'kept' FROM t";
  assert.deepEqual((await validate(sqlite('app.db', query), restored, signal)).ok, true, 'with what only its journal holds');
  const writes = {
    type: 'command',
    argv: ['/bin/sh', '-c', 'echo x > "$HOLDFAST_DATA/new"'],
    timeout: duration(9, 's'),
    cwd: null,
  } as const;
  assert.equal((await validate(writes, restored, signal)).ok, false);
  assert.equal(state(), before);
  assert.deepEqual(readdirSync(scratch), []);
});

test('whole JSON passes, anything else does not', async () => {
  using here = scene();
  here.file('good.json', '\uFEFF{"a": [1, "ä"]}');
  here.file('cut.json', '{"a": [1');
  here.file('empty.json', '');
  here.file('bytes.json', Buffer.from([0x22, 0xff, 0x22]));
  const check = async (path: string): Promise<string | null> => (await here.check({ type: 'json', path })).message;
  assert.equal(await check('good.json'), null);
  assert.match((await check('cut.json')) ?? '', /JSON/);
  assert.match((await check('empty.json')) ?? '', /JSON/);
  assert.match((await check('bytes.json')) ?? '', /not UTF-8/);
  assert.match((await check('none.json')) ?? '', /does not hold it/);
});

test('files are counted and measured, links and directories are not', async () => {
  using here = scene();
  for (const name of ['m/a', 'm/b', 'm/sub/c']) here.file(name, 'x'.repeat(100));
  symlinkSync('a', here.file('m/link'));
  assert.deepEqual((await here.check(files('m', 3, 300))).message, '3 files, 300 B');
  assert.match((await here.check(files('m', 4))).message ?? '', /at least 4 files: found 3 files/);
  assert.match((await here.check(files('m', 1, 301))).message ?? '', /at least 301 B: found 3 files, 300 B/);
  assert.equal((await here.check(files('m/a'))).ok, true, 'a single file is one');
  assert.equal((await here.check(files('none'))).ok, false);
});

test('a command says by its exit code, knows what it is about, and works on the copy', async () => {
  using here = scene();
  here.file('sub/data', 'x');
  const good = await here.check(
    command(
      `[ "$HOLDFAST_SERVICE $HOLDFAST_SNAPSHOT" = "app ${'a'.repeat(64)}" ] && [ -s "$HOLDFAST_DATA/sub/data" ] && [ -s data ] && echo x >made && [ -z "$NODE_OPTIONS$SECRET" ]`,
      { cwd: 'sub' },
    ),
  );
  assert.deepEqual([good.ok, good.message], [true, null]);
  assert.ok(existsSync(here.file('sub/made')));
  const bad = await here.check(command('echo it is; echo broken >&2; exit 3'));
  assert.deepEqual([bad.ok, bad.message, bad.lines.toSorted()], [false, 'sh ended with exit code 3', ['broken', 'it is']]);
  assert.match((await here.check(command('true', { cwd: 'none' }))).message ?? '', /does not hold it/);
  const missing = await here.check({ type: 'command', argv: ['/no/such/program'], timeout: duration(5, 's'), cwd: null });
  assert.equal(missing.ok, null, 'that says nothing of the data');
  assert.match(missing.message ?? '', /^\/no\/such\/program could not be started/);
});

test('a command cannot read what is hidden from it', async () => {
  using here = scene();
  const { ok } = await here.check(command(`[ ! -s '${here.outside}/secret' ]`));
  assert.equal(ok, true);
});

test('a command that hangs, with everything that it forked, ends when its time is up', async () => {
  using here = scene();
  const begin = performance.now();
  const { ok, message, lines } = await here.check(
    command(`echo begun; trap '' TERM; setsid sh -c 'trap "" TERM; sleep 1000' & setsid sleep 1000 & wait; sleep 1000`, {
      timeout: 1,
    }),
  );
  assert.deepEqual([ok, message, lines], [false, 'sh did not end within 1s', ['begun']]);
  assert.ok(performance.now() - begin < 20_000);
  assert.deepEqual(processesIn(here.restored.roots[0] ?? ''), []);
});

test('a command that leaves a daemon behind is not waited for, and the daemon ends', async () => {
  using here = scene();
  const { ok } = await here.check(command('setsid sleep 1000 & setsid sleep 1000 >/dev/null 2>&1 & exit 0'));
  assert.equal(ok, true);
  assert.deepEqual(processesIn(here.restored.roots[0] ?? ''), []);
});

test('of a command that prints without end only the last lines are kept', async () => {
  using here = scene();
  const { ok, lines } = await here.check(
    command("head -c 3000000 /dev/zero | tr '\\0' x; echo; yes line | head -c 1000000; echo last; exit 1"),
  );
  assert.equal(ok, false);
  assert.equal(lines.at(-1), 'last');
  assert.ok(lines.length <= 20 && lines.every((line) => line.length <= 300));
});

test('being told to stop ends a command and a look through a database at once', async () => {
  using here = scene();
  makeDatabase(here.file('notes.db'));
  for (const validator of [
    command('sleep 1000'),
    sqlite('notes.db', 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c'),
  ]) {
    const stop = new AbortController();
    const ended = here.check(validator, stop.signal);
    setTimeout(() => stop.abort(interruption('SIGINT')), 500);
    await assert.rejects(ended, { code: 'interrupted' });
  }
  assert.deepEqual(processesIn(here.restored.roots[0] ?? ''), []);
});

test('where no sandbox can be made a command is not run, and nothing is proven', async () => {
  using here = scene();
  const bin = join(here.outside, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'unshare'), '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n', {
    mode: 0o755,
  });
  const marker = here.file('ran');
  const script = `
    import { validate } from ${JSON.stringify(join(import.meta.dirname, '../../../src/engine/validators/validate.ts'))};
    const [validator, restored] = process.argv.slice(1).map((text) => JSON.parse(text));
    const place = (path) => restored.roots[0] + path;
    console.log(JSON.stringify(await validate(validator, { ...restored, place }, new AbortController().signal)));`;
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, '--', JSON.stringify(command(`touch ${marker}`)), JSON.stringify(here.restored)],
    { env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let out = '';
  for await (const chunk of child.stdout) out += String(chunk);
  const { ok, message } = JSON.parse(out) as Validation; // as the script wrote it
  assert.equal(ok, null);
  assert.match(message ?? '', /was not run: no sandbox could be made .*Operation not permitted/);
  assert.ok(!existsSync(marker));
});

test('a question to a database server is not taken for answered', async () => {
  using here = scene();
  const { ok, message } = await here.check({ type: 'sql', database: 'shop', query: 'SELECT true' });
  assert.equal(ok, null);
  assert.match(message ?? '', /asks a database server/);
});

test('the files that a validator looks at are known before anything is restored', () => {
  assert.deepEqual(
    filesOf(sqlite('n.db'), HOME),
    ['', '-wal', '-shm', '-journal'].map((suffix) => `${HOME}/n.db${suffix}`),
  );
  assert.deepEqual(filesOf({ type: 'json', path: '/etc/x.json' }, HOME), ['/etc/x.json']);
  assert.equal(filesOf(files('m'), HOME), null);
  assert.equal(filesOf(command('true'), HOME), null);
});

/** Processes of a sandbox around that directory, wherever they moved to. */
const processesIn = (root: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return (
        readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(root) ||
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(root)
      );
    } catch {
      return false; // ended meanwhile
    }
  });
