// What is sent, for people: dry, under each dataset where it goes and how much it is; otherwise the report.

import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import type { Report, StepReport } from '../../domain/report.ts';
import { plural } from '../plural.ts';
import { columnsOf, renderReport, type ReportView } from '../render-report.ts';
import { paint } from '../style.ts';
import { printable } from '../table.ts';
import { wrapText } from '../wrap.ts';

export function renderReplicate(report: Report, out: ReportView): string {
  if (!report.dryRun) return renderReport(report, out);
  const sends = report.steps.filter(({ id }) => id.startsWith('replicate:'));
  const targets = report.steps.length - sends.length;
  const unanswered = report.steps.filter(({ id, result }) => id.startsWith('lag:') && result !== null).length;
  if (sends.length === 0)
    return unanswered > 0
      ? `Nothing was looked at on ${plural(unanswered, 'target')}.\n`
      : `Nothing is to be sent: ${targets === 1 ? 'the target has' : `all ${targets} targets have`} everything.\n`;
  return `${sends.map((step) => blockOf(step, out)).join('\n')}\n${summaryOf(sends)}\n`;
}

interface Foreseen {
  readonly dataset: string;
  readonly replica: string;
  readonly host: string | null;
  readonly action: string;
  readonly sizeBytes: Bytes | null;
  readonly message: string;
  readonly hint: string | null;
}

/** As the plan has it. */
const foreseenIn = ({ result }: StepReport): Foreseen => result as unknown as Foreseen;

function blockOf(step: StepReport, out: ReportView): string {
  const { dataset, replica, host, action, message, hint } = foreseenIn(step);
  const wrapped = (text: string, first: string): string[] => wrapText(printable(text), columnsOf(out), first);
  const place = host === null ? replica : `${host}:${replica}`;
  const told =
    action === 'broken'
      ? wrapped(message, '  ✗ ').map((line) => line.replace('✗', paint(out, 'bad', '✗')))
      : wrapped(message, '  ');
  const mend = hint === null ? [] : wrapped(hint, '    → ').map((line) => paint(out, 'dim', line));
  return [`${paint(out, 'strong', printable(dataset))} → ${printable(place)}`, ...told, ...mend, ''].join('\n');
}

function summaryOf(steps: readonly StepReport[]): string {
  const all = steps.map(foreseenIn);
  const broken = all.filter(({ action }) => action === 'broken').length;
  const sum = all.reduce((total, { sizeBytes }) => total + (sizeBytes ?? 0), 0) as Bytes; // of sizes
  const parts = [
    ...(all.length > broken ? [`${plural(all.length - broken, 'dataset')} to send, ${describeBytes(sum)}`] : []),
    ...(broken > 0 ? [`${broken} cannot be sent`] : []),
  ];
  return `${parts.join(', ')}. Nothing was changed; do it with: holdfast replicate`;
}
