// Series as the text that Prometheus reads (exposition format 0.0.4). Pure.

import { ALL_FAMILIES, type Family, type Label } from './families.ts';

/** A label without a value is left out, which to Prometheus is the same. */
export type Labels = Readonly<Partial<Record<Label, string>>>;

/** What one family tells, of each thing that it is about. */
export interface Series {
  readonly family: Family;
  /** One set of labels for each thing; series about the same things share the list, and it is written once for all of them. */
  readonly labels: readonly Labels[];
  /** In the same order; null: nothing is told. */
  readonly values: readonly (number | null)[];
}

export interface Sample {
  readonly family: Family;
  readonly labels: Labels;
  readonly value: number;
}

/** One by one. */
export const samplesOf = (all: readonly Series[]): Sample[] =>
  all.flatMap(({ family, labels, values }) =>
    values.flatMap((value, index) => (value === null ? [] : [{ family, labels: labels[index] ?? {}, value }])),
  );

/** In the order of the table, each family once with its help. A family may be in `all` once. */
export function renderSeries(all: readonly Series[]): string {
  const byFamily = new Map(all.map((series) => [series.family, series]));
  const written = new Map<Series['labels'], readonly string[]>();
  const labelSets = ({ family, labels }: Series): readonly string[] => {
    let sets = written.get(labels);
    if (sets === undefined) written.set(labels, (sets = labels.map((each) => labelSet(family.labels, each))));
    return sets;
  };
  return ALL_FAMILIES.map((family) => {
    const series = byFamily.get(family);
    return series ? renderFamily(family, labelSets(series), series.values) : '';
  }).join('');
}

function renderFamily({ name, type, help }: Family, labelSets: readonly string[], values: Series['values']): string {
  const line = (value: number | null, index: number): string =>
    value === null ? '' : `${name}${labelSets[index]} ${number(value)}\n`;
  const lines = values.map(line).join('');
  return lines === '' ? '' : `# HELP ${name} ${helpText(help)}\n# TYPE ${name} ${type}\n${lines}`;
}

function labelSet(order: readonly Label[], labels: Labels): string {
  let written = '';
  for (const label of order) {
    const value = labels[label] ?? '';
    if (value !== '') written += `${written === '' ? '{' : ','}${label}="${escapeLabel(value)}"`;
  }
  return written === '' ? '' : `${written}}`;
}

/** In a label value, also in an expression: Prometheus reads both alike. */
export const escapeLabel = (value: string): string =>
  /[\\"\n]/.test(value)
    ? value
        .replaceAll('\\', String.raw`\\`)
        .replaceAll('"', String.raw`\"`)
        .replaceAll('\n', String.raw`\n`)
    : value;

const helpText = (text: string): string => text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);

const number = (value: number): string => (value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value));
