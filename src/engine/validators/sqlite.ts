// A restored SQLite database: opened as its owner would, so that a journal beside it is replayed, and looked through. In a
// process of its own, which can be stopped: a large database takes minutes. What it writes stays beside the restored copy.

import { chmod, constants, copyFile, lstat, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { duration, formatDuration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { COMPANIONS, fine, type Finding, fileOfPath, type RestoredService, writableFor, wrong } from './restored.ts';

/** Its answer is one line: null when all is well, else what is not. */
const LOOK = `
const { DatabaseSync } = require('node:sqlite');
const [file, query] = process.argv.slice(1);
const tell = (answer) => console.log(JSON.stringify(answer));
try {
  const database = new DatabaseSync(file);
  const found = database.prepare('PRAGMA integrity_check(5)').all().map((row) => row.integrity_check);
  if (found.length !== 1 || found[0] !== 'ok') tell('integrity_check: ' + found.join('; '));
  else if (query === undefined) tell(null);
  else {
    database.exec('PRAGMA query_only = 1');
    const statement = database.prepare(query);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    const row = statement.get();
    const value = row === undefined ? undefined : row[0];
    const words = value === undefined ? 'no row' : value === null ? 'NULL' : value === '' ? 'an empty text' : String(value);
    const empty = value == null || value === '' || Number(value) === 0 || value.length === 0;
    tell(empty ? 'the query answered ' + words : null);
  }
} catch (error) {
  tell(error.message);
}
`;

export async function validateSqlite(
  { path, query }: { readonly path: string; readonly query: string | null },
  restored: RestoredService,
  signal: AbortSignal,
): Promise<Finding> {
  const place = await fileOfPath(restored, path);
  if ('problem' in place) return wrong(place.problem);
  const { stats } = place;
  if (stats.size === 0) return wrong('it is empty');
  const beside = await Promise.all(COMPANIONS.map((suffix) => lstat(place.path + suffix).catch(() => null)));
  const odd = beside.findIndex((each) => each !== null && !each.isFile());
  if (odd !== -1) return wrong(`${path}${COMPANIONS[odd] ?? ''} is no regular file`);
  await using file = await ownCopy(place.path, restored);
  const directory = dirname(file.path);
  await chmod(directory, ((await lstat(directory)).mode & 0o7777) | 0o700); // its owner writes there, and it is a copy
  await chmod(file.path, (stats.mode & 0o7777) | 0o600);
  return await look(file.path, query, path, restored, signal);
}

/** The restored database itself where that is ours to change, else a copy with what is beside it. */
async function ownCopy(path: string, { scratch }: RestoredService): Promise<AsyncDisposable & { readonly path: string }> {
  await using made = new AsyncDisposableStack();
  if (scratch === null) return { path, [Symbol.asyncDispose]: () => Promise.resolve() };
  const directory = await mkdtemp(join(scratch, 'sqlite-'));
  made.defer(async () => await rm(directory, { recursive: true, force: true }));
  for (const suffix of ['', ...COMPANIONS]) {
    const to = join(directory, `database${suffix}`);
    // oxlint-disable-next-line no-await-in-loop -- a handful
    if (await isThere(path + suffix)) await copyFile(path + suffix, to, constants.COPYFILE_FICLONE);
  }
  const held = made.move();
  return { path: join(directory, 'database'), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** A query may never end. */
const LIMIT = duration(1, 'h');

async function look(
  file: string,
  query: string | null,
  subject: string,
  restored: RestoredService,
  signal: AbortSignal,
): Promise<Finding> {
  const argv = [process.execPath, '--no-warnings', '-e', LOOK, '--', file, ...(query === null ? [] : [query])] as const;
  const env = { SQLITE_TMPDIR: writableFor(restored, file), NODE_OPTIONS: undefined };
  try {
    const { exitCode, stdout, stderrTail, endedBy } = await runProcess(
      { argv, operation: 'look through the database', subject, env },
      { signal, timeout: LIMIT, verbatim: true, grace: duration(1, 's') },
    );
    if (exitCode !== 0) {
      const how = exitCode === null ? `was ended by ${endedBy ?? 'a signal'}` : `ended with exit code ${exitCode}`;
      return { ok: null, message: `looking through it ${how}`, lines: stderrTail };
    }
    const answer = JSON.parse(stdout) as string | null; // as LOOK wrote it
    return answer === null ? fine() : wrong(answer);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code !== 'timed-out') throw error;
    return wrong(`looking through it did not end within ${formatDuration(LIMIT)}`);
  }
}
