import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import { restoreCommandFor, restoreInvocation, type RestoreRequest } from '../../../src/tools/pgbackrest/restore.ts';

const REQUEST: RestoreRequest = {
  set: '20260101-020000F',
  repository: 2,
  directory: '/scratch/data',
  target: Date.UTC(2026, 0, 1, 11, 0, 0, 250) as Instant,
  timeline: 1,
  delta: false,
  processes: null,
  tablespaces: null,
};

test('a restore names its backup, its repository and its moment with the zone, and never archives', () => {
  const { args, repository } = restoreInvocation(REQUEST);
  assert.equal(repository, 2);
  assert.deepEqual(args, [
    'restore',
    '--pg1-path=/scratch/data',
    '--set=20260101-020000F',
    '--archive-mode=off',
    '--type=time',
    '--target=2026-01-01 11:00:00.250+00',
    '--target-action=promote',
    '--target-timeline=1',
  ]);
});

test('everything that the archive holds has no target; what is asked for besides is passed on', () => {
  const { args } = restoreInvocation({
    ...REQUEST,
    target: null,
    timeline: 10,
    delta: true,
    processes: 4,
    tablespaces: '/scratch/tablespaces',
  });
  for (const each of [
    '--type=default',
    '--target-timeline=10',
    '--delta',
    '--process-max=4',
    '--tablespace-map-all=/scratch/tablespaces',
  ])
    assert.ok(args.includes(each), each);
  assert.ok(!args.some((each) => /^--target(?:-action)?=/.test(each)));
  assert.ok(args.includes('--archive-mode=off'));
});

test('the command that gets the log comes to a shell as it was meant, whatever stands in a path', () => {
  const access = { program: '/bin/echo', configFile: "/etc/it's 100%.conf", stanza: 'main', subject: 'db' };
  const command = restoreCommandFor(access, 1, '/data/a b$c');
  assert.match(command, / %f "%p"; /);
  // PostgreSQL replaces %f, %p and %%, and hands the rest to sh
  const typed = command.replaceAll(/%(.)/g, (_, letter: string) => ({ f: 'FILE', p: 'pg_wal/x', '%': '%' })[letter] ?? '?');
  const said = execFileSync('sh', ['-c', typed], { encoding: 'utf8' });
  assert.match(
    said,
    /^--config=\/etc\/it's 100%\.conf --stanza=main --repo=1 --pg1-path=\/data\/a b\$c --no-archive-async .*archive-get FILE pg_wal\/x$/m,
  );
});

test('only "not found" ends the log: to the server any other failure is one, and it stops', () => {
  const said = (program: string): number | null => {
    const command = restoreCommandFor({ program, configFile: null, stanza: 'main', subject: 'db' }, 1, '/data');
    return spawnSync('sh', ['-c', command.replace('%f', 'FILE').replace('%p', 'x')]).status;
  };
  assert.deepEqual([said('/bin/true'), said('/bin/false')], [0, 1]);
  assert.deepEqual([said('/bin/sh'), said('/nowhere/pgbackrest')], [126, 126]);
});
