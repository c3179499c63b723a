// The few forms of panels that the dashboard consists of, in Grafana's own builders.

import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** The variable that names the Prometheus. */
const SOURCE: common.DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

export interface Query {
  readonly expr: string;
  /** As Grafana fills it: `{{repository}}`. */
  readonly legend: string;
}

export interface PanelOf {
  readonly title: string;
  readonly description: string;
  readonly queries: readonly Query[];
  /** Grafana's name of a unit: 's', 'bytes', 'percentunit'; none for a plain number. */
  readonly unit?: string;
  readonly thresholds?: readonly Threshold[];
  /** Columns of 24, and rows. */
  readonly width: number;
  readonly height: number;
}

/** From this value on; null is from the beginning. */
export type Threshold = readonly [color: string, from: number | null];

const target = ({ expr, legend }: Query, index: number): prometheus.DataqueryBuilder =>
  new prometheus.DataqueryBuilder()
    .refId(String.fromCodePoint(65 + index))
    .expr(expr)
    .legendFormat(legend);

const steps = (thresholds: readonly Threshold[]): dashboard.ThresholdsConfigBuilder =>
  new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(thresholds.map(([color, value]) => ({ color, value })));

type Builder = stat.PanelBuilder | timeseries.PanelBuilder | bargauge.PanelBuilder | statetimeline.PanelBuilder;

function filled<Of extends Builder>(builder: Of, panel: PanelOf): Of {
  builder.title(panel.title).description(panel.description).datasource(SOURCE).span(panel.width).height(panel.height);
  for (const [index, query] of panel.queries.entries()) builder.withTarget(target(query, index));
  if (panel.unit !== undefined) builder.unit(panel.unit);
  if (panel.thresholds !== undefined) builder.thresholds(steps(panel.thresholds));
  return builder;
}

/** Numbers of now. */
export const numbers = (panel: PanelOf): stat.PanelBuilder =>
  filled(new stat.PanelBuilder(), panel).reduceOptions(
    new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false),
  );

/** Lines over time. */
export const lines = (panel: PanelOf): timeseries.PanelBuilder =>
  filled(new timeseries.PanelBuilder(), panel).min(0).fillOpacity(5);

/** One bar each, now. */
export const bars = (panel: PanelOf): bargauge.PanelBuilder =>
  filled(new bargauge.PanelBuilder(), panel)
    .orientation(common.VizOrientation.Horizontal)
    .min(0)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));

/** States over time, each number told by a word. */
export const states = (
  panel: PanelOf,
  words: Readonly<Record<string, { readonly text: string; readonly color: string }>>,
): statetimeline.PanelBuilder =>
  filled(new statetimeline.PanelBuilder(), panel).mappings([
    { type: dashboard.MappingType.ValueToText, options: Object.fromEntries(Object.entries(words)) },
  ]);

export interface Column {
  readonly title: string;
  readonly expr: string;
}

/** One line for each value of a label; a column for each query. */
export function grid(panel: Omit<PanelOf, 'queries' | 'unit'>, by: string, columns: readonly Column[]): table.PanelBuilder {
  const builder = new table.PanelBuilder()
    .title(panel.title)
    .description(panel.description)
    .datasource(SOURCE)
    .span(panel.width)
    .height(panel.height);
  for (const [index, { expr }] of columns.entries()) {
    builder.withTarget(target({ expr, legend: '' }, index).format(prometheus.PromQueryFormat.Table).instant());
  }
  const names = Object.fromEntries(columns.map(({ title }, index) => [`Value #${String.fromCodePoint(65 + index)}`, title]));
  return builder
    .withTransformation({ id: 'joinByField', options: { byField: by, mode: 'outer' } })
    .withTransformation({
      id: 'filterFieldsByName',
      options: { include: { names: [by, ...Object.keys(names)] } },
    })
    .withTransformation({ id: 'organize', options: { renameByName: names } });
}
