// What every journal does, run by the test of each kind of journal.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Evidence } from '../../src/domain/evidence.ts';
import { formatInstant, type Instant } from '../../src/domain/instant.ts';
import { plannedStep, type StepReport } from '../../src/domain/report.ts';
import type { Message, OpenProblem } from '../../src/domain/notification.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { NotificationChange } from '../../src/journal/notification-store.ts';
import { selfIdentity } from '../../src/process/identity.ts';
import { plan, step } from '../support/plans.ts';

const at = (milliseconds: number): Instant => milliseconds as Instant; // a time is a number of milliseconds

/** An id that sorts by its number, as run ids sort by their time. */
const runId = (number: number): string => `01RUN${String(number).padStart(21, '0')}`;

const ended = (id: string, parts: Partial<StepReport> = {}): StepReport => ({
  ...plannedStep(step(id)),
  outcome: 'succeeded',
  startedAt: formatInstant(at(1000)),
  endedAt: formatInstant(at(3500)),
  durationSeconds: 2.5,
  ...parts,
});

const fact = (parts: Partial<Evidence> = {}): Evidence => ({
  kind: 'backup',
  service: 'sonarr',
  repository: 'nas',
  snapshotId: 'a'.repeat(64),
  at: at(1000),
  complete: true,
  detail: { tool: 'restic', filesNew: 3 },
  ...parts,
});

const message: Message = {
  kind: 'gate-result',
  priority: 'normal',
  host: 'forge',
  title: 'title',
  body: 'body',
  items: [],
  at: at(1000),
  ping: null,
};

const change = (parts: Partial<NotificationChange>): NotificationChange => ({
  at: at(1000),
  told: [],
  oldNews: at(0),
  problems: null,
  messages: [],
  marks: new Map(),
  bound: 1000,
  ...parts,
});

export function journalContract(name: string, create: () => Journal): void {
  const started = (
    journal: Journal,
    number: number,
    steps = [step('a', { service: 'sonarr', repository: 'nas' })],
  ): string => {
    const id = runId(number);
    journal.openRun({ id, plan: plan(steps, { warnings: ['w'] }), startedAt: at(1000), process: selfIdentity() });
    return id;
  };

  describe(name, () => {
    it('starts empty, without a notice', () => {
      using journal = create();
      assert.deepEqual(journal.notices, []);
      assert.deepEqual(journal.runs({ limit: 9 }), []);
      assert.deepEqual(journal.unfinishedRuns(), []);
      assert.equal(journal.latestStep('a'), null);
      assert.equal(journal.run(runId(1)), null);
      assert.equal(journal.newestRunId(), null);
    });

    it('answers about many jobs what it answers about each', () => {
      using journal = create();
      const id = started(journal, 1);
      const jobs = [
        { service: 'sonarr', repository: 'nas' },
        { service: 'sonarr', repository: 'far' },
        { service: "o'brien", repository: 'nas' },
      ];
      for (const [index, job] of [...jobs, ...jobs].entries()) {
        for (const kind of ['backup', 'drill'] as const) {
          const snapshotId = String(index % 2).repeat(64);
          journal.recordEvidence(id, fact({ ...job, kind, snapshotId, at: at(index), complete: index !== 4 }));
        }
      }
      const asked = [...jobs, { service: 'plex', repository: 'nas' }];
      for (const filter of [
        { kind: 'backup', complete: true, limit: 1 },
        { kind: 'drill', limit: 9 },
        { kind: 'missing', limit: 1 },
      ] as const) {
        assert.deepEqual(
          journal.evidenceOfEach(asked, filter),
          asked.map((job) => journal.evidence({ ...job, ...filter })),
        );
        const about = asked.map((job) => ({ ...job, snapshotId: '1'.repeat(64) }));
        assert.deepEqual(
          journal.evidenceOfEach(about, filter),
          about.map((job) => journal.evidence({ ...job, ...filter })),
        );
      }
      assert.deepEqual(journal.evidenceOfEach([], { kind: 'drill', limit: 1 }), []);
    });

    it('answers about many steps what it answers about each', () => {
      using journal = create();
      for (const number of [1, 2]) {
        const id = started(journal, number, [step('a'), step('b')]);
        journal.endStep(id, ended('a', { outcome: number === 1 ? 'failed' : 'skipped' }), []);
      }
      const ids = ['a', 'b', 'c'];
      assert.deepEqual(
        journal.latestSteps(ids),
        ids.map((id) => journal.latestStep(id)),
      );
      assert.equal(journal.latestSteps(ids)[0]?.outcome, 'skipped');
      assert.equal(journal.latestSteps(ids)[1], null, 'it has not ended');
    });

    it('tells the newest run of each kind that has ended', () => {
      using journal = create();
      assert.deepEqual(journal.latestRuns(), []);
      for (const [index, kind] of ['run', 'verify', 'run', 'drill', 'run'].entries()) {
        const run = { id: runId(index), plan: plan([], { kind }), startedAt: at(index), process: selfIdentity() };
        journal.openRun(run);
        if (index < 3) journal.endRun(run.id, { outcome: 'partial', exitCode: 1 }, at(index + 10));
      }
      assert.deepEqual(journal.latestRuns(), [
        { id: runId(2), kind: 'run', outcome: 'partial', exitCode: 1, startedAt: 2, endedAt: 12 },
        { id: runId(1), kind: 'verify', outcome: 'partial', exitCode: 1, startedAt: 1, endedAt: 11 },
      ]);
    });

    it('shows a run that has begun as running', () => {
      using journal = create();
      const id = started(journal, 1);
      const report = journal.run(id);
      assert.equal(report?.outcome, 'running');
      assert.equal(report?.endedAt, null);
      assert.deepEqual(report?.warnings, ['w']);
      assert.equal(report?.steps[0]?.outcome, 'running');
      assert.deepEqual(
        journal.unfinishedRuns().map((run) => [run.id, run.process.pid]),
        [[id, process.pid]],
      );
      assert.equal(journal.latestStep('a'), null);
    });

    it('gives back what it was told of a step, to the letter', () => {
      using journal = create();
      const id = started(journal, 1);
      journal.startStep(id, 'a', at(1000));
      const report = ended('a', {
        service: 'sonarr',
        repository: 'nas',
        outcome: 'failed',
        reason: 'it \'said\' "no"; DROP TABLE runs; \u{1F980}',
        warnings: ['one', 'two'],
        result: { nested: { list: [1, null, true, 'x'] } },
        error: {
          code: 'tool-failed',
          message: 'm',
          operation: 'o',
          subject: 's',
          hint: null,
          retry: 'never',
          tool: { name: 'restic', exitCode: 1, stderrTail: ['last'] },
        },
      });
      journal.endStep(id, report, []);
      assert.deepEqual(journal.run(id)?.steps, [report]);
      const { outcome, reason, error, result } = report;
      const [startedAt, endedAt] = [Date.parse(report.startedAt ?? ''), Date.parse(report.endedAt ?? '')];
      assert.deepEqual(journal.latestStep('a'), { runId: id, outcome, reason, startedAt, endedAt, error, result });
    });

    it('ends a run with its verdict', () => {
      using journal = create();
      const id = started(journal, 1);
      journal.endStep(id, ended('a'), []);
      journal.endRun(id, { outcome: 'partial', exitCode: 1 }, at(4000));
      const report = journal.run(id);
      assert.equal(report?.outcome, 'partial');
      assert.equal(report?.exitCode, 1);
      assert.equal(report?.endedAt, formatInstant(at(4000)));
      assert.equal(report?.counts.succeeded, 1);
      assert.deepEqual(journal.unfinishedRuns(), []);
    });

    it('keeps the steps in the order of the plan', () => {
      using journal = create();
      const id = started(
        journal,
        1,
        ['z', 'a', 'm'].map((one) => step(one)),
      );
      for (const one of ['a', 'm', 'z']) journal.endStep(id, ended(one), []);
      assert.deepEqual(
        journal.run(id)?.steps.map((one) => one.id),
        ['z', 'a', 'm'],
      );
    });

    it('records an outcome and its evidence together or not at all', () => {
      using journal = create();
      const id = started(journal, 1);
      const unwritable = { ...fact(), service: undefined as unknown as string }; // a bug that types would have found
      assert.throws(() => journal.endStep(id, ended('a'), [fact(), unwritable]), { code: 'journal-unusable' });
      assert.equal(journal.latestStep('a'), null);
      assert.deepEqual(journal.evidence({ service: 'sonarr', kind: 'backup', limit: 9 }), []);
      journal.endStep(id, ended('a'), [fact()]); // and is usable afterwards
      assert.equal(journal.latestStep('a')?.outcome, 'succeeded');
    });

    it('finds evidence by service, kind, repository, completeness and snapshot, newest first', () => {
      using journal = create();
      const id = started(journal, 1);
      const facts = [
        fact({ at: at(1) }),
        fact({ at: at(3), snapshotId: 'b' }),
        fact({ at: at(2), complete: false }),
        fact({ at: at(4), repository: 'usb' }),
        fact({ at: at(5), kind: 'missing' }),
        fact({ at: at(6), service: 'radarr' }),
      ];
      for (const one of facts) journal.recordEvidence(id, one);
      const times = (filter: object): number[] =>
        journal.evidence({ service: 'sonarr', kind: 'backup', limit: 9, ...filter }).map((one) => one.at);
      assert.deepEqual(times({}), [4, 3, 2, 1]);
      assert.deepEqual(times({ limit: 2 }), [4, 3]);
      assert.deepEqual(times({ repository: 'nas' }), [3, 2, 1]);
      assert.deepEqual(times({ complete: true, repository: 'nas' }), [3, 1]);
      assert.deepEqual(times({ complete: false }), [2]);
      assert.deepEqual(times({ snapshotId: 'b' }), [3]);
      assert.deepEqual(times({ kind: 'missing' }), [5]);
      assert.deepEqual(times({ service: 'nobody' }), []);
      assert.deepEqual(journal.evidence({ service: 'radarr', kind: 'backup', limit: 1 }), [{ ...facts[5], runId: id }]);
    });

    it('keeps an effect until it is settled, and lists the newest first', () => {
      using journal = create();
      const id = started(journal, 1);
      const intend = (path: string): number =>
        journal.intendEffect({ runId: id, stepId: 'a', kind: 'mount', payload: { path }, at: at(1) });
      const first = intend('/1');
      const second = intend('/2');
      assert.deepEqual(journal.unfinishedRuns()[0]?.effects, [
        { id: second, stepId: 'a', kind: 'mount', payload: { path: '/2' } },
        { id: first, stepId: 'a', kind: 'mount', payload: { path: '/1' } },
      ]);
      journal.settleEffect(second, at(2));
      assert.deepEqual(
        journal.unfinishedRuns()[0]?.effects.map((effect) => effect.id),
        [first],
      );
    });

    it('lists a kept effect apart, until it is settled, and counts its run as ended', () => {
      using journal = create();
      const id = started(journal, 1);
      const intend = (kind: string): number =>
        journal.intendEffect({ runId: id, stepId: 'a', kind, payload: { kind }, at: at(1) });
      const [kept, other] = [intend('hold'), intend('mount')];
      journal.keepEffect(kept, at(2));
      journal.settleEffect(other, at(2));
      journal.endStep(id, ended('a'), []);
      journal.endRun(id, { outcome: 'succeeded', exitCode: 0 }, at(3));
      assert.deepEqual(journal.unfinishedRuns(), []);
      assert.deepEqual(journal.keptEffects('hold'), [
        { id: kept, runId: id, stepId: 'a', kind: 'hold', payload: { kind: 'hold' }, keptAt: at(2) },
      ]);
      assert.deepEqual(journal.keptEffects('mount'), []);
      journal.settleEffect(kept, at(4));
      assert.deepEqual(journal.keptEffects('hold'), []);
    });

    it('counts an ended run with an open effect as unfinished, and keeps its outcome when it is abandoned', () => {
      using journal = create();
      const id = started(journal, 1);
      const effect = journal.intendEffect({ runId: id, stepId: 'a', kind: 'mount', payload: {}, at: at(1) });
      journal.endStep(id, ended('a'), []);
      journal.endRun(id, { outcome: 'failed', exitCode: 2 }, at(4000));
      assert.deepEqual(
        journal.unfinishedRuns().map((run) => run.id),
        [id],
      );
      journal.abandonRun(id, 'died', at(9000));
      assert.equal(journal.run(id)?.outcome, 'failed');
      assert.equal(journal.run(id)?.steps[0]?.outcome, 'succeeded');
      journal.settleEffect(effect, at(9000));
      assert.deepEqual(journal.unfinishedRuns(), []);
    });

    it('abandons what a dead process left: open steps become interrupted, ended ones stay', () => {
      using journal = create();
      const id = started(journal, 1, [step('a'), step('b'), step('c')]);
      journal.endStep(id, ended('a'), []);
      journal.startStep(id, 'b', at(2000));
      journal.abandonRun(id, 'the power went', at(9000));
      const report = journal.run(id);
      assert.equal(report?.outcome, 'interrupted');
      assert.notEqual(report?.exitCode, 0);
      assert.deepEqual(
        report?.steps.map((one) => [one.outcome, one.reason]),
        [
          ['succeeded', null],
          ['interrupted', 'the power went'],
          ['interrupted', 'the power went'],
        ],
      );
    });

    it('answers with the newest ended step of a job, whatever its outcome', () => {
      using journal = create();
      for (const [number, outcome] of (['succeeded', 'failed'] as const).entries()) {
        journal.endStep(started(journal, number), ended('a', { outcome }), []);
      }
      started(journal, 3); // runs still
      assert.equal(journal.latestStep('a')?.outcome, 'failed');
      assert.equal(journal.latestStep('a')?.runId, runId(1));
    });

    it('lists runs newest first, at most as many as asked for, all or those of a service', () => {
      using journal = create();
      for (const number of [1, 3, 2, 4]) {
        started(journal, number, [step('x', { service: number % 2 ? 'odd' : 'even' }), step('y', { service: 'both' })]);
      }
      const ids = (filter: { limit: number; service?: string }): string[] => journal.runs(filter).map((run) => run.id);
      assert.deepEqual(ids({ limit: 3 }), [4, 3, 2].map(runId));
      assert.deepEqual(ids({ limit: 9, service: 'odd' }), [3, 1].map(runId));
      assert.deepEqual(ids({ limit: 1, service: 'both' }), [4].map(runId));
      assert.equal(journal.newestRunId(), runId(4));
    });

    it('finds a run by a unique prefix of at least six characters, in either case', () => {
      using journal = create();
      const id = '01ABCDEFGH1111111111111111';
      const other = '01ABCDEFGH2222222222222222';
      for (const one of [id, other]) {
        journal.openRun({ id: one, plan: plan([]), startedAt: at(1), process: selfIdentity() });
      }
      assert.equal(journal.run('01ABCDEFGH1')?.id, id);
      assert.equal(journal.run('01abcdefgh2')?.id, other);
      assert.equal(journal.run('01ABCD'), null); // two
      assert.equal(journal.run('01ABC'), null); // too short
      assert.equal(journal.run('01ABCE'), null); // none
      assert.equal(journal.run('%%%%%%'), null);
    });

    it('refuses a run that exists already, and an effect of a run that does not', () => {
      using journal = create();
      started(journal, 1);
      assert.throws(() => started(journal, 1), { code: 'journal-unusable' });
      const effect = { runId: runId(7), stepId: 'a', kind: 'mount', payload: {}, at: at(1) };
      assert.throws(() => journal.intendEffect(effect), { code: 'journal-unusable' });
    });

    it('tells which runs nobody was told of, until they were', () => {
      using journal = create();
      const [first, second] = [started(journal, 1), started(journal, 2)];
      journal.endRun(first, { outcome: 'succeeded', exitCode: 0 }, at(5000));
      assert.deepEqual(
        journal.untoldRuns(at(0)).map(({ id, outcome }) => [id, outcome]),
        [
          [first, 'succeeded'],
          [second, 'running'],
        ],
      );
      assert.deepEqual(
        journal.untoldRuns(at(5001)).map(({ id }) => id),
        [second],
      );
      journal.notifications.record(change({ told: [first] }));
      journal.endRun(second, { outcome: 'failed', exitCode: 2 }, at(6000));
      assert.deepEqual(
        journal.untoldRuns(at(0)).map(({ id }) => id),
        [second],
      );
      journal.notifications.record(change({ oldNews: at(6001) }));
      assert.deepEqual(journal.untoldRuns(at(0)), []);
    });

    it('keeps problems and marks as they were recorded last', () => {
      using journal = create();
      const { notifications } = journal;
      const problem = { key: 'backup:a@nas', kind: 'backup-failure' } as OpenProblem; // the journal reads no further
      notifications.record(change({ problems: [problem], marks: new Map([['summary', at(7)]]) }));
      notifications.record(change({}));
      assert.deepEqual(notifications.problems(), [problem]);
      assert.equal(notifications.mark('summary'), 7);
      assert.equal(notifications.mark('other'), null);
      notifications.record(change({ problems: [] }));
      assert.deepEqual(notifications.problems(), []);
    });

    it('queues a message once for each of its channels, and a key once for ever', () => {
      using journal = create();
      const { notifications } = journal;
      const queued = { key: 'ping 1', grouping: 'g', message, channels: ['mail', 'phone'] };
      notifications.record(change({ messages: [queued, queued] }));
      notifications.record(change({ messages: [queued] }));
      assert.deepEqual(notifications.channelsWaiting(), ['mail', 'phone']);
      const [only, ...others] = notifications.waiting('phone');
      assert.deepEqual([only?.message, others], [message, []]);
      assert.deepEqual(notifications.groupings(at(1000)), new Map([['g', at(1000)]]));
      assert.deepEqual(notifications.groupings(at(1001)), new Map());
      notifications.delivered(only?.id ?? 0, at(2000));
      assert.deepEqual(notifications.channelsWaiting(), ['mail']);
      notifications.record(change({ messages: [queued] }));
      assert.deepEqual(notifications.channelsWaiting(), ['mail']);
    });

    it('tells how each channel stands to which something waits', () => {
      using journal = create();
      const { notifications } = journal;
      const messages = [1, 2].map(() => ({ key: null, grouping: 'g', message, channels: ['mail', 'phone'] }));
      notifications.record(change({ messages }));
      const state = { failures: 3, since: at(1500), nextAt: at(9000), error: 'it answered 500' };
      notifications.setAiling('phone', state);
      assert.deepEqual(notifications.ailing('phone'), state);
      const common = { waiting: 2, oldestAt: at(1000) };
      assert.deepEqual(notifications.standing(), [
        { channel: 'mail', ...common, lastError: null, failingSince: null },
        { channel: 'phone', ...common, lastError: 'it answered 500', failingSince: 1500 },
      ]);
      for (const channel of ['mail', 'phone'])
        for (const { id } of notifications.waiting(channel)) notifications.giveUp(id, 'expired', at(9000));
      assert.deepEqual(
        notifications.standing(),
        [{ channel: 'phone', waiting: 0, oldestAt: null, lastError: 'it answered 500', failingSince: 1500 }],
        'that all was given up makes nothing well',
      );
      notifications.setAiling('phone', null);
      assert.deepEqual(notifications.standing(), []);
      assert.equal(notifications.ailing('phone'), null);
    });

    it('drops what is too much, and counts it until that is admitted', () => {
      using journal = create();
      const { notifications } = journal;
      const of = (priority: Message['priority']) => ({
        key: null,
        grouping: 'g',
        message: { ...message, priority },
        channels: ['phone'],
      });
      notifications.record(change({ bound: 2, messages: [of('low'), of('urgent'), of('low'), of('high')] }));
      assert.deepEqual(
        notifications.waiting('phone').map((each) => each.message.priority),
        ['urgent', 'high'],
      );
      assert.equal(notifications.lost('phone'), 2);
      notifications.record(change({ admitted: ['phone'] }));
      assert.equal(notifications.lost('phone'), 0);
    });

    it('forgets what was settled long ago, and nothing that waits', () => {
      using journal = create();
      const { notifications } = journal;
      notifications.record(change({ messages: [{ key: 'k', grouping: 'g', message, channels: ['mail', 'phone'] }] }));
      notifications.delivered(notifications.waiting('mail')[0]?.id ?? 0, at(2000));
      notifications.prune(at(3000));
      assert.deepEqual(notifications.channelsWaiting(), ['phone']);
      notifications.delivered(notifications.waiting('phone')[0]?.id ?? 0, at(2000));
      notifications.prune(at(3000));
      assert.deepEqual(notifications.groupings(at(0)), new Map());
    });
  });
}
