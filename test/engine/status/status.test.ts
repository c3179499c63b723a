import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StatusJournal, statusOf, type StatusReport } from '../../../src/engine/status/status.ts';
import { selfIdentity } from '../../../src/process/identity.ts';
import { plan, step } from '../../support/plans.ts';
import type { ServiceConfig } from '../../../src/config/configuration.ts';
import type { Evidence } from '../../../src/domain/evidence.ts';
import { plannedStep } from '../../../src/domain/report.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import { duration } from '../../../src/domain/duration.ts';
import { formatInstant, type Instant, later } from '../../../src/domain/instant.ts';
import {
  backup,
  EPHEMERAL,
  hoursAgo,
  NOW,
  postgres,
  recordBackup,
  recordFact,
  NO_CHANNELS,
  REPOSITORIES,
  serverRepository,
  service,
  snapshotId,
} from '../support/host.ts';
import { observe } from '../../../src/engine/notify/observe.ts';
import { channel, NotifiedHost, UNREACHABLE } from '../notify/support.ts';

const NAS = { service: 'sonarr', repository: 'nas' };
const FAR = { service: 'sonarr', repository: 'far' };

const status = (journal: Journal, services: readonly ServiceConfig[] = [service('sonarr')]): StatusReport =>
  statusOf({
    config: { host: 'forge', repositories: REPOSITORIES, notifications: NO_CHANNELS },
    services,
    journal,
    now: NOW,
  });

const messages = (report: StatusReport): string[] => report.problems.map(({ subject, message }) => `${subject}: ${message}`);

test('a service with fresh complete copies on site and off site is protected', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(30), id: snapshotId('2') });
  const report = status(journal);
  assert.equal(report.services[0]?.verdict, 'protected');
  assert.deepEqual(report.services[0]?.jobs[0]?.newest, {
    snapshotId: snapshotId('1'),
    at: '2026-03-01T10:00:00.000Z',
    ageSeconds: 7200,
    files: null,
    bytes: null,
    how: 'backup',
  });
  assert.equal(report.services[0]?.jobs[1]?.rpoSeconds, 50 * 3600);
  assert.deepEqual(report.problems, []);
  assert.equal(report.checkExitCode, 0);
});

test('a job that never ran and a service without any job are said first', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  const report = status(journal, [
    service('sonarr'),
    service('plex'),
    service('forgotten', { backup: null }),
    service('scratch', { backup: null, protection: EPHEMERAL }),
  ]);
  assert.deepEqual(messages(report), [
    'sonarr@far: never backed up',
    'plex: never backed up',
    'forgotten: declared, but no job backs it up',
  ]);
  assert.deepEqual(
    report.services.map(({ verdict }) => verdict),
    ['unprotected', 'unprotected', 'at-risk', 'not-owed'],
    'those at the greatest risk first',
  );
  assert.equal(report.checkExitCode, 2);
});

test('a partial run does not move the newest complete copy', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(20), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(20), id: snapshotId('2') });
  recordBackup(journal, NAS, { at: hoursAgo(1), id: snapshotId('3'), outcome: 'partial', reason: '1 unreadable' });
  const report = status(journal);
  const [job] = report.services[0]?.jobs ?? [];
  assert.equal(job?.newest?.snapshotId, snapshotId('1'));
  assert.deepEqual([job?.lastRun?.outcome, job?.lastRun?.reason], ['partial', '1 unreadable']);
  assert.equal(report.services[0]?.verdict, 'at-risk');
  assert.equal(report.checkExitCode, 1);
});

test('a failed last run is exit 1 of --check while the copies are fresh', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(3), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(3), id: snapshotId('2') });
  recordBackup(journal, FAR, { at: hoursAgo(1), outcome: 'blocked' });
  const report = status(journal);
  assert.equal(report.services[0]?.jobs[1]?.failing, true);
  assert.equal(report.checkExitCode, 1);
});

test('a snapshot that was found to be gone does not count, and its loss is an alarm', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(20), id: snapshotId('1') });
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('2') });
  recordBackup(journal, FAR, { at: hoursAgo(2), id: snapshotId('3') });
  recordFact(journal, NAS, { kind: 'missing', snapshotId: snapshotId('2'), at: hoursAgo(1) });
  const report = status(journal);
  assert.equal(report.services[0]?.jobs[0]?.newest?.snapshotId, snapshotId('1'));
  assert.deepEqual(messages(report), [
    'sonarr@nas: its newest complete snapshot 22222222 is gone (it was 60m old when that was found)',
  ]);
  assert.equal(report.checkExitCode, 1);
});

test('a snapshot that was gone and was seen again later counts', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('2') });
  recordFact(journal, NAS, { kind: 'missing', snapshotId: snapshotId('2') });
  assert.equal(status(journal).services[0]?.jobs[0]?.newest, null);
  recordFact(journal, NAS, { kind: 'backup', snapshotId: snapshotId('2'), at: hoursAgo(2) });
  assert.equal(status(journal).services[0]?.jobs[0]?.newest?.snapshotId, snapshotId('2'));
});

test('what was made while the repository was somewhere else is not in it, and that is told', () => {
  using journal = openTransientJournal();
  recordBackup(journal, FAR, { at: hoursAgo(2), id: snapshotId('3') });
  recordFact(journal, NAS, {
    kind: 'backup',
    snapshotId: snapshotId('1'),
    at: hoursAgo(3),
    detail: { place: '/nowhere/nas' },
  });
  assert.equal(status(journal).services[0]?.jobs[0]?.newest?.snapshotId, snapshotId('1'));
  recordFact(journal, NAS, { kind: 'backup', snapshotId: snapshotId('2'), at: hoursAgo(2), detail: { place: '/old/nas' } });
  assert.equal(status(journal).services[0]?.jobs[0]?.newest?.snapshotId, snapshotId('1'), 'it was there before, too');
  recordFact(journal, NAS, {
    kind: 'missing',
    snapshotId: snapshotId('1'),
    at: hoursAgo(1),
    detail: { how: 'removed by retention' },
  });
  const report = status(journal);
  assert.equal(report.services[0]?.jobs[0]?.newest, null);
  assert.deepEqual(messages(report), [
    'sonarr@nas: its newest copy on record was made in /old/nas, and the repository is /nowhere/nas now',
  ]);
});

test('a run that died with something in the air is said first, until it is cleaned up after', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(2), id: snapshotId('2') });
  const dead = { ...selfIdentity(), startTicks: '1' };
  journal.openRun({
    id: '01DEAD',
    plan: plan([step('restore:sonarr')], { kind: 'restore' }),
    startedAt: hoursAgo(1),
    process: dead,
  });
  assert.deepEqual(messages(status(journal)), [], 'it left nothing');
  const [runId, stepId] = ['01DEAD', 'restore:sonarr'];
  const effect = journal.intendEffect({ runId, stepId, kind: 'promotion', payload: {}, at: hoursAgo(1) });
  assert.deepEqual(messages(status(journal)), ['restore 01DEAD: died, and is not cleaned up after (promotion)']);
  assert.equal(status(journal).checkExitCode, 1);
  journal.settleEffect(effect, NOW);
  assert.deepEqual(messages(status(journal)), []);
});

test('many lost snapshots in a row do not hide an older one that is held', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(20), id: snapshotId('0') });
  for (const digit of '123456789') recordBackup(journal, NAS, { at: hoursAgo(10 - Number(digit)), id: snapshotId(digit) });
  for (const digit of '123456789') recordFact(journal, NAS, { kind: 'missing', snapshotId: snapshotId(digit) });
  assert.equal(status(journal).services[0]?.jobs[0]?.newest?.snapshotId, snapshotId('0'));
});

test('a copy dated in the future gives way to an older one, and is told', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(2), id: snapshotId('2') });
  recordBackup(journal, NAS, { at: later(NOW, duration(1, 'h')), id: snapshotId('3') });
  const report = status(journal);
  assert.equal(report.services[0]?.jobs[0]?.newest?.snapshotId, snapshotId('1'));
  assert.deepEqual(messages(report), ['sonarr@nas: has a copy dated 60m in the future, which does not count']);
  using alone = openTransientJournal();
  recordBackup(alone, NAS, { at: later(NOW, duration(1, 'h')), id: snapshotId('3') });
  assert.equal(status(alone).services[0]?.jobs[0]?.standing, 'future');
});

test('the age of a PostgreSQL server in a repository is that of its newest moment there, not of its newest backup', () => {
  using journal = openTransientJournal();
  const server = service('db', { backup: null, postgres: postgres({ repositories: [serverRepository(1)] }) });
  assert.match(messages(status(journal, [server])).join(), /^db: never backed up/);
  const job = { service: 'db', repository: 'repo1' };
  const detail = { place: '/nowhere/repo1' };
  recordFact(journal, job, { kind: 'backup', snapshotId: '20260228-060000F', at: hoursAgo(30), detail });
  const standing = (): unknown => status(journal, [server]).services[0]?.jobs[0]?.standing;
  assert.equal(standing(), 'stale');
  const until = { restorableUntil: formatInstant(hoursAgo(1)) };
  recordFact(journal, job, { kind: 'archive', snapshotId: '', at: hoursAgo(0.5), detail: { ...detail, ...until } });
  assert.equal(standing(), 'fresh');
  const troubles = ['1 file of the log is missing'];
  recordFact(journal, job, { kind: 'archive', snapshotId: '', at: NOW, complete: false, detail: { ...detail, troubles } });
  assert.match(
    messages(status(journal, [server])).join(),
    /db@repo1: its archive is not whole: 1 file of the log is missing/,
  );
  assert.equal(standing(), 'stale', 'the newest look counts, also where an earlier one had found more');
});

test('a repository that lost its backups, and one that does not answer, are no copies until something is heard of them', () => {
  using journal = openTransientJournal();
  const repositories = [serverRepository(1), serverRepository(2)];
  const server = service('db', { backup: null, postgres: postgres({ repositories }) });
  const looked = (key: number, at: Instant, parts: Partial<Evidence>): void => {
    const detail = { place: `/nowhere/repo${key}`, ...parts.detail };
    recordFact(journal, { service: 'db', repository: `repo${key}` }, { ...parts, at, detail });
  };
  for (const key of [1, 2]) looked(key, hoursAgo(3), { kind: 'backup', snapshotId: `2026022${key}-060000F` });
  const now = (): unknown => {
    const [found] = status(journal, [server]).services;
    return [found?.copies.have, ...(found?.jobs.map(({ standing }) => standing) ?? [])];
  };
  assert.deepEqual(now(), [3, 'fresh', 'fresh']);
  const nothing = { kind: 'archive', snapshotId: '', complete: false } as const;
  looked(1, hoursAgo(2), {
    ...nothing,
    detail: { answered: true, restorableUntil: null, troubles: ['missing stanza path'] },
  });
  looked(2, hoursAgo(2), { ...nothing, detail: { answered: false, restorableUntil: null, troubles: ['no route'] } });
  assert.deepEqual(now(), [1, 'none', 'unanswered']);
  assert.deepEqual(messages(status(journal, [server])), [
    'db@repo1: it answers, and its backup 20260221-060000F is not there: missing stanza path',
    'db@repo2: what it holds is not known: no route',
  ]);
  assert.ok(status(journal, [server]).services[0]?.missing.includes('repo2 did not answer 2h ago'));
  looked(1, hoursAgo(1), { kind: 'backup', snapshotId: '20260301-110000F' });
  looked(2, hoursAgo(1), { kind: 'archive', snapshotId: '', detail: { restorableUntil: formatInstant(hoursAgo(1)) } });
  assert.deepEqual(now(), [3, 'fresh', 'fresh']);
});

test('a repository of a server is verified by a drill that read all of it, and only by that', () => {
  using journal = openTransientJournal();
  const repositories = [serverRepository(1)];
  const server = service('db', { backup: null, postgres: postgres({ repositories }) });
  const drilled = (hours: number, complete: boolean, all: boolean): void => {
    const detail = { place: '/nowhere/repo1', all };
    recordFact(journal, { service: 'db', repository: 'repo1' }, { kind: 'drill', at: hoursAgo(hours), complete, detail });
  };
  const verified = (): unknown => status(journal, [server]).services[0]?.jobs[0]?.verifiedAt;
  drilled(9, true, false);
  drilled(8, false, true);
  drilled(-1, true, true);
  assert.equal(verified(), null);
  drilled(7, true, true);
  drilled(6, true, false);
  assert.equal(verified(), formatInstant(hoursAgo(7)));
});

test('a service whose recovery did not succeed is a problem until a backup or another recovery shows its data', () => {
  using journal = openTransientJournal();
  for (const each of [NAS, FAR]) recordBackup(journal, each, { at: hoursAgo(5), id: snapshotId('1') });
  const recovered = (id: string, outcome: 'failed' | 'blocked' | 'skipped'): void => {
    const recover = step('recover:sonarr', { service: 'sonarr' });
    journal.openRun({ id, plan: plan([recover], { kind: 'run' }), startedAt: NOW, process: selfIdentity() });
    const at = formatInstant(hoursAgo(3));
    journal.endStep(id, { ...plannedStep(recover), outcome, reason: 'no answer', startedAt: at, endedAt: at }, []);
    journal.endRun(id, { outcome, exitCode: 2 }, hoursAgo(3));
  };
  recovered('01HOLDFASTTERZ', 'failed'); // before the backups
  assert.equal(status(journal).checkExitCode, 0);
  recovered('01HOLDFASTTESU0', 'blocked');
  assert.deepEqual(messages(status(journal)), ['sonarr: its recovery did not succeed 3h ago (blocked): no answer']);
  assert.equal(status(journal).checkExitCode, 1);
  recovered('01HOLDFASTTESU1', 'skipped');
  assert.deepEqual(messages(status(journal)), []);
});

test('a server whose pgBackRest has a configuration of its own is weighed by the repositories on record', () => {
  using journal = openTransientJournal();
  const server = service('db', { backup: null, postgres: postgres() });
  for (const key of [1, 2]) {
    const job = { service: 'db', repository: `repo${key}` };
    recordFact(journal, job, { kind: 'backup', snapshotId: 'F', at: hoursAgo(1), detail: { place: `pgbackrest:${key}` } });
  }
  const [found] = status(journal, [server]).services;
  assert.deepEqual(
    found?.jobs.map(({ repository, standing, medium }) => [repository, standing, medium]),
    [
      ['repo1', 'fresh', 'disk'],
      ['repo2', 'fresh', 'disk'],
    ],
  );
});

test('an offsite copy of a pgBackRest repository is as new as the newest moment that can be had out of it', () => {
  using journal = openTransientJournal();
  const job = { service: 'db', repository: 'far' };
  const copy = (hours: number): void =>
    void recordFact(journal, job, {
      at: hoursAgo(1),
      snapshotId: snapshotId(hours > 9 ? 'a' : 'b'),
      detail: { tool: 'restic', restorableUntil: formatInstant(hoursAgo(hours)) },
    });
  const serverCopy = { path: '/b', repository: null, cipherPassFile: null };
  const db = service('db', { backup: backup(['far'], { serverCopy }), postgres: postgres({ offsite: 'far' }) });
  const far = (): string =>
    status(journal, [db]).services[0]?.jobs.find(({ repository }) => repository === 'far')?.standing ?? '';
  copy(60);
  assert.equal(far(), 'stale');
  copy(3);
  assert.equal(far(), 'fresh');
});

test('a status of many jobs asks the journal six times for all of them, and twice for each repository', () => {
  using journal = openTransientJournal();
  const services = Array.from({ length: 50 }, (_, index) => service(`service-${index}`));
  for (const { name } of services) {
    for (const repository of REPOSITORIES.keys()) {
      for (const hours of [30, 20, 10]) {
        recordBackup(journal, { service: name, repository }, { at: hoursAgo(hours), id: snapshotId('1') });
      }
    }
  }
  const asked: string[] = [];
  const told = <Answer>(what: string, answer: Answer): Answer => {
    asked.push(what);
    return answer;
  };
  const counting: StatusJournal = {
    evidence: (filter) => told(`${filter.kind} of ${filter.repository}`, journal.evidence(filter)),
    evidenceOfEach: (jobs, filter) => told(`${filter.kind} of ${jobs.length}`, journal.evidenceOfEach(jobs, filter)),
    latestStep: (id, which) => told(id, journal.latestStep(id, which)),
    latestSteps: (ids) => told(`${ids.length} steps`, journal.latestSteps(ids)),
    unfinishedRuns: () => journal.unfinishedRuns(),
    keptEffects: (kind) => journal.keptEffects(kind),
    notifications: journal.notifications,
  };
  const config = { host: 'forge', repositories: REPOSITORIES, notifications: NO_CHANNELS };
  const report = statusOf({ config, services, journal: counting, now: NOW });
  assert.equal(report.counts.protected, 50);
  assert.deepEqual(asked.toSorted(), [
    '100 steps',
    '50 steps',
    'backup of 100',
    'copy of 100',
    'drill of 100',
    'missing of 100',
    'verify of far',
    'verify of nas',
    'verify:far',
    'verify:nas',
  ]);
});

test('a channel that nothing came through to for an hour is a problem, also when nothing waits for it any more', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(2), id: snapshotId('2') });
  const channels = ['phone', 'mail'].map((name) => channel(name));
  const config = { host: 'forge', repositories: REPOSITORIES, notifications: { ...NO_CHANNELS, channels } };
  const found = (since: Instant): StatusReport => {
    for (const name of ['phone', 'no longer configured'])
      journal.notifications.setAiling(name, { failures: 1, since, nextAt: NOW, error: 'it answered 500' });
    return statusOf({ config, services: [service('sonarr')], journal, now: NOW });
  };
  assert.deepEqual(messages(found(later(hoursAgo(1), duration(1, 's')))), []);
  const report = found(hoursAgo(1));
  assert.deepEqual(messages(report), ['phone: notifications do not come through for 60m (it answered 500)']);
  assert.equal(report.problems[0]?.hint, 'holdfast notify test phone');
  assert.equal(report.checkExitCode, 1);
  const ahead = found(later(NOW, duration(400, 'd')));
  assert.deepEqual(
    messages(ahead),
    ['phone: notifications do not come through (it answered 500)'],
    'by a clock that was wrong',
  );
});

test('problems that no channel takes are told, for nobody else tells them', () => {
  using host = new NotifiedHost(['sonarr'], [channel('drills', { events: ['drill-failure'] })]);
  host.run({ 'sonarr@nas': UNREACHABLE });
  const untold = (): string[] => {
    observe(host.config, host.journal, host.now, (text) => text);
    const { config, journal, now } = host;
    return messages(statusOf({ config, services: [...config.services.values()], journal, now })).filter((each) =>
      each.includes('nobody is told'),
    );
  };
  assert.deepEqual(untold(), ['backup of sonarr to nas: no channel takes backup-failure, so that nobody is told']);
  host.notifications = { ...host.notifications, channels: [channel('phone')] };
  assert.deepEqual(untold(), []);
});
