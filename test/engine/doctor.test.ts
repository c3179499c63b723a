import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Configuration } from '../../src/config/configuration.ts';
import { duration } from '../../src/domain/duration.ts';
import { performChecks } from '../../src/engine/doctor.ts';
import { type Check, ok, problem, warning } from '../../src/engine/doctor/check.ts';
import { hostChecks } from '../../src/engine/doctor/host-checks.ts';
import { missingMounts } from '../../src/engine/doctor/service-checks.ts';
import { parseMounts } from '../../src/repositories/mounts.ts';
import { parseFstab } from '../../src/repositories/declared-mounts.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import { openJournalReadOnly } from '../../src/journal/open-read-only.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { interruption } from '../../src/lib/interruption.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { backup, configuration, hoursAgo, NOW, postgres, recordBackup, service, snapshotId } from './support/host.ts';

const input = (parts: Partial<Configuration> = {}) => ({
  config: configuration(parts),
  clock: { now: () => NOW },
  restic: 'restic',
  user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
});
const check = (id: string, run: Check['run'], limit = duration(10, 's')): Check => ({ id, title: id, limit, run });
const forever = new AbortController().signal;

test('a check that hangs is a problem after its time, and takes nothing from the others', async () => {
  const checks = [check('dead', () => new Promise(() => {}), duration(20, 'ms')), check('fine', async () => [ok('fine')])];
  const report = await performChecks(checks, input(), forever);
  assert.deepEqual(
    report.checks.map(({ id, health, detail }) => [id, health, detail]),
    [
      ['dead', 'problem', 'no answer within 0.0s'],
      ['fine', 'ok', 'fine'],
    ],
  );
});

test('what a check throws is a problem with the hint as the fix', async () => {
  const error = new HoldfastError({ code: 'failed', operation: 'look', subject: 'x', message: 'broken', hint: 'mend it' });
  const report = await performChecks([check('a', () => Promise.reject(error))], input(), forever);
  assert.deepEqual([report.checks[0]?.detail, report.checks[0]?.fix], ['broken', 'mend it']);
});

test('the exit code is that of the worst finding', async () => {
  const exitOf = async (...findings: ReturnType<typeof ok>[]): Promise<number> =>
    (await performChecks([check('a', async () => findings)], input(), forever)).exitCode;
  assert.equal(await exitOf(ok('a'), ok('b')), 0);
  assert.equal(await exitOf(ok('a'), warning('b', null)), 1);
  assert.equal(await exitOf(problem('a', null), warning('b', null)), 2);
});

test('being cancelled is not a finding', async () => {
  const stop = new AbortController();
  const report = performChecks([check('a', () => new Promise(() => {}))], input(), stop.signal);
  stop.abort(interruption('SIGINT'));
  await assert.rejects(report, { code: 'interrupted' });
});

test('a mount of /etc/fstab at, above or below a path is missed when it is not there', () => {
  const fstab =
    '# comment\nUUID=1 / ext4 defaults 0 1\n/dev/sdb1 /srv/with\\040space xfs defaults\nnas:/x /mnt/nas nfs noauto 0 0\nswap none swap sw\n';
  const declared = parseFstab(fstab);
  assert.deepEqual(declared, ['/', '/srv/with space', '/mnt/nas']);
  const mounted = (...paths: string[]) =>
    parseMounts(
      paths.map((path, at) => `${at} 0 8:1 / ${path.replace(' ', String.raw`\040`)} rw - ext4 /dev/sda1 rw\n`).join(''),
    );
  const found = missingMounts(['/srv/with space/app'], declared, mounted('/'));
  assert.equal(found.length, 1);
  assert.match(found[0]?.detail ?? '', /^\/srv\/with space should be mounted/);
  assert.deepEqual(missingMounts(['/srv/with space/app'], declared, mounted('/', '/srv/with space')), []);
  assert.deepEqual(missingMounts(['/srv/elsewhere'], declared, mounted('/')), []);
  assert.equal(missingMounts(['/mnt'], declared, mounted('/')).length, 1);
  const trigger = parseMounts('9 0 0:9 / /mnt/nas rw - autofs systemd-1 rw\n');
  assert.equal(missingMounts(['/mnt'], declared, trigger).length, 1, 'the trigger of an automount is not what it mounts');
});

test('the journal is looked at without a file being made, moved or left behind', () => {
  using folder = temporaryDirectory();
  assert.equal(openJournalReadOnly(folder.path), null);
  assert.deepEqual(readdirSync(folder.path), []);
  {
    using journal = openJournal(folder.path);
    recordBackup(journal, { service: 'sonarr', repository: 'nas' }, { at: hoursAgo(1), id: snapshotId('1') });
    using beside = openJournalReadOnly(folder.path); // while somebody else writes
    assert.equal(beside?.evidence({ service: 'sonarr', kind: 'backup', limit: 5 }).length, 1);
  }
  const before = readdirSync(folder.path).toSorted((a, b) => a.localeCompare(b));
  {
    using journal = openJournalReadOnly(folder.path);
    assert.equal(journal?.runs({ limit: 5 }).length, 1);
  }
  assert.deepEqual(
    readdirSync(folder.path).toSorted((a, b) => a.localeCompare(b)),
    before,
  );
  writeFileSync(join(folder.path, 'journal.db'), 'this is no database, whatever its name says, and it is long enough');
  assert.throws(() => openJournalReadOnly(folder.path), { code: 'journal-unusable' });
  assert.ok(existsSync(join(folder.path, 'journal.db')));
});

test('what was never backed up is to be run where its data is, and to come back where nothing of it is here', async () => {
  using folder = temporaryDirectory();
  const here = service('here', { backup: backup(['nas'], { paths: [folder.path] }) });
  const db = service('db', { backup: null, postgres: postgres({ dataDir: join(folder.path, 'pgdata') }) });
  const services = new Map([here, service('gone'), db].map((each) => [each.name, each]));
  const checks = hostChecks(input({ stateDir: folder.path, services })).filter(({ id }) => id === 'jobs');
  const report = await performChecks(checks, input(), forever);
  assert.deepEqual(
    report.checks.map(({ health, detail, fix }) => [health, detail, fix]),
    [
      ['warning', 'never backed up: here', 'holdfast run here'],
      ['problem', 'no backup is on record, and none of its data is here (2): gone, db', 'holdfast recover'],
    ],
  );
});

test('runs that died, jobs that never ran and evidence from the future are told from the journal', async () => {
  using folder = temporaryDirectory();
  {
    using journal = openJournal(folder.path);
    const process_ = { pid: 1, startTicks: '0', bootId: 'another boot', pidNamespace: 'pid:[1]' };
    journal.openRun({
      id: '01DEAD',
      plan: { kind: 'run', host: 'h', steps: [], limits: {} },
      startedAt: NOW,
      process: process_,
    });
    journal.intendEffect({ runId: '01DEAD', stepId: 's', kind: 'spool', payload: {}, at: NOW });
    recordBackup(journal, { service: 'sonarr', repository: 'nas' }, { at: hoursAgo(-5), id: snapshotId('1') });
  }
  const report = await performChecks(hostChecks(input({ stateDir: folder.path })), input(), forever);
  const told = report.checks
    .filter(({ health }) => health !== 'ok')
    .map(({ id, health, detail }) => `${id} ${health} ${detail}`);
  assert.deepEqual(
    told.filter((line) => !line.startsWith('state-directory')),
    [
      'journal warning died before its end: run 01DEAD; left to clean up: spool',
      'jobs warning never backed up: sonarr@far',
      'jobs warning has a copy dated 5h in the future, which does not count: sonarr@nas',
    ],
  );
});
