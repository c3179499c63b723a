// A restore for people: the ordinary report, and where the data is now, how it was verified, and what was kept.

import { shownId } from '../domain/naming.ts';
import { type Bytes, describeBytes } from '../domain/bytes.ts';
import type { Report, StepReport } from '../domain/report.ts';
import { textAt } from '../lib/json.ts';
import { columnsOf, renderReport, type ReportView } from './render-report.ts';
import { printable } from './table.ts';
import { wrapText } from './wrap.ts';

/** Columns of what stands before the text of a line. */
const LABEL = 10;

export function renderRestore(report: Report, out: ReportView): string {
  return renderReport(report, out) + report.steps.flatMap((step) => linesOf(step, columnsOf(out))).join('');
}

function linesOf({ result }: StepReport, columns: number): string[] {
  if (!result || typeof result['snapshotId'] !== 'string') return [];
  const files = Number(result['files']);
  const size = describeBytes(Number(result['bytes']) as Bytes); // as the step wrote it
  const lines = [
    `snapshot  ${shownId(result['snapshotId'])} of ${textAt(result, 'snapshotTime')}, from ${printable(textAt(result, 'repository'))}`,
    `restored  ${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'}, ${size}, verified: ${textAt(result, 'verified')}`,
  ];
  if (typeof result['to'] === 'string') lines.push(`it is in  ${printable(result['to'])}`);
  for (const [key, label] of [
    ['databases', 'database'],
    ['roles', 'new role'],
  ] as const)
    for (const name of Array.isArray(result[key]) ? result[key] : [])
      lines.push(`${label.padEnd(LABEL)}${printable(String(name))}`);
  for (const kept of Array.isArray(result['kept']) ? result['kept'] : []) {
    // as the step wrote it
    const { keptAt } = kept as { keptAt?: unknown };
    lines.push(`old data  ${printable(String(keptAt))}  (remove it when you are sure)`);
  }
  return lines.map((line) => `${wrapText(line.slice(LABEL), columns, line.slice(0, LABEL)).join('\n')}\n`);
}
