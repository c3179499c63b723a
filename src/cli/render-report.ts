// A report for people: the steps that count, what went wrong first with its hint, and one line that sums up.

import { shownId } from '../domain/naming.ts';
import { type Bytes, describeBytes } from '../domain/bytes.ts';
import { describeDuration, type Duration } from '../domain/duration.ts';
import { elapsed, parseInstant } from '../domain/instant.ts';
import { isLook } from '../domain/plan.ts';
import type { Report, StepReport } from '../domain/report.ts';
import type { Output } from './context.ts';
import { countWords, outcomeWords } from './outcome-words.ts';
import { plural } from './plural.ts';
import { renderError } from './render-error.ts';
import { MARKS, paint } from './style.ts';
import { printable, renderTable, widthOf } from './table.ts';
import { wrapText } from './wrap.ts';

/** Where it is shown; without a terminal no line is broken, so that it can be searched. */
export type ReportView = Pick<Output, 'colors'> & Partial<Pick<Output, 'columns' | 'isTerminal'>>;

export const columnsOf = ({ isTerminal, columns }: ReportView): number => (isTerminal && columns ? columns : Infinity);

export function renderReport(report: Report, out: ReportView): string {
  const steps = report.steps.filter(
    (step) => !isLook(step) || report.dryRun || !['succeeded', 'skipped'].includes(step.outcome),
  );
  return [...stepLines(steps, out), ...errorsOf(report, out), `${summaryOf(report, out)}\n`].join('');
}

/** One line for each step; what does not fit into it stands below. */
function stepLines(steps: readonly StepReport[], out: ReportView): string[] {
  if (steps.length === 0) return [];
  const columns = columnsOf(out);
  const cells = steps.map((step) => [markOf(step, out), step.title, tookOf(step)]);
  const heads = renderTable([{ title: '' }, { title: '' }, { title: '', align: 'right' }], cells)
    .trimEnd()
    .split('\n');
  const width = Math.max(...heads.map(widthOf));
  const lines = steps.flatMap((step, index) => {
    const detail = detailOf(step, out);
    const head = heads[index] ?? '';
    const beside = detail === '' ? head : head + ' '.repeat(width - widthOf(head) + 2) + detail;
    if (widthOf(beside) <= columns) return [beside];
    if (width <= columns) return [head, ...wrapText(detail, columns, INDENT)];
    const below = [tookOf(step), detail].filter(Boolean).join('  ');
    return [...wrapText(step.title, columns, `${markOf(step, out)}  `), ...(below ? wrapText(below, columns, INDENT) : [])];
  });
  return lines.map((line) => `${line}\n`);
}

const INDENT = '     ';

const markOf = ({ outcome }: StepReport, out: ReportView): string => paint(out, MARKS[outcome].tone, MARKS[outcome].mark);

/** Empty for a step that never began. */
export const tookOf = ({ durationSeconds }: StepReport): string =>
  durationSeconds === null ? '' : describeDuration((durationSeconds * 1000) as Duration); // seconds, as the report says

/** `partial: missing: /data/b (it is a link) (it is new)` */
function detailOf(step: StepReport, out: ReportView): string {
  const state = step.outcome === 'succeeded' || step.outcome === 'planned' ? '' : step.outcome;
  const what = step.reason && !step.error ? printable(step.reason) : figuresOf(step);
  const painted = state && paint(out, MARKS[step.outcome].tone, state);
  const warnings = step.warnings.map((warning) => `(${printable(warning)})`);
  return [[painted, what].filter(Boolean).join(': '), ...warnings].filter(Boolean).join(' ');
}

function figuresOf(step: StepReport): string {
  const { result } = step;
  if (typeof result?.['bytesSent'] === 'number') return `${describeBytes(result['bytesSent'] as Bytes)} sent`;
  if (typeof result?.['bytesAdded'] !== 'number' || typeof result['snapshotId'] !== 'string') return '';
  const changed = Number(result['filesNew']) + Number(result['filesChanged']);
  const files = Number.isNaN(changed) ? '' : `${changed} changed, `; // a server has none
  return `${files}+${describeBytes(result['bytesAdded'] as Bytes)}, ${shownId(result['snapshotId'])}`;
}

/** Each first cause once, however many steps it hit; what was blocked by it is told elsewhere. */
export function errorsOf(report: Pick<Report, 'steps'>, out: ReportView, quote?: number): string[] {
  const causes = report.steps.filter((step) => step.error && step.outcome !== 'interrupted' && step.outcome !== 'blocked');
  const byCause = Map.groupBy(causes, ({ error }) => JSON.stringify([error?.code, error?.message]));
  return [...byCause.values()].flatMap(([first, ...others]) => {
    if (!first?.error) return [];
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    return [
      `\n${renderError(first.error, { doing: `${first.title}${more}`, columns: columnsOf(out), ...(quote === undefined ? {} : { quote }) })}`,
    ];
  });
}

function summaryOf(report: Report, out: ReportView): string {
  if (report.dryRun) return `\nDry run: ${plural(report.steps.length, 'step')}, nothing was changed.`;
  const [startedAt, endedAt] = [parseInstant(report.startedAt), parseInstant(report.endedAt ?? '')];
  const took = startedAt === null || endedAt === null ? '' : ` in ${describeDuration(elapsed(startedAt, endedAt))}`;
  const verdict = paint(out, MARKS[report.outcome].tone, outcomeWords(report));
  const words = `${report.kind} ${verdict}: ${countWords(report.steps)}${took}  (run ${report.id})`;
  return `\n${wrapText(words, columnsOf(out), '', '  ').join('\n')}`;
}
