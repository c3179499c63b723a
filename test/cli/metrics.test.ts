import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parsed, scratchHost } from './support/scratch-host.ts';

test('metrics tell of a host on which nothing ran yet, and change nothing on it', async () => {
  using host = await scratchHost();
  const { code, out, err } = await host.holdfast('metrics');
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^restic_backup_status\{backup_job="alpha",repository="near",hostname="testhost"\} 0$/m);
  assert.match(out, /^holdfast_expected_job_info\{hostname="testhost",id="run:alpha",kind="run",backup_job="alpha",/m);
  assert.doesNotMatch(out, /^restic_backup_last_attempt_timestamp/m);
  assert.equal(existsSync(host.stateDir), false);
});

test('the textfile has what is printed, and writing it leaves no run in the history', async () => {
  using host = await scratchHost({ more: '' });
  const file = host.file('node/holdfast.prom');
  host.write('node/other.prom', 'a 1\n');
  assert.equal((await host.holdfast('run')).code, 0);
  const { code, out, err } = await host.holdfast('metrics', '--textfile', file);
  assert.deepEqual([code, out, err], [0, '', '']);
  assert.match(readFileSync(file, 'utf8'), /^restic_backup_status\{.*\} 1$/m);
  assert.deepEqual(readdirSync(host.file('node')), ['holdfast.prom', 'other.prom']);
  const { runs } = parsed(await host.holdfast('--json', 'history'));
  assert.equal((runs as unknown[]).length, 1);
});

test('values come from the journal, never from a file that was left over', async () => {
  using host = await scratchHost();
  const file = host.file('node/holdfast.prom');
  host.write('node/holdfast.prom', 'restic_backup_status{backup_job="alpha"} 1\n');
  assert.equal((await host.holdfast('metrics', '--textfile', file)).code, 0);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /^restic_backup_status\{.*\} 1$/m);
});

test('without a file to write to, or where it cannot be written, it says so, and is no success', async () => {
  using host = await scratchHost();
  const none = await host.holdfast('metrics', '--textfile');
  assert.equal(none.code, 78);
  assert.match(none.err, /error: metrics\.textfile is not configured, .*\nhint: Set metrics\.textfile/);
  const gone = await host.holdfast('metrics', '--textfile', host.file('gone/holdfast.prom'));
  assert.equal(gone.code, 2);
  assert.match(gone.err, /could not write metrics to .*: the directory .*gone does not exist\nhint: Nothing was written/);
});

test('the configured file is written with --textfile alone', async () => {
  using host = await scratchHost();
  host.write('node/a.prom', '');
  const file = host.file('node/holdfast.prom');
  host.write('holdfast.yaml', `${readFileSync(host.file('holdfast.yaml'), 'utf8')}metrics: {textfile: ${file}}\n`);
  const told = parsed(await host.holdfast('--json', 'metrics', '--textfile'));
  assert.equal(told['file'], file);
  assert.ok(existsSync(file));
  rmSync(host.file('node'), { recursive: true });
  const failed = parsed(await host.holdfast('--json', 'metrics', '--textfile'));
  assert.equal((failed['error'] as { code: string }).code, 'failed');
});

test('rules and the dashboard are printed, or written to a file', async () => {
  using host = await scratchHost();
  const rules = await host.holdfast('metrics', 'rules');
  assert.match(rules.out, /^# Alert rules of Prometheus for testhost, by: holdfast metrics rules\n/);
  const { groups } = parse(rules.out) as { groups: { name: string }[] };
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['holdfast-testhost', 'holdfast-testhost-history'],
  );
  const file = host.file('dashboard.json');
  assert.equal((await host.holdfast('metrics', 'dashboard', '--out', file)).out, '');
  assert.equal(readFileSync(file, 'utf8'), (await host.holdfast('metrics', 'dashboard')).out);
});
