import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { DASHBOARD_TEMPLATE, dashboardTemplate } from '../../../scripts/generate-dashboard.ts';
import { dashboardOf } from '../../../src/observe/metrics/dashboard/dashboard-of.ts';
import { metricsIn, unknownIn } from './support/names.ts';
import { checkExpressions, skip } from './support/promtool.ts';

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly repeat?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
  readonly panels?: readonly Panel[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query?: string; readonly current?: unknown }[];
  };
}

const dashboard = dashboardOf('forge') as unknown as Dashboard; // what it is made of is below
const panels = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

test('the template is what its generator makes', () => {
  const written = readFileSync(join(resolve(import.meta.dirname, '../../..'), DASHBOARD_TEMPLATE), 'utf8');
  assert.equal(written, dashboardTemplate(), 'run: node scripts/generate-dashboard.ts');
});

test('every expression speaks of metrics and labels that are emitted', () => {
  assert.ok(expressions.length > 20);
  for (const expression of expressions) {
    assert.deepEqual(unknownIn(expression), [], expression);
    assert.ok(metricsIn(expression).length > 0, expression);
  }
  for (const { query = '' } of dashboard.templating.list) assert.deepEqual(unknownIn(query), [], query);
});

test('Prometheus can parse every expression', { skip }, () => {
  const { status, output } = checkExpressions(expressions);
  assert.equal(status, 0, output);
});

test('it has a fleet, a 3-2-1 table, gates, and a row that is repeated for each service', () => {
  assert.deepEqual(
    panels.filter(({ type }) => type === 'row').map(({ title, repeat }) => [title, repeat]),
    [
      ['Fleet', undefined],
      ['Proofs and gates', undefined],
      ['$service', 'service'],
    ],
  );
  assert.ok(panels.some(({ type, title }) => type === 'table' && title === '3-2-1'));
});

test('no panel lies over another, or beyond the edge', () => {
  for (const [index, { gridPos: a, title }] of panels.entries()) {
    assert.ok(a.x + a.w <= 24, title);
    for (const { gridPos: b, title: other } of panels.slice(index + 1)) {
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      assert.ok(apart, `${title} and ${other}`);
    }
  }
});

test('it opens on this host, and lets every other be chosen', () => {
  const host = dashboard.templating.list.find(({ name }) => name === 'hostname');
  assert.deepEqual(host?.current, { selected: true, text: ['forge'], value: ['forge'] });
});
