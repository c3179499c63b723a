// Grafana's schema of dashboards, of the panels and of queries, as its foundation SDK ships it: types that are generated from it. What
// is written must be one of them, without a key that they do not know.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { dashboardOf } from '../../../src/observe/metrics/dashboard/dashboard-of.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const SDK = '@grafana/grafana-foundation-sdk';

/** As JSON holds it: the values of enumerations, and no methods. */
const PRELUDE = `
import type * as dashboard from '${SDK}/dashboard';
import type * as prometheus from '${SDK}/prometheus';
import type * as stat from '${SDK}/stat';
import type * as table from '${SDK}/table';
import type * as bargauge from '${SDK}/bargauge';
import type * as timeseries from '${SDK}/timeseries';
import type * as statetimeline from '${SDK}/statetimeline';
import type { GraphFieldConfig } from '${SDK}/common';

type Wire<T> = 0 extends 1 & T ? T // any
  : T extends string ? \`\${T}\`
  : T extends number ? number
  : T extends readonly (infer Each)[] ? Wire<Each>[]
  : T extends object ? { [Key in keyof T as T[Key] extends (...given: never) => unknown ? never : Key]: Wire<T[Key]> }
  : T;
type Query = Wire<prometheus.Dataquery>;
type Fields<Custom> = Omit<Wire<dashboard.FieldConfigSource>, 'defaults'> & {
  defaults: Omit<Wire<dashboard.FieldConfig>, 'custom'> & { custom?: Custom };
};
type PanelOf<Type, Options, Custom> = Omit<Wire<dashboard.Panel>, 'type' | 'targets' | 'options' | 'fieldConfig'> & {
  type: Type; targets?: Query[]; options?: Wire<Options>; fieldConfig?: Fields<Custom>;
};
type Panel =
  | PanelOf<'stat', stat.Options, never>
  | PanelOf<'table', table.Options, unknown>
  | PanelOf<'bargauge', bargauge.Options, never>
  | PanelOf<'timeseries', timeseries.Options, Wire<GraphFieldConfig>>
  | PanelOf<'state-timeline', statetimeline.Options, Wire<statetimeline.FieldConfig>>;
type Row = Omit<Wire<dashboard.RowPanel>, 'panels'> & { type: 'row'; panels: Panel[] };
export type Dashboard = Omit<Wire<dashboard.Dashboard>, 'panels'> & { panels: (Panel | Row)[] };
`;

/** What the compiler has against it. */
function complaints(json: string): string {
  using directory = temporaryDirectory();
  symlinkSync(join(ROOT, 'node_modules'), join(directory.path, 'node_modules'));
  writeFileSync(join(directory.path, 'package.json'), '{"type": "module"}');
  writeFileSync(join(directory.path, 'dashboard.ts'), `${PRELUDE}\nexport const it: Dashboard = ${json};\n`);
  const strict = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--module', 'nodenext', '--types', ''];
  const { stdout, stderr, error } = spawnSync(
    join(ROOT, 'node_modules/.bin/tsc'),
    [...strict, join(directory.path, 'dashboard.ts')],
    { cwd: directory.path, encoding: 'utf8' },
  );
  if (error) throw error;
  return stdout + stderr;
}

const JSON_OF = JSON.stringify(dashboardOf('forge'));

test('it is what Grafana’s schema says a dashboard is', () => {
  assert.equal(complaints(JSON_OF), '');
});

test('a key that the schema does not know, a wrong type and an unknown value are found', () => {
  for (const [right, wrong] of [
    ['"legendFormat"', '"legend"'],
    ['"refresh":"5m"', '"refresh":5'],
    ['"colorMode":"', '"colorMode":"loud-'],
    ['"type":"stat"', '"type":"statistic"'],
  ] as const) {
    assert.ok(JSON_OF.includes(right), right);
    assert.notEqual(complaints(JSON_OF.replace(right, wrong)), '', wrong);
  }
});
