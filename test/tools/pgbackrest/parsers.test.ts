import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backupInvocation } from '../../../src/tools/pgbackrest/backup.ts';
import { classifyFailure } from '../../../src/tools/pgbackrest/classify.ts';
import { type PgBackRest, pgBackRestArgv, pgBackRestEnvironment } from '../../../src/tools/pgbackrest/invoke.ts';
import { parseListing } from '../../../src/tools/pgbackrest/repo-ls.ts';
import { knowsBlocks, parseVersion } from '../../../src/tools/pgbackrest/version.ts';
import { recorded, recordedLines } from './support.ts';

const ACCESS: PgBackRest = {
  program: 'pgbackrest',
  stanza: 'main',
  configFile: '/etc/here.conf',
  user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  subject: 'db',
};

test('a backup says its stanza, repository, type and mark, and no log line goes to where answers are read', () => {
  const invocation = backupInvocation({ repository: 2, type: 'incremental', mark: 'holdfast-1' });
  assert.deepEqual(pgBackRestArgv(ACCESS, invocation), [
    'pgbackrest',
    '--config=/etc/here.conf',
    '--stanza=main',
    '--repo=2',
    '--log-level-console=off',
    '--log-level-stderr=warn',
    '--no-log-timestamp',
    'backup',
    '--type=incr',
    '--start-fast',
    '--exec-id=holdfast-1',
    '--no-expire-auto',
  ]);
});

test('nothing of the environment chooses another stanza or repository', () => {
  const inherited = { PGBACKREST_STANZA: 'other', PGBACKREST_REPO1_PATH: '/x', PATH: '/bin' };
  assert.deepEqual(pgBackRestEnvironment(inherited), { PGBACKREST_STANZA: undefined, PGBACKREST_REPO1_PATH: undefined });
});

const FAILURES: readonly (readonly [name: string, exitCode: number, code: string, says: RegExp])[] = [
  ['foreign-backup.txt', 51, 'refused', /^PostgreSQL version 15, system-id 7711036668007453635 do not match stanza/],
  ['foreign-check.txt', 28, 'refused', /^backup and archive info files exist but do not match the database/],
  ['down.txt', 56, 'source-missing', /^unable to find primary cluster/],
  ['check-timeout.txt', 82, 'failed', /^WAL segment 0{7}1\w+ was not archived before the 3000ms timeout/],
  ['check-archive-command.txt', 68, 'failed', /^archive_command '\/bin\/false' must contain pgbackrest/],
  ['no-stanza.txt', 55, 'repository-missing', /^unable to load info file/],
  ['permission.txt', 41, 'permission-denied', /^unable to load info file/],
  ['locked.txt', 50, 'busy', /^unable to acquire lock on file/],
];
for (const [name, exitCode, code, says] of FAILURES)
  test(`exit code ${exitCode} is ${code}, in pgBackRest's own words`, () => {
    const stderrTail = recordedLines('2.45', name);
    const error = classifyFailure({ operation: 'back up', subject: 'db', exitCode, stderrTail });
    assert.equal(error.code, code);
    assert.match(error.message, says);
    assert.ok(error.hint);
  });

test('a disk that is full is told as that, whatever the exit code', () => {
  const stderrTail = ["ERROR: [039]: raised from local-1 protocol: unable to write '/r/x': [28] No space left on device"];
  assert.equal(classifyFailure({ operation: 'back up', subject: 'db', exitCode: 39, stderrTail }).code, 'no-space');
});

test('an archive is listed with sizes and times, by old and by new', () => {
  for (const version of ['2.45', '2.55'] as const) {
    const files = parseListing(recorded(version, 'repo-ls-archive.json'), 'db');
    const first = files.find(({ path }) => path.startsWith('15-1/0000000100000000/000000010000000000000001-'));
    assert.deepEqual([first?.size, first?.time], [2270685, 1795365414000]);
    assert.ok(!files.some(({ path }) => path === '15-1'), 'a directory is no file');
  }
});

test('blocks are known from 2.46 on', () => {
  assert.equal(knowsBlocks(parseVersion('pgBackRest 2.45\n', 'pgbackrest')), false);
  assert.equal(knowsBlocks(parseVersion('pgBackRest 2.55.1\n', 'pgbackrest')), true);
  assert.throws(() => parseVersion('nothing', 'pgbackrest'), { code: 'tool-output' });
});
