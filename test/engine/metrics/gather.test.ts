import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Configuration, ServiceConfig } from '../../../src/config/configuration.ts';
import { duration } from '../../../src/domain/duration.ts';
import { formatInstant, type Instant } from '../../../src/domain/instant.ts';
import { stepId } from '../../../src/domain/naming.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Count } from '../../../src/domain/protection.ts';
import { plannedStep } from '../../../src/domain/report.ts';
import { gatherMetrics, withStorage } from '../../../src/engine/metrics/gather.ts';
import { statusOf } from '../../../src/engine/status/status.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import type { MetricsInput } from '../../../src/observe/metrics/input.ts';
import { seriesOf } from '../../../src/observe/metrics/series.ts';
import { selfIdentity } from '../../../src/process/identity.ts';
import { plan, step } from '../../support/plans.ts';
import {
  backup,
  EPHEMERAL,
  configuration,
  hoursAgo,
  NOW,
  postgres,
  recordBackup,
  recordFact,
  serverRepository,
  service,
  snapshotId,
  STANDARD,
} from '../support/host.ts';

const NAS = { service: 'sonarr', repository: 'nas' };
const FAR = { service: 'sonarr', repository: 'far' };

const withServices = (services: readonly ServiceConfig[]): Configuration =>
  configuration({ services: new Map(services.map((each) => [each.name, each])) });

const gather = (journal: Journal, services: readonly ServiceConfig[] = [service('sonarr')]): MetricsInput =>
  gatherMetrics({ configuration: withServices(services), journal, now: NOW });

let runs = 0;
/** Later than every run of the support. */
function recordStep(
  journal: Journal,
  id: string,
  outcome: Outcome,
  at: Instant,
  kind = 'verify',
  result: JsonObject | null = null,
): void {
  runs += 1;
  const run = `01ZZ${String(runs).padStart(22, '0')}`;
  const one = step(id);
  journal.openRun({ id: run, plan: plan([one], { kind }), startedAt: at, process: selfIdentity() });
  journal.endStep(
    run,
    { ...plannedStep(one), outcome, result, startedAt: formatInstant(at), endedAt: formatInstant(at) },
    [],
  );
  journal.endRun(run, { outcome, exitCode: 2 }, at);
}

test('every declared job is told, also one that never ran', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  const { jobs } = gather(journal);
  assert.deepEqual(
    jobs.map(({ service: name, repository, lastAttempt, newest }) => [
      name,
      repository,
      lastAttempt?.outcome,
      newest?.ageSeconds,
    ]),
    [
      ['sonarr', 'nas', 'succeeded', 7200],
      ['sonarr', 'far', undefined, undefined],
    ],
  );
});

test('a partial run is the last attempt, and moves no last success', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(20), id: snapshotId('1') });
  recordBackup(journal, NAS, { at: hoursAgo(1), id: snapshotId('2'), outcome: 'partial' });
  const [job] = gather(journal).jobs;
  assert.equal(job?.lastAttempt?.outcome, 'partial');
  assert.equal(job?.newest?.at, hoursAgo(20));
});

test('what a gate skipped is no attempt, what was blocked is one', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(3), outcome: 'failed' });
  recordBackup(journal, NAS, { at: hoursAgo(2), outcome: 'skipped' });
  recordBackup(journal, FAR, { at: hoursAgo(3), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(2), outcome: 'blocked' });
  assert.deepEqual(
    gather(journal).jobs.map(({ lastAttempt }) => lastAttempt?.outcome),
    ['failed', 'blocked'],
  );
});

test('the verdicts are those of status', () => {
  using journal = openTransientJournal();
  recordBackup(journal, NAS, { at: hoursAgo(2), id: snapshotId('1') });
  recordBackup(journal, FAR, { at: hoursAgo(30), id: snapshotId('2') });
  const services = [
    service('sonarr'),
    service('plex'),
    service('jobless', { backup: null }),
    service('cache', { backup: null, protection: EPHEMERAL }),
  ];
  const status = statusOf({ config: withServices(services), services, journal, now: NOW });
  const verdicts = (
    all: readonly { readonly service: string; readonly verdict: string; readonly copies: Count }[],
  ): Map<string, unknown> => new Map(all.map(({ service: name, verdict, copies }) => [name, { verdict, copies }]));
  assert.deepEqual(verdicts(gather(journal, services).services), verdicts(status.services));
});

test('a recovery that failed is told until one goes well, and where the data came from the last time it was lost', () => {
  using journal = openTransientJournal();
  const told = (): unknown => gather(journal).recoveries.map(({ well, back }) => [well, back?.repository ?? null]);
  const id = stepId.recover('sonarr');
  assert.deepEqual(told(), []);
  recordStep(journal, id, 'failed', hoursAgo(5), 'recover');
  assert.deepEqual(told(), [[false, null]]);
  recordStep(journal, id, 'succeeded', hoursAgo(4), 'recover', { repository: 'far' });
  assert.deepEqual(told(), [[true, 'far']]);
  recordStep(journal, id, 'skipped', hoursAgo(3), 'recover');
  assert.deepEqual(told(), [[true, 'far']], 'its data was there the next time');
  recordStep(journal, id, 'succeeded', hoursAgo(2), 'recover', { action: 'start-empty' });
  assert.deepEqual(told(), [[true, null]], 'it started on nothing');
});

test('a repository is sound by its last verification, and not when that failed since, or damage is known', () => {
  using journal = openTransientJournal();
  const sound = (): boolean | undefined => gather(journal).repositories[0]?.sound;
  const verified = { how: 'check', slice: null, flaws: [], gone: [], bytesRead: null };
  const whole = { service: '', repository: 'nas' };
  assert.equal(sound(), false, 'never verified');
  recordFact(journal, whole, { kind: 'verify', snapshotId: '', at: hoursAgo(5), detail: verified });
  assert.equal(sound(), true);
  recordStep(journal, stepId.verify('nas'), 'failed', hoursAgo(4));
  assert.equal(sound(), false, 'nothing is known since');
  recordFact(journal, whole, { kind: 'verify', snapshotId: '', at: hoursAgo(3), detail: verified });
  assert.equal(sound(), true);
  recordStep(journal, stepId.scrub('nas'), 'timed-out', hoursAgo(2));
  assert.equal(sound(), false);
  const flaws = [{ item: `data/${snapshotId('1')}`, problem: 'damaged' }];
  recordFact(journal, whole, {
    kind: 'verify',
    snapshotId: '',
    at: hoursAgo(1),
    complete: false,
    detail: { ...verified, flaws },
  });
  assert.equal(sound(), false);
  assert.equal(gather(journal).repositories[0]?.attemptedAt, hoursAgo(2));
});

test('a drill that failed stands until a later one proves as much', () => {
  using journal = openTransientJournal();
  const drill = { snapshotTime: formatInstant(hoursAgo(9)), extent: 'whole', seconds: 42, rtoSeconds: 42, reason: null };
  const told = (): unknown => {
    const { jobs, repositories } = gather(journal);
    return [jobs[0]?.drill?.proved, repositories[0]?.restorable];
  };
  assert.deepEqual(told(), [undefined, false]);
  recordFact(journal, NAS, { kind: 'drill', at: hoursAgo(3), detail: drill });
  assert.deepEqual(told(), [true, true]);
  recordFact(journal, NAS, { kind: 'drill', at: hoursAgo(2), complete: false, detail: { ...drill, reason: 'no' } });
  assert.deepEqual(told(), [false, false]);
  recordFact(journal, NAS, { kind: 'drill', at: hoursAgo(1), detail: drill });
  assert.deepEqual(told(), [true, true]);
});

test('what should recur is told once for each repository that it is about', () => {
  using journal = openTransientJournal();
  const { expected } = gather(journal, [service('sonarr'), service('plex', { backup: backup(['nas']) })]);
  assert.deepEqual(
    expected.map(({ id, repository }) => [id, repository]),
    [
      ['run:sonarr', 'nas'],
      ['run:sonarr', 'far'],
      ['run:plex', 'nas'],
      ['drill:sonarr', null],
      ['drill:plex', null],
      ['retention', null],
      ['refresh', null],
    ],
  );
});

test('snapshots are counted as the repository last answered, and not at all when it did not', () => {
  using journal = openTransientJournal();
  const count = (): unknown => gather(journal).jobs.map(({ snapshots }) => snapshots);
  assert.deepEqual(count(), [null, null]);
  const one = step(stepId.refresh('nas'));
  journal.openRun({ id: '01Y1', plan: plan([one]), startedAt: NOW, process: selfIdentity() });
  const ended = { startedAt: formatInstant(NOW), endedAt: formatInstant(NOW), outcome: 'succeeded' } as const;
  journal.endStep('01Y1', { ...plannedStep(one), ...ended, result: { held: { sonarr: 7 } } }, []);
  assert.deepEqual(count(), [7, null]);
  recordStep(journal, stepId.refresh('nas'), 'failed', NOW, 'refresh');
  assert.deepEqual(count(), [null, null]);
});

test('PostgreSQL is told once an engine is declared, and never as a success that is not on record', () => {
  using journal = openTransientJournal();
  assert.equal(gather(journal).postgres, null);
  const db = (engine: ServiceConfig['postgres']): ServiceConfig[] => [service('db', { backup: null, postgres: engine })];
  assert.deepEqual(gather(journal, db(postgres({ engine: 'dump' }))).postgres, {
    verified: false,
    offsite: null,
    offsiteVerified: null,
  });
  assert.deepEqual(gather(journal, db(postgres({ offsite: 'far' }))).postgres, {
    verified: false,
    offsite: false,
    offsiteVerified: false,
  });
});

test('of a PostgreSQL server the newest moment of each repository is told, and what the last look has found', () => {
  using journal = openTransientJournal();
  const server = service('db', {
    backup: null,
    postgres: postgres({ repositories: [serverRepository(1)], archiveWithin: duration(5, 'm') }),
  });
  assert.deepEqual(gather(journal, [server]).archives, []);
  const until = formatInstant(hoursAgo(2));
  const detail = { restorableUntil: until, timelines: [1, 2, 3], foreign: [2], waiting: 4, failures: 9 };
  const fact = { kind: 'archive', snapshotId: '', at: hoursAgo(1), complete: false } as const;
  recordFact(journal, { service: 'db', repository: 'repo1' }, { ...fact, detail: { place: '/nowhere/repo1', ...detail } });
  assert.deepEqual(gather(journal, [server]).archives, [
    {
      service: 'db',
      repository: 'repo1',
      lookedAt: hoursAgo(1),
      whole: false,
      restorableUntil: hoursAgo(2),
      owedSeconds: 300,
      waiting: 4,
      failures: 9,
      timelines: 3,
      foreignTimelines: 1,
    },
  ]);
});

test('of the last gate the share of what did not come out well is told', () => {
  using journal = openTransientJournal();
  assert.equal(gather(journal).gate, null);
  const steps = ['a', 'b', 'c', 'd'].map((id) => step(id));
  journal.openRun({ id: '01GATE', plan: plan(steps, { kind: 'gate' }), startedAt: hoursAgo(2), process: selfIdentity() });
  for (const [index, each] of steps.entries()) {
    const outcome = index === 0 ? 'failed' : 'succeeded';
    journal.endStep('01GATE', { ...plannedStep(each), outcome, startedAt: null, endedAt: null }, []);
  }
  assert.equal(gather(journal).gate, null, 'it has not ended');
  journal.endRun('01GATE', { outcome: 'partial', exitCode: 1 }, hoursAgo(1));
  const { gate } = gather(journal);
  assert.deepEqual([gate?.outcome, gate?.exitCode, gate?.unsuccessfulShare], ['partial', 1, 0.25]);
});

test('a hold is told while it lasts', () => {
  using journal = openTransientJournal();
  const run = { id: '01HOLD', plan: plan([step('hold')]), startedAt: NOW, process: selfIdentity() };
  journal.openRun(run);
  const payload = { timers: ['a.timer'], until: formatInstant(hoursAgo(-1)) };
  const id = journal.intendEffect({ runId: run.id, stepId: 'hold', kind: 'timers-on-hold', payload, at: hoursAgo(1) });
  journal.keepEffect(id, hoursAgo(1));
  const { hold } = gather(journal);
  assert.deepEqual([hold?.since, hold?.until], [hoursAgo(1), hoursAgo(-1)]);
  journal.settleEffect(id, NOW);
  assert.equal(gather(journal).hold, null);
});

test('every channel is told with what waits for it, also one for which nothing does', () => {
  using journal = openTransientJournal();
  const phone = { name: 'phone', minPriority: 'low', events: null, services: [], jobs: [], quietHours: null } as const;
  const to = { type: 'ntfy', url: 'https://ntfy.example/topic' } as const;
  const notifications = { channels: [{ ...phone, to }], templates: {}, summary: null };
  const { notifications: queues } = gatherMetrics({ configuration: configuration({ notifications }), journal, now: NOW });
  assert.deepEqual(queues, [{ channel: 'phone', waiting: 0, oldestAt: null, failingSince: null }]);
});

test('what recurs is told with when it last ran, and how long after that it is missed', () => {
  using journal = openTransientJournal();
  const services = [service('sonarr'), service('scratch', { protection: { ...STANDARD, rpo: null, offsiteRpo: null } })];
  recordStep(journal, stepId.retention('nas'), 'succeeded', hoursAgo(3), 'retention');
  recordStep(journal, stepId.drill('sonarr', 'far'), 'failed', hoursAgo(5), 'drill');
  const { expected } = gather(journal, services);
  const of = (id: string) => expected.find((each) => each.id === id)?.attendance;
  assert.deepEqual(of('retention'), { lastEnd: hoursAgo(3), patienceSeconds: (24 + 2.4 + 1) * 3600 });
  assert.equal(of('refresh')?.lastEnd, null);
  assert.equal(of('drill:sonarr')?.lastEnd, hoursAgo(5), 'that it failed is another alarm');
  assert.equal(of('run:sonarr'), null, 'its age is watched');
  assert.equal(of('run:scratch')?.lastEnd, null, 'nothing else says so');
});

test('of each declared dataset it is told when it was compared, and what differed then', () => {
  using journal = openTransientJournal();
  const dataset = { service: 'sonarr', mountpoint: '/srv', properties: {}, owner: null, group: null, mode: null };
  const datasets = [
    { ...dataset, name: 'tank/sonarr' },
    { ...dataset, name: 'tank/new', service: 'other' },
  ];
  const differences = [{ property: 'atime', wanted: 'off, set here', found: 'on, by default' }];
  const told = (): MetricsInput['datasets'] =>
    gatherMetrics({ configuration: configuration({ datasets }), journal, now: NOW }).datasets;
  assert.deepEqual(told(), []);
  const compared = { kind: 'dataset', snapshotId: '' } as const;
  const into = { service: 'sonarr', repository: '' };
  recordFact(journal, into, {
    ...compared,
    at: hoursAgo(3),
    complete: false,
    detail: { dataset: 'tank/sonarr', differences },
  });
  assert.deepEqual(told(), [{ dataset: 'tank/sonarr', comparedAt: hoursAgo(3), drift: ['atime'] }]);
  recordFact(journal, into, { ...compared, at: hoursAgo(2), detail: { dataset: 'tank/sonarr', differences: [] } });
  assert.deepEqual(told(), [{ dataset: 'tank/sonarr', comparedAt: hoursAgo(2), drift: [] }]);
});

test('a pool that the configuration speaks of and of which nothing is known is not healthy', () => {
  using journal = openTransientJournal();
  const held = service('sonarr', { backup: backup(['nas'], { zfsDataset: 'tank/app' }) });
  const input = gather(journal, [held]);
  assert.deepEqual(input.pools, [{ pool: 'tank', health: null }]);
  const health = { name: 'tank', health: 'ONLINE', size: 9, allocated: 3, dataErrors: 0, deviceErrors: 0 };
  const told = withStorage(input, new Map(), { pools: new Map([['tank', health]]), datasets: [] });
  const healthy = (of: MetricsInput): unknown =>
    seriesOf(of).find(({ family }) => family.name === 'holdfast_pool_healthy')?.values;
  assert.deepEqual([healthy(withStorage(input, new Map(), null)), healthy(told)], [[0], [1]]);
});
