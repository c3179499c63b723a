// What is sent, for people: dry, under each dataset where it goes and how much it is; otherwise the report.

import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import type { Report, StepReport } from '../../domain/report.ts';
import { plural } from '../plural.ts';
import { columnsOf, renderReport, type ReportView } from '../render-report.ts';
import { paint } from '../style.ts';
import { printable } from '../table.ts';
import { wrapText } from '../wrap.ts';

/** `command`: what does what a dry run has shown. */
export function renderReplicate(report: Report, out: ReportView, command: string): string {
  if (!report.dryRun) return renderReport(report, out);
  const sends = report.steps.filter(({ id }) => id.startsWith('replicate:'));
  const targets = report.steps.length - sends.length;
  const unanswered = report.steps.filter(({ id, result }) => id.startsWith('lag:') && result !== null).length;
  if (sends.length === 0)
    return unanswered > 0
      ? `Nothing was looked at on ${plural(unanswered, 'target')}.\n`
      : `Nothing is to be sent: ${targets === 1 ? 'the target has' : `all ${targets} targets have`} everything.\n`;
  return `${sends.map((step) => blockOf(step, out)).join('\n')}\n${wrapText(summaryOf(sends, command), columnsOf(out), '').join('\n')}\n`;
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

function summaryOf(steps: readonly StepReport[], command: string): string {
  const all = steps.map(foreseenIn);
  const going = all.filter(({ action }) => action !== 'broken');
  const broken = all.length - going.length;
  const sum = going.reduce((total, { sizeBytes }) => total + (sizeBytes ?? 0), 0) as Bytes; // of sizes
  const isKnown = going.every(({ sizeBytes, action }) => sizeBytes !== null || action === 'current');
  const much = isKnown ? describeBytes(sum) : sum === 0 ? 'how much is not known' : `${describeBytes(sum)} and more`;
  const parts = [
    ...(going.length > 0 ? [`${plural(going.length, 'dataset')} to send, ${much}`] : []),
    ...(broken > 0 ? [`${broken} cannot be sent`] : []),
  ];
  return `${parts.join(', ')}. Nothing was changed${going.length > 0 ? `; do it with: ${command}` : '.'}`;
}
