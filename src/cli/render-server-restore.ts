// A restored PostgreSQL server for people: the ordinary report, the moments that can be had, how far the log came, and where it is.

import { type Bytes, describeBytes } from '../domain/bytes.ts';
import type { Report, StepReport } from '../domain/report.ts';
import { textAt } from '../lib/json.ts';
import { columnsOf, renderReport, type ReportView } from './render-report.ts';
import { printable } from './table.ts';
import { wrapText } from './wrap.ts';

const LABEL = 12;

export function renderServerRestore(report: Report, out: ReportView): string {
  return renderReport(report, out) + report.steps.flatMap((step) => linesOf(step, columnsOf(out))).join('');
}

function linesOf({ result }: StepReport, columns: number): string[] {
  if (!result) return [];
  const lines: [label: string, text: string][] = [];
  for (const each of Array.isArray(result['moments']) ? result['moments'] : []) {
    const { repository, from, to } = each as { repository?: unknown; from?: unknown; to?: unknown }; // as the plan wrote it
    lines.push(['can be had', `from ${String(from)} to ${String(to)} (${printable(String(repository))})`]);
  }
  if (typeof result['backup'] === 'string') {
    const size = describeBytes(Number(result['bytes']) as Bytes); // as the step wrote it
    const log = Number(result['logFiles']);
    lines.push([
      'backup',
      `${result['backup']} of ${textAt(result, 'backupTime')}, ${size}, from ${printable(textAt(result, 'repository'))}`,
    ]);
    const last = textAt(result, 'lastTransaction');
    lines.push([
      'recovered',
      `with ${log.toLocaleString('en')} ${log === 1 ? 'file' : 'files'} of the log${last === '' ? '' : `; the last transaction was committed ${last}`}`,
    ]);
  }
  for (const [key, label] of [
    ['to', 'it is in'],
    ['kept', 'old data'],
    ['database', 'database'],
    ['next', 'next'],
  ] as const) {
    const value = textAt(result, key);
    if (value !== '') lines.push([label, printable(value)]);
  }
  return lines.map(([label, text]) => `${wrapText(text, columns, label.padEnd(LABEL)).join('\n')}\n`);
}
