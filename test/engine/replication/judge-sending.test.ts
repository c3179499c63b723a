// What a replication as a whole comes to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../../src/domain/outcome.ts';
import { plannedStep, type StepReport } from '../../../src/domain/report.ts';
import { judgeSending } from '../../../src/engine/replication/plan-replicate.ts';
import { step } from '../../support/plans.ts';

const ended = (outcomes: Readonly<Record<string, Outcome>>): StepReport[] =>
  Object.entries(outcomes).map(([id, outcome]) => ({ ...plannedStep(step(id)), outcome }));
const exitOf = (outcomes: Readonly<Record<string, Outcome>>): number => judgeSending(ended(outcomes), null).exitCode;

test('where nothing of what was to be sent arrived it has failed, however well that was measured', () => {
  assert.equal(exitOf({ 'replicate:tank/a@nas': 'failed', 'lag:nas': 'succeeded' }), 2);
  assert.equal(exitOf({ 'replicate:tank/a@nas': 'failed', 'replicate:tank/b@nas': 'succeeded', 'lag:nas': 'succeeded' }), 1);
});

test('where nothing was left to send, what is measured decides', () => {
  assert.equal(exitOf({ 'lag:nas': 'succeeded' }), 0);
  assert.equal(exitOf({ 'lag:nas': 'partial' }), 1);
  assert.equal(exitOf({ 'lag:nas': 'failed' }), 2);
  assert.equal(exitOf({ 'replicate:tank/a@nas': 'succeeded', 'lag:nas': 'partial' }), 1);
});
