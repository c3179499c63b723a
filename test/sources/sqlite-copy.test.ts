import assert from 'node:assert/strict';
import { watch, statSync, utimesSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import { copyDatabase } from '../../src/sources/sqlite-copy.ts';
import { interruption } from '../../src/lib/interruption.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const MEBIBYTE = 1024 * 1024;
const never = new AbortController().signal;

function makeDatabase(file: string, mebibytes: number): void {
  using database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = wal; PRAGMA synchronous = off; CREATE TABLE a (x); BEGIN');
  const add = database.prepare('INSERT INTO a VALUES (zeroblob(?))');
  for (let n = 0; n < mebibytes; n += 1) add.run(MEBIBYTE);
  database.exec('COMMIT');
}

test('a copy has the mode and the times of the live file, however old those are', async () => {
  using directory = temporaryDirectory();
  const [live, copy] = [join(directory.path, 'live.db'), join(directory.path, 'copy.db')];
  makeDatabase(live, 1);
  chmodSync(live, 0o640);
  const then = new Date('2020-02-02T02:02:02Z');
  utimesSync(live, then, then);
  await copyDatabase(live, copy, never);
  const { mode, mtime } = statSync(copy);
  assert.deepEqual([(mode & 0o7777).toString(8), mtime], ['640', then]);
});

test('copying a large database ends at once when it is no longer wanted', async () => {
  using directory = temporaryDirectory();
  const live = join(directory.path, 'live.db');
  makeDatabase(live, 200);
  const stop = new AbortController();
  using watcher = Object.assign(watch(directory.path), {
    [Symbol.dispose]() {
      watcher.close();
    },
  });
  watcher.on('change', (_, name) => name === 'copy.db' && stop.abort(interruption('SIGINT')));
  await assert.rejects(copyDatabase(live, join(directory.path, 'copy.db'), stop.signal), { code: 'interrupted' });
});

test('a database that another program holds exclusively is waited for, told as locked, and left when that is wanted', async () => {
  using directory = temporaryDirectory();
  const [live, copy] = [join(directory.path, 'live.db'), join(directory.path, 'copy.db')];
  makeDatabase(live, 1);
  using holder = new DatabaseSync(live);
  holder.exec('PRAGMA locking_mode = exclusive; BEGIN EXCLUSIVE; INSERT INTO a VALUES (1)');
  await assert.rejects(copyDatabase(live, copy, never, duration(50, 'ms')), {
    code: 'busy',
    message: 'it is locked by another program',
    hint: /fuser -v/,
  });
  const stop = new AbortController();
  const waiting = copyDatabase(live, copy, stop.signal);
  setImmediate(() => stop.abort(interruption('SIGINT')));
  await assert.rejects(waiting, { code: 'interrupted' });
  const patient = copyDatabase(live, copy, never);
  setImmediate(() => {
    holder.exec('COMMIT');
    holder.close();
  });
  await patient;
  using copied = new DatabaseSync(copy, { readOnly: true });
  assert.equal(copied.prepare('SELECT count(*) AS count FROM a').get()?.['count'], 2);
});

test('a copy goes on while others commit, and holds one moment', async () => {
  using directory = temporaryDirectory();
  const [live, copy] = [join(directory.path, 'live.db'), join(directory.path, 'copy.db')];
  makeDatabase(live, 100);
  using writer = new DatabaseSync(live);
  let commits = 0;
  const writing = setInterval(() => {
    writer.exec('INSERT INTO a VALUES (1)');
    commits += 1;
  });
  using _end = { [Symbol.dispose]: () => clearInterval(writing) };
  await copyDatabase(live, copy, never);
  using copied = new DatabaseSync(copy, { readOnly: true });
  const rows = Number(copied.prepare('SELECT count(*) AS count FROM a').get()?.['count']);
  assert.ok(rows - 100 < commits, `${rows - 100} of ${commits} commits are in the copy: it was begun again and again`);
});
