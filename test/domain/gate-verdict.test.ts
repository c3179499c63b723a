import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { gateVerdict, type SkipCause, tallyGate } from '../../src/domain/gate-verdict.ts';
import { OUTCOMES } from '../../src/domain/outcome.ts';
import { parsePercentage, type Share } from '../../src/domain/percentage.ts';
import { PREFLIGHT } from '../../src/domain/plan.ts';
import { plannedStep, type StepReport } from '../../src/domain/report.ts';
import { step } from '../support/plans.ts';

const HALF = 0.5 as Share;
const one = (parts: Partial<StepReport>): StepReport => ({
  ...plannedStep(step('a')),
  stage: 'Applications',
  outcome: 'succeeded',
  ...parts,
});
const times = (count: number, parts: Partial<StepReport>): StepReport[] => Array.from({ length: count }, () => one(parts));
const skipped = (cause: SkipCause): Partial<StepReport> => ({ outcome: 'skipped', result: { skipped: cause } });
const code = (steps: readonly StepReport[], limit: Share = HALF): number => gateVerdict(steps, limit, null).exitCode;

const weight = fc.constantFrom('critical' as const, 'counted' as const, 'advisory' as const);
const result = fc.constantFrom(null, { skipped: 'running' }, { skipped: 'fresh' }, { skipped: 'condition' });
const backup = fc.record({ outcome: fc.constantFrom(...OUTCOMES), weight, result }).map(one);
const counted = backup.map((each) => ({ ...each, weight: 'counted' as const }));
const check = fc
  .constantFrom('succeeded' as const, 'failed' as const, 'timed-out' as const, 'interrupted' as const)
  .map((outcome) => one({ outcome, stage: PREFLIGHT, weight: 'critical' }));
const percent = fc
  .integer({ min: 0, max: 1_000_000 })
  .map((tenThousandths) => ({ text: `${tenThousandths / 10_000}%`, tenThousandths }));
const isBad = ({ outcome }: StepReport): boolean => outcome !== 'succeeded' && outcome !== 'skipped';

describe('the answer of a gate', () => {
  it('is no after a preflight check that failed, whatever else there is', () => {
    fc.assert(
      fc.property(fc.array(backup), fc.array(check, { minLength: 1 }), (backups, checks) => {
        fc.pre(checks.some(({ outcome }) => outcome !== 'succeeded'));
        assert.equal(code([...checks, ...backups]), 2);
      }),
    );
  });

  it('is no after a critical step that did not succeed and is not fresh', () => {
    fc.assert(
      fc.property(fc.array(backup), (steps) => {
        fc.pre(steps.some((each) => each.weight === 'critical' && isBad(each)));
        assert.equal(code(steps), 2);
      }),
    );
    assert.equal(code([...times(9, {}), one({ ...skipped('running'), weight: 'critical' })]), 2);
    assert.equal(code([...times(9, {}), one({ ...skipped('fresh'), weight: 'critical' })]), 0);
  });

  it('never depends on a stage that only warns, nor on the order', () => {
    fc.assert(
      fc.property(fc.array(counted), fc.array(backup), (steps, others) => {
        const told = others.map((each) => ({ ...each, weight: 'advisory' as const }));
        assert.equal(code([...told, ...steps]), code(steps));
        assert.equal(code([...steps].toReversed()), code(steps));
      }),
    );
  });

  it('compares exactly: no share of failures that was written is rounded', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 3000 }), percent, (bad, good, limit) => {
        const share = parsePercentage(limit.text);
        assert.ok(share !== null);
        const tooMany = BigInt(bad) * 1_000_000n > BigInt(limit.tenThousandths) * BigInt(bad + good);
        const steps = [...times(bad, { outcome: 'failed' }), ...times(good, {})];
        assert.equal(code(steps, share), tooMany ? 2 : bad > 0 ? 1 : 0);
      }),
    );
  });

  for (const [bad, all, expected] of [
    [1, 2, 1],
    [2, 3, 2],
    [7, 13, 2],
    [6, 13, 1],
    [50, 100, 1],
    [51, 100, 2],
  ] as const) {
    it(`is ${expected} after ${bad} of ${all} failed, when more than half is too many`, () => {
      assert.equal(code([...times(bad, { outcome: 'failed' }), ...times(all - bad, {})]), expected);
    });
  }

  it('counts what timed out, is partial, was stopped or never started as it counts what failed', () => {
    for (const outcome of ['failed', 'timed-out', 'partial', 'interrupted', 'blocked'] as const) {
      assert.equal(code([...times(2, { outcome }), ...times(2, {})]), 1, outcome);
      assert.equal(code([...times(3, { outcome }), ...times(2, {})]), 2, outcome);
    }
  });

  it('is no when nothing was backed up, whatever was skipped, unless all of it is fresh', () => {
    assert.equal(code([]), 2);
    assert.equal(code(times(3, skipped('running'))), 2);
    assert.equal(code(times(3, skipped('condition'))), 2);
    assert.equal(code([...times(3, skipped('fresh')), one(skipped('running'))]), 2);
    assert.equal(code(times(3, skipped('fresh'))), 0);
    assert.equal(code([...times(3, skipped('running')), one({})]), 0);
  });

  it('never counts what was skipped among what was tried, and what a condition kept from running is no full success', () => {
    const steps = [...times(10, skipped('condition')), one({ outcome: 'failed' }), one({})];
    assert.equal(code(steps), 1);
    assert.deepEqual([tallyGate(steps, HALF).due, tallyGate(steps, HALF).unsuccessful], [2, 1]);
    assert.equal(code([...times(2, skipped('condition')), one({})]), 1);
  });

  it('is the signal that interrupted it', () => {
    assert.equal(gateVerdict(times(3, {}), HALF, 'SIGTERM').exitCode, 143);
    assert.equal(gateVerdict(times(3, {}), HALF, 'SIGINT').exitCode, 130);
  });

  it('puts every backup that counts into exactly one line', () => {
    fc.assert(
      fc.property(fc.array(backup), (steps) => {
        const tally = tallyGate(steps, HALF);
        const { failed, timedOut, partial, interrupted, blocked, skipped: left } = tally;
        const listed = [failed, timedOut, partial, interrupted, blocked, left.running, left.condition, left.fresh];
        assert.equal(tally.successful + listed.flat().length, tally.total);
      }),
    );
  });
});
