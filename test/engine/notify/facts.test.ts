import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatInstant, type Instant } from '../../../src/domain/instant.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { PREFLIGHT } from '../../../src/domain/plan.ts';
import { buildReport, plannedStep, type Report, type StepReport } from '../../../src/domain/report.ts';
import { factsOf } from '../../../src/engine/notify/facts.ts';
import { type ErrorCode, errorReport, HoldfastError } from '../../../src/lib/errors.ts';
import { step } from '../../support/plans.ts';

const AT = Date.UTC(2026, 0, 1) as Instant; // a time is a number of milliseconds

const ended = (id: string, outcome: Outcome, parts: Partial<StepReport> = {}): StepReport => ({
  ...plannedStep(step(id)),
  outcome,
  startedAt: formatInstant(AT),
  endedAt: formatInstant(AT),
  durationSeconds: 1,
  ...parts,
});
const report = (steps: readonly StepReport[], parts: Partial<Report> = {}): Report => ({
  ...buildReport({
    kind: 'run',
    id: '01RUN',
    host: 'forge',
    startedAt: AT,
    endedAt: AT,
    outcome: 'failed',
    exitCode: 2,
    warnings: [],
    steps,
  }),
  ...parts,
});
const error = (code: ErrorCode, message: string) =>
  errorReport(new HoldfastError({ code, operation: 'a', subject: 'b', message, hint: 'do this' }));
const kinds = (of: Report): string[] =>
  factsOf(of).facts.map((fact) => (fact.type === 'well' ? `well ${fact.key}` : `${fact.problem.kind} ${fact.problem.key}`));

describe('what a run says', () => {
  it('is told by kinds', () => {
    const steps = [
      ended('backup:a@nas', 'failed'),
      ended('backup:b@nas', 'partial'),
      ended('retention:nas', 'failed'),
      ended('verify:nas', 'timed-out'),
      ended('drill:a@nas', 'failed'),
      ended('recover:a', 'failed'),
      ended('unit:sanoid.service', 'failed'),
      ended('snapshot-take:tank', 'failed'),
      ended('snapshot-prune:tank', 'succeeded'),
      ended('unit:syncoid-nas.service', 'failed'),
      ended('unit:other.service', 'failed'),
      ended('restore:a@nas', 'failed'),
      ended('backup:c@nas', 'succeeded'),
      ended('backup:d@nas', 'skipped'),
    ];
    assert.deepEqual(kinds(report(steps)), [
      'backup-failure backup:a@nas',
      'partial backup:b@nas',
      'backup-failure retention:nas',
      'verify-failure verify:nas',
      'drill-failure drill:a@nas',
      'preseed-failure recover:a',
      'sanoid-failure unit:sanoid.service',
      'sanoid-failure snapshot-take:tank',
      'well snapshot-prune:tank',
      'syncoid-lag-warning unit:syncoid-nas.service',
      'well backup:c@nas',
    ]);
  });

  it('has the cause of what was blocked, where it was looked for', () => {
    const look = { weight: 'advisory', stage: PREFLIGHT } as const;
    const steps = [
      ended('preflight:repository:far', 'failed', { ...look, repository: 'far', error: error('no-space', 'full') }),
      ended('preflight:repository:nas', 'failed', {
        ...look,
        repository: 'nas',
        error: error('repository-unreachable', 'gone'),
      }),
      ended('backup:a@nas', 'blocked', { service: 'a', repository: 'nas', reason: 'something before it failed' }),
    ];
    const [fact] = factsOf(report(steps)).facts;
    assert.ok(fact?.type === 'wrong');
    const { cause, group, item } = fact.problem;
    assert.deepEqual([cause, group], ['repository-unreachable', 'nas repository-unreachable']);
    assert.deepEqual([item.message, item.hint], ['gone', 'do this']);
  });

  it('is one cause for services of which only the names and figures differ', () => {
    const of = (service: string, figure: number): StepReport =>
      ended(`backup:${service}@nas`, 'failed', {
        service,
        repository: 'nas',
        error: error('failed', `${service} lost ${figure} bytes`),
      });
    const groups = factsOf(report([of('a1', 7), of('b2', 12)])).facts.map(
      (fact) => fact.type === 'wrong' && fact.problem.group,
    );
    assert.equal(new Set(groups).size, 1);
  });

  it('tells that a service starts empty as that, not as recovered, and loudly', () => {
    const { notes } = factsOf(
      report([ended('recover:a', 'succeeded', { result: { action: 'start-empty', reason: 'nas holds nothing of it' } })]),
    );
    assert.deepEqual(
      notes.map(({ kind, priority, items }) => [kind, priority, items[0]?.outcome, items[0]?.message]),
      [['preseed-skipped', 'high', 'started empty', 'it starts without data: nas holds nothing of it']],
    );
  });

  it('tells which snapshot a service has come back from, of when that is, and why not from a better source', () => {
    const result = {
      snapshot: 'vault/app@daily',
      target: 'nas',
      snapshotTime: '2026-01-01T00:00:00.000Z',
      passedOver: [{ source: 'snapshot', reason: 'tank/app has no snapshot' }],
    };
    const { notes } = factsOf(report([ended('recover:a', 'succeeded', { repository: 'near', result })]));
    assert.equal(
      notes[0]?.items[0]?.message,
      'its data is back, from the replica on nas, vault/app@daily of 2026-01-01T00:00:00.000Z; not from snapshot: tank/app has no snapshot',
    );
  });
  it('tells recoveries, and that there was nothing to recover, which ends an earlier failure', () => {
    const steps = [
      ended('recover:a', 'succeeded', { repository: 'nas' }),
      ended('recover:b', 'skipped', { reason: 'it has data' }),
    ];
    const { facts, notes } = factsOf(report(steps));
    assert.deepEqual(
      facts.map(({ type }) => type),
      ['well', 'well'],
    );
    assert.deepEqual(
      notes.map(({ kind, items }) => [kind, items[0]?.subject, items[0]?.message]),
      [
        ['preseed-success', 'a', 'its data is back, from nas'],
        ['preseed-skipped', 'b', 'it has data'],
      ],
    );
  });

  it('tells where the data came from in the end, not where it was to come from', () => {
    const result = { action: 'restore', repository: 'far' };
    const { notes } = factsOf(report([ended('recover:a', 'succeeded', { repository: 'nas', result })]));
    assert.deepEqual(
      notes.map(({ items }) => [items[0]?.repository, items[0]?.message]),
      [['far', 'its data is back, from far']],
    );
  });

  it('is one thing of a dataset, whether it was compared or could not be made as declared', () => {
    const reason = 'recordsize: 128K (declared: 16K)';
    const compared = factsOf(report([ended('drift:tank/app', 'partial', { reason })])).facts[0];
    assert.ok(compared?.type === 'wrong');
    const { kind, key, item } = compared.problem;
    assert.deepEqual([kind, key, item.dataset, item.message], ['dataset-drift', 'drift:tank/app', 'tank/app', reason]);
    assert.deepEqual(kinds(report([ended('dataset:tank/app', 'failed', { error: error('refused', 'it has files') })])), [
      'dataset-drift drift:tank/app',
    ]);
    assert.deepEqual(kinds(report([ended('dataset:tank/app', 'succeeded')])), ['well drift:tank/app']);
  });

  it('is nothing of the backups of a gate that found something wrong before it began', () => {
    const look = ended('preflight:use:nas', 'failed', {
      stage: PREFLIGHT,
      error: error('not-mounted', 'nothing is mounted'),
    });
    const steps = [look, ended('backup:a@nas', 'blocked'), ended('backup:a@away', 'blocked')];
    const gate = factsOf(report(steps, { kind: 'gate' }));
    assert.deepEqual([gate.facts, gate.notes.map(({ kind }) => kind)], [[], ['gate-result']]);
    assert.equal(factsOf(report(steps)).facts.length, 2);
  });

  it('is nothing of retention where somebody only looked at what it would remove', () => {
    for (const outcome of ['succeeded', 'failed'] as const) {
      const steps = [ended('retention:nas', outcome, { repository: 'nas' })];
      assert.equal(factsOf(report(steps, { kind: 'retention' })).facts.length, 1);
      assert.deepEqual(factsOf(report(steps, { kind: 'retention-plan' })).facts, []);
    }
  });

  it('is one thing where files cannot be read and the repository therefore not be verified', () => {
    const gone = { repository: 'nas', error: error('not-mounted', 'nothing is mounted') };
    const both = [ended('scrub:nas', 'failed', gone), ended('verify:nas', 'failed', gone)];
    assert.deepEqual(kinds(report(both)), ['verify-failure verify:nas']);
    const damaged = { repository: 'nas', error: error('repository-damaged', '1 of its files is damaged') };
    const found = [ended('scrub:nas', 'succeeded', { repository: 'nas' }), ended('verify:nas', 'failed', damaged)];
    assert.deepEqual(kinds(report(found)), ['verify-failure verify:nas']);
    const well = found.map((each) => ({ ...each, outcome: 'succeeded' as const, error: null }));
    assert.deepEqual(kinds(report(well)), ['well scrub:nas', 'well verify:nas']);
  });

  it('tells of a gate whether it is safe to deploy, loudly where it is not', () => {
    const steps = [
      ended('unit:x.service', 'failed', { error: error('tool-failed', 'broke') }),
      ended('unit:y.service', 'succeeded'),
    ];
    const noteOf = (outcome: Outcome) => factsOf(report(steps, { kind: 'gate', outcome })).notes[0];
    assert.equal(noteOf('failed')?.priority, 'high');
    assert.equal(noteOf('failed')?.items[0]?.message, 'Do not deploy: 1 succeeded, 1 did not');
    assert.deepEqual(noteOf('failed')?.items[0]?.tail, ['UNIT:X.SERVICE: broke']);
    assert.equal(noteOf('partial')?.priority, undefined);
    assert.match(noteOf('partial')?.items[0]?.message ?? '', /^Acceptable for deployment: /);
  });
});
