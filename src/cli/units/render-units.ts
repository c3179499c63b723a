// What became of the units of a host, for people: their names first, then the report that every command has.

import type { Report } from '../../domain/report.ts';
import { renderReport, type ReportView } from '../render-report.ts';

const MOST = 20;

/** `count`: how many files are configured. */
export function renderUnits(report: Report, count: number, out: ReportView): string {
  if (report.steps.length === 0)
    return `Everything is as configured: ${count} ${count === 1 ? 'unit' : 'units'}. Nothing ${report.dryRun ? 'is to be' : 'was'} changed.\n`;
  const groups = [
    ...group('written', report),
    ...group('removed', report),
    ...group('stopped', report),
    ...group('started', report),
  ];
  return `${groups.join('')}${groups.length > 0 ? '\n' : ''}${renderReport(report, out)}`;
}

/** Links are how a timer is enabled, and go without saying. */
function group(key: string, { steps }: Report): string[] {
  const all = steps.flatMap(({ result }) => (Array.isArray(result?.[key]) ? result[key].map(String) : []));
  const names = all.filter((name) => !name.includes('.wants/'));
  if (names.length === 0) return [];
  const shown = names.length > MOST ? names.slice(0, MOST - 1) : names;
  const more = names.length - shown.length;
  return [
    `${key}:\n`,
    ...shown.map((name) => `  ${name}\n`),
    ...(more > 0 ? [`  and ${more} more (--json lists all)\n`] : []),
  ];
}
