// A drill held against the copy of another repository: what differs is found, what may differ is not held against anybody, and a
// repository that is away or far is not asked for more than it must give.

import assert from 'node:assert/strict';
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { scratchHost, type Section, stepOf } from '../support/cli.ts';
import { backedUp, detailOf, FILES, scratchOf } from './support/drills.ts';

test('content that differs between two repositories fails the drill, which names the files and both of them', async (t) => {
  const { host, data, drill, evidence } = await backedUp(t, ['near', 'far']);
  // far gets a copy of its own: one file with other content, and the size and time of the original
  const file = join(data, 'd3/f39');
  const [atime, mtime] = [new Date(1e12), new Date(1e12)];
  const original = readFileSync(file, 'utf8');
  const put = (content: string): void => {
    writeFileSync(file, content);
    utimesSync(file, atime, mtime);
  };
  put(original);
  assert.equal((await host.backUp()).code, 0);
  await host.restic('far', ['forget', '--unsafe-allow-remove-all', '--host', 'testhost', '--tag', 'holdfast:job=notes']);
  put(original.replaceAll('39', '93'));
  assert.equal((await host.backUp(['--repository', 'far'])).code, 0);
  put(original);
  const { code, step } = await drill('--repository', 'near');
  assert.equal(code, 2);
  const { error } = step();
  assert.equal(error?.code, 'not-restored');
  assert.match(error.message, /a file differs between near \([0-9a-f]{8}\) and far \([0-9a-f]{8}\).*\/d3\/f39$/);
  assert.match(error.hint ?? '', /One of them lies/);
  assert.deepEqual(error.tool?.stderrTail, [`differs: ${file}`]);
  assert.equal(evidence()[0]?.complete, false);
  assert.match(detailOf(evidence()[0]).reason ?? '', /f39/);
  assert.deepEqual(scratchOf(host), []);
  const without = await drill('--repository', 'near', '--against', 'none');
  assert.equal(without.code, 0, 'nothing is wrong with near alone');
  assert.equal(without.step().result?.['compared'], null);
});

test('a second repository that is away is told, and fails only a drill that names it', async (t) => {
  const { host, drill, evidence } = await backedUp(t, ['near', 'far']);
  rmSync(host.path('far'), { recursive: true });
  const { code, step } = await drill('--repository', 'near');
  assert.equal(code, 0);
  assert.match(step().warnings.join('\n'), /not held against a second copy: .*far/);
  assert.deepEqual([evidence()[0]?.complete, detailOf(evidence()[0]).compared], [true, null]);
  const demanded = await drill('--repository', 'near', '--against', 'far');
  assert.equal(demanded.code, 2);
  assert.equal(demanded.step().error?.code, 'repository-missing');
  assert.equal(evidence().length, 1);
  const both = await drill();
  assert.equal(both.code, 1, 'its own drill fails, the other does not');
});

test('of a repository that is far away only a few files are fetched, and all of them when it is named', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far', { url: 'rest:http://127.0.0.1:1/far' });
  host.addService('notes', FILES);
  const calls = host.path('calls');
  const restic = host.script(
    'tunnel',
    `case $RESTIC_REPOSITORY in rest:*) export RESTIC_REPOSITORY='${host.path('far')}'; echo "$@" >>'${calls}' ;; esac; exec restic "$@"`,
  );
  const env = { HOLDFAST_RESTIC: restic };
  assert.equal((await host.backUp([], { env })).code, 0);
  for (const [args, files] of [
    [[], 20],
    [['--against', 'far'], 40],
  ] as const) {
    const { code, stdout, stderr } = await host.run(['--json', 'drill', '--repository', 'near', ...args], { env });
    assert.equal(code, 0, stderr);
    const { result } = stepOf(JSON.parse(stdout) as Report, 'drill:notes@near');
    assert.deepEqual([comparedIn(result), result?.['files']], [files, 40]);
  }
  const restores = readFileSync(calls, 'utf8')
    .split('\n')
    .filter((line) => / restore /.test(line));
  assert.deepEqual(
    restores.map((line) => line.match(/--include=/g)?.length ?? 0),
    [20, 0],
  );
});

test('copies of a database that is being written to are not held against each other', async (t) => {
  const host = scratchHost(t);
  for (const name of ['near', 'far']) host.addRepository(name);
  const data = host.addService('notes', { 'other.txt': 'the same in both' });
  const path = join(data, 'live.db');
  using database = new DatabaseSync(path);
  database.exec(
    "PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES ('first'); PRAGMA wal_checkpoint(TRUNCATE)",
  );
  host.services['notes'] = { backup: { paths: [data], databases: [{ type: 'sqlite', path }] } };
  assert.equal((await host.backUp(['--repository', 'far'])).code, 0);
  database.exec("UPDATE t SET x = 'other'"); // stays in the log: size and time of the file are as before
  assert.equal((await host.backUp(['--repository', 'near'])).code, 0);
  const { code, stdout } = await host.run(['--json', 'drill', '--repository', 'near']);
  assert.equal(code, 0, stdout);
  const { result } = stepOf(JSON.parse(stdout) as Report, 'drill:notes@near');
  assert.equal(comparedIn(result), 1);
});

/** How many files, in the result of a step. */
const comparedIn = (result: StepReport['result']): unknown => (result?.['compared'] as Section | undefined)?.['files'];
