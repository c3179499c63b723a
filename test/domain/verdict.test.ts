import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OUTCOMES } from '../../src/domain/outcome.ts';
import { planDefects, type Step } from '../../src/domain/plan.ts';
import { plannedStep, type StepReport } from '../../src/domain/report.ts';
import { verdictOf } from '../../src/domain/verdict.ts';
import { type ErrorCode, errorReport, HoldfastError } from '../../src/lib/errors.ts';
import { plan, step } from '../support/plans.ts';

const error = (code: ErrorCode): StepReport['error'] =>
  errorReport(new HoldfastError({ code, operation: 'x', subject: 'x', message: 'x' }));
const reports: fc.Arbitrary<StepReport> = fc
  .record({
    outcome: fc.constantFrom(...OUTCOMES, 'planned' as const, 'running' as const),
    weight: fc.constantFrom('critical' as const, 'counted' as const, 'advisory' as const),
    error: fc.constantFrom(null, error('tool-failed'), error('busy'), error('repository-locked')),
  })
  .map((parts) => ({ ...plannedStep(step('a')), ...parts }));
const many = fc.array(reports, { maxLength: 8 });
const isGood = ({ outcome }: StepReport): boolean => ['succeeded', 'skipped'].includes(outcome);
const isFailure = (one: StepReport): boolean => !isGood(one) && one.outcome !== 'partial';
const isBusy = (one: StepReport): boolean => ['busy', 'repository-locked'].includes(one.error?.code ?? '');

describe('a verdict', () => {
  it('is exit 0 if and only if every step that counts succeeded or had nothing to do', () => {
    fc.assert(
      fc.property(many, (steps) => {
        const good = steps.every((one) => one.weight === 'advisory' || isGood(one));
        assert.equal(verdictOf(steps, null).exitCode === 0, good);
      }),
    );
  });

  it('does not depend on the order of the steps', () => {
    fc.assert(
      fc.property(
        many.chain((steps) => fc.tuple(fc.constant(steps), fc.shuffledSubarray(steps, { minLength: steps.length }))),
        ([steps, shuffled]) => assert.deepEqual(verdictOf(shuffled, null), verdictOf(steps, null)),
      ),
    );
  });

  it('is exit 2 after any critical failure that is more than a held lock', () => {
    fc.assert(
      fc.property(many, (steps) => {
        fc.pre(steps.some((one) => one.weight === 'critical' && isFailure(one) && !isBusy(one)));
        assert.equal(verdictOf(steps, null).exitCode, 2);
      }),
    );
  });

  it('is what the signal says when the run was interrupted, whatever the steps', () => {
    fc.assert(
      fc.property(many, (steps) => {
        assert.deepEqual(verdictOf(steps, 'SIGINT'), { outcome: 'interrupted', exitCode: 130 });
        assert.deepEqual(verdictOf(steps, 'SIGTERM'), { outcome: 'interrupted', exitCode: 143 });
      }),
    );
  });

  it('is untouched by advisory steps', () => {
    fc.assert(
      fc.property(many, (steps) => {
        const counting = steps.filter((one) => one.weight !== 'advisory');
        assert.deepEqual(verdictOf(steps, null), verdictOf(counting, null));
      }),
    );
  });

  it('agrees with itself: only exit 0 is called succeeded or skipped', () => {
    fc.assert(
      fc.property(many, (steps) => {
        const { outcome, exitCode } = verdictOf(steps, null);
        assert.equal(['succeeded', 'skipped'].includes(outcome), exitCode === 0);
        assert([0, 1, 2, 75].includes(exitCode));
      }),
    );
  });

  it('is busy only when every failure is a held lock, and nothing was done or something critical was not', () => {
    fc.assert(
      fc.property(many, (steps) => {
        const failures = steps.filter((one) => one.weight !== 'advisory' && isFailure(one));
        const done = steps.some((one) => one.weight !== 'advisory' && ['succeeded', 'partial'].includes(one.outcome));
        const grave = !done || failures.some((one) => one.weight === 'critical');
        assert.equal(verdictOf(steps, null).exitCode === 75, failures.length > 0 && failures.every(isBusy) && grave);
      }),
    );
  });
});

describe('a plan', () => {
  const indices = fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 20 });

  it('has no defects when every step needs only earlier ones, in whatever order they are listed', () => {
    const backwards = indices.map((needs) =>
      needs.map((each, index) =>
        step(`s${index}`, { needs: each.filter((need) => need < index).map((need) => `s${need}`) }),
      ),
    );
    fc.assert(
      fc.property(
        backwards.chain((steps) => fc.shuffledSubarray(steps, { minLength: steps.length })),
        (steps) => assert.deepEqual(planDefects(plan(steps)), []),
      ),
    );
  });

  it('has a defect exactly when running its steps one after the other would get stuck', () => {
    const anyhow = indices.map((needs) =>
      needs.map((each, index) => step(`s${index}`, { needs: each.map((n) => `s${n}`) })),
    );
    fc.assert(
      fc.property(anyhow, (steps) => {
        assert.equal(planDefects(plan(steps)).length > 0, getsStuck(steps));
      }),
    );
  });

  it('names the steps of a cycle', () => {
    const steps = [step('a', { needs: ['b'] }), step('b', { needs: ['c'] }), step('c', { needs: ['b'] })];
    assert.deepEqual(planDefects(plan(steps)), ['steps wait for each other: b -> c -> b']);
    assert.deepEqual(planDefects(plan([step('a', { needs: ['a'] })])), ['steps wait for each other: a -> a']);
    const both = [step('a', { after: ['b'] }), step('b', { needs: ['a'] })];
    assert.deepEqual(planDefects(plan(both)), ['steps wait for each other: a -> b -> a']);
  });

  it('has a defect when two steps share a name, or a lane lets nobody in', () => {
    assert.match(planDefects(plan([step('a'), step('a')])).join(), /two steps are called a/);
    for (const limit of [0, -1, Number.NaN]) assert.equal(planDefects(plan([], { limits: { x: limit } })).length, 1);
  });
});

function getsStuck(steps: readonly Step[]): boolean {
  const ended = new Set<string>();
  for (let before = -1; before < ended.size;) {
    before = ended.size;
    for (const one of steps) if ((one.needs ?? []).every((need) => ended.has(need))) ended.add(one.id);
  }
  return ended.size < steps.length;
}
