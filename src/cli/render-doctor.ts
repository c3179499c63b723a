// What the doctor found: one line each, with what to do about it below.

import type { DoctorReport } from '../engine/doctor.ts';
import type { Health } from '../engine/doctor/check.ts';
import type { Output } from './context.ts';
import { paint, type Tone } from './style.ts';
import { printable, widthOf } from './table.ts';
import { wrapText } from './wrap.ts';

const MARKS: Readonly<Record<Health, { readonly mark: string; readonly tone: Tone }>> = {
  ok: { mark: '✓', tone: 'good' },
  warning: { mark: '!', tone: 'warn' },
  problem: { mark: '✗', tone: 'bad' },
};

const WIDEST = 120;
/** A longer title is not worth that every other line is indented for it. */
const LONGEST_TITLE = 24;

export function renderDoctor(report: DoctorReport, out: Pick<Output, 'colors' | 'columns'>): string {
  const columns = Math.min(out.columns, WIDEST);
  const width = Math.min(LONGEST_TITLE, Math.max(0, ...report.checks.map(({ title }) => widthOf(printable(title)))));
  const indent = ' '.repeat(width + 4);
  const lines = report.checks.flatMap(({ title, health, detail, fix }) => {
    const { mark, tone } = MARKS[health];
    const name = printable(title);
    const head = `${mark} ${name}${' '.repeat(Math.max(0, width - widthOf(name)))}  `;
    const [first = '', ...rest] = wrapText(printable(detail), columns, head, indent);
    return [
      paint(out, tone, first.slice(0, 1)) + first.slice(1),
      ...rest,
      ...(fix === null ? [] : wrapText(printable(fix), columns, `${indent}→ `).map((line) => paint(out, 'dim', line))),
    ];
  });
  return [...lines, '', summary(report, out), ''].join('\n');
}

function summary({ counts, host, checks }: DoctorReport, out: Pick<Output, 'colors'>): string {
  const several = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  const bad = [
    ...(counts.problem > 0 ? [paint(out, 'bad', several(counts.problem, 'problem'))] : []),
    ...(counts.warning > 0 ? [paint(out, 'warn', several(counts.warning, 'warning'))] : []),
  ];
  const verdict = bad.length === 0 ? paint(out, 'good', 'all is well') : bad.join(', ');
  return `${several(checks.length, 'check')} on ${printable(host)}: ${verdict}`;
}
