import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GateStage } from '../../../src/config/configuration.ts';
import type { Share } from '../../../src/domain/percentage.ts';
import { isDeclaredUnit } from '../../../src/engine/gate/declared-units.ts';
import { stage } from './support/gates.ts';

const gates = (...stages: readonly GateStage[]) => ({
  gates: new Map([['default', { name: 'default', preflight: [], criticalAbove: 0.5 as Share, stages }]]),
});

test('a unit is declared by its name or a pattern of any stage, with a suffix or without, and not where that leaves it out', () => {
  const config = gates(stage({ units: ['sanoid', 'syncoid-*'], exclude: ['syncoid-old'] }));
  assert.deepEqual(
    ['sanoid.service', 'syncoid-nas.service', 'syncoid-old.service', 'other.service'].map((unit) =>
      isDeclaredUnit(config, unit),
    ),
    [true, true, false, false],
  );
});

test('where no gate is written, well-known units are', () => {
  assert.equal(isDeclaredUnit({ gates: new Map() }, 'sanoid.service'), true);
  assert.equal(isDeclaredUnit({ gates: new Map() }, 'nginx.service'), false);
  assert.equal(isDeclaredUnit(gates(stage({ units: ['x'] })), 'sanoid.service'), false);
});
