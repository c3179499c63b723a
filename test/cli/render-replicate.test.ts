// What a dry run of `holdfast replicate` shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderReplicate } from '../../src/cli/replicate/render-replicate.ts';
import type { Instant } from '../../src/domain/instant.ts';
import type { Step } from '../../src/domain/plan.ts';
import { dryRun } from '../../src/engine/runner/dry-run.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { plan, step } from '../support/plans.ts';

const send = (dataset: string, foreseen: JsonObject): Step =>
  step(`replicate:${dataset}@nas`, {
    foreseen: {
      dataset,
      replica: `vault/${dataset}`,
      host: null,
      action: 'full',
      sizeBytes: null,
      message: '',
      hint: null,
      ...foreseen,
    },
  });
const shown = (columns: number, ...steps: readonly Step[]): string[] =>
  renderReplicate(
    dryRun(plan([...steps, step('lag:nas')]), { now: () => 0 as Instant }),
    { colors: false, columns, isTerminal: true },
    'holdfast replicate tank/a --start-over',
  )
    .trimEnd()
    .split('\n');

test('it ends with the command that does what was shown, and with none where nothing can be done', () => {
  const broken = send('tank/a', { action: 'broken', message: 'nothing in common', hint: 'start over' });
  assert.equal(shown(120, broken).at(-1), '1 cannot be sent. Nothing was changed.');
  assert.equal(
    shown(120, broken, send('tank/b', { sizeBytes: 2048 })).at(-1),
    '1 dataset to send, 2.00 KiB, 1 cannot be sent. Nothing was changed; do it with: holdfast replicate tank/a --start-over',
  );
});

test('a size that is not known is not called none', () => {
  assert.match(
    shown(120, send('tank/a', { action: 'start-over' })).at(-1) ?? '',
    /^1 dataset to send, how much is not known\./,
  );
  const some = shown(120, send('tank/a', {}), send('tank/b', { sizeBytes: 2048 })).at(-1);
  assert.match(some ?? '', /^2 datasets to send, 2\.00 KiB and more\./);
});

test('no line is longer than the terminal', () => {
  const lines = shown(70, send('tank/a', { message: 'word '.repeat(40).trim(), hint: 'word '.repeat(40).trim() }));
  assert.deepEqual(
    lines.filter((line) => line.length > 70),
    [],
  );
});
