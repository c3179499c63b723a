import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { METRICS_PAGE, metricsReference } from '../../../scripts/generate-metrics-reference.ts';

test('the reference page tells of every metric and alert as it is', () => {
  const page = readFileSync(join(resolve(import.meta.dirname, '../../..'), METRICS_PAGE), 'utf8');
  assert.equal(page, metricsReference(), 'run: node scripts/generate-metrics-reference.ts');
});
