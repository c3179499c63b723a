// What becomes of datasets, for people: under each its changes in words, and what keeps it as it is with a way out.

import type { Report, StepReport } from '../../domain/report.ts';
import { plural } from '../plural.ts';
import { columnsOf, renderReport, type ReportView } from '../render-report.ts';
import { paint } from '../style.ts';
import { printable } from '../table.ts';
import { wrapText } from '../wrap.ts';

/** `count`: how many datasets are declared. */
export function renderDatasets(report: Report, count: number, out: ReportView): string {
  if (report.steps.length === 0) return `${count === 1 ? 'The dataset is' : `All ${count} datasets are`} as declared.\n`;
  if (!report.dryRun) return renderReport(report, out);
  const blocks = report.steps.map((step) => blockOf(step, out));
  return `${blocks.join('\n')}\n${summaryOf(report, count)}\n`;
}

function blockOf({ service, result }: StepReport, out: ReportView): string {
  const { dataset, changes, obstacles } = result as unknown as Foreseen; // as the plan has it
  const lines = [
    ...(obstacles.length === 0 ? changes.flatMap((change) => wrapped(change, out, '  ')) : []),
    ...obstacles.flatMap(({ message, hint }) => [
      ...wrapped(message, out, '  ✗ ').map((line) => line.replace('✗', paint(out, 'bad', '✗'))),
      ...wrapped(hint, out, '    → ').map((line) => paint(out, 'dim', line)),
    ]),
  ];
  return [paint(out, 'strong', `${printable(dataset)}${service === null ? '' : ` (${service})`}`), ...lines, ''].join('\n');
}

interface Foreseen {
  readonly dataset: string;
  readonly changes: readonly string[];
  readonly obstacles: readonly { readonly message: string; readonly hint: string }[];
}

const wrapped = (text: string, out: ReportView, first: string): string[] => wrapText(printable(text), columnsOf(out), first);

function summaryOf({ steps }: Report, count: number): string {
  const seen = steps.map(({ result }) => result as unknown as Foreseen); // as above
  const stuck = seen.filter(({ obstacles }) => obstacles.length > 0).length;
  const created = seen.filter(({ changes, obstacles }) => obstacles.length === 0 && changes[0]?.startsWith('create')).length;
  const changed = seen.length - stuck - created;
  const parts = [
    ...(created > 0 ? [`${created} to create`] : []),
    ...(changed > 0 ? [`${changed} to change`] : []),
    ...(stuck > 0 ? [`${stuck} cannot be made as declared`] : []),
  ];
  return `${plural(count, 'dataset')} declared: ${parts.join(', ')}. Nothing was changed; do it with: holdfast datasets apply`;
}

export function renderDrift(report: Report, out: ReportView): string {
  const differing = report.steps.filter(({ outcome }) => outcome !== 'succeeded');
  if (differing.length === 0)
    return `${report.steps.length === 1 ? 'The dataset is' : `All ${report.steps.length} datasets are`} as declared.\n`;
  const blocks = differing.map(({ service, result, id }) => {
    const { dataset = id, differences = [] } = (result ?? {}) as Partial<Drifted>; // as the plan has it
    const lines = differences.flatMap(({ property, wanted, found }) =>
      wrapped(`${property}: ${found} (declared: ${wanted})`, out, '  '),
    );
    return [paint(out, 'strong', `${printable(dataset)}${service === null ? '' : ` (${service})`}`), ...lines, ''].join(
      '\n',
    );
  });
  return `${blocks.join('\n')}\n${differing.length} of ${plural(report.steps.length, 'dataset')} not as declared; see what would be done: holdfast datasets plan\n`;
}

interface Drifted {
  readonly dataset: string;
  readonly differences: readonly { readonly property: string; readonly wanted: string; readonly found: string }[];
}
