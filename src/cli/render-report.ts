// A report for people: the steps that count, what went wrong first with its hint, and one line that sums up.

import { type Bytes, describeBytes } from '../domain/bytes.ts';
import { describeDuration, type Duration } from '../domain/duration.ts';
import { elapsed, parseInstant } from '../domain/instant.ts';
import type { Report, StepReport } from '../domain/report.ts';
import type { Output } from './context.ts';
import { countWords, outcomeWords } from './outcome-words.ts';
import { plural } from './plural.ts';
import { renderError } from './render-error.ts';
import { MARKS, paint } from './style.ts';
import { printable, renderTable } from './table.ts';

export function renderReport(report: Report, out: Pick<Output, 'colors'>): string {
  const steps = report.steps.filter(
    (step) => step.weight !== 'advisory' || report.dryRun || !['succeeded', 'skipped'].includes(step.outcome),
  );
  const table = renderTable(
    [{ title: '' }, { title: '' }, { title: '', align: 'right' }, { title: '' }],
    steps.map((step) => stepRow(step, out)),
  );
  return [table, ...errorsOf(report), `${summaryOf(report, out)}\n`].join('');
}

function stepRow(step: StepReport, out: Pick<Output, 'colors'>): string[] {
  const { mark, tone } = MARKS[step.outcome];
  const state = step.outcome === 'succeeded' || step.outcome === 'planned' ? '' : step.outcome;
  const took = step.durationSeconds === null ? '' : describeDuration((step.durationSeconds * 1000) as Duration);
  const detail = step.reason && !step.error ? printable(step.reason) : figuresOf(step);
  return [
    paint(out, tone, mark),
    step.title,
    took,
    [state && paint(out, tone, state), detail, ...step.warnings.map((warning) => `(${printable(warning)})`)]
      .filter(Boolean)
      .join(': '),
  ];
}

function figuresOf(step: StepReport): string {
  const { result } = step;
  if (typeof result?.['bytesAdded'] !== 'number' || typeof result['snapshotId'] !== 'string') return '';
  const changed = Number(result['filesNew']) + Number(result['filesChanged']);
  return `${changed} changed, +${describeBytes(result['bytesAdded'] as Bytes)}, ${result['snapshotId'].slice(0, 8)}`;
}

/** Each first cause once, however many steps it hit; what was blocked by it is in the list above. */
function errorsOf(report: Report): string[] {
  const causes = report.steps.filter((step) => step.error && step.outcome !== 'interrupted' && step.outcome !== 'blocked');
  const byCause = Map.groupBy(causes, ({ error }) => JSON.stringify([error?.code, error?.message]));
  return [...byCause.values()].flatMap(([first, ...others]) => {
    if (!first?.error) return [];
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    return [`\n${renderError(first.error, `${first.title}${more}`)}`];
  });
}

function summaryOf(report: Report, out: Pick<Output, 'colors'>): string {
  if (report.dryRun) return `\nDry run: ${plural(report.steps.length, 'step')}, nothing was changed.`;
  const [startedAt, endedAt] = [parseInstant(report.startedAt), parseInstant(report.endedAt ?? '')];
  const took = startedAt === null || endedAt === null ? '' : ` in ${describeDuration(elapsed(startedAt, endedAt))}`;
  const verdict = paint(out, MARKS[report.outcome].tone, outcomeWords(report));
  return `\n${report.kind} ${verdict}: ${countWords(report.steps)}${took}  (run ${report.id})`;
}
