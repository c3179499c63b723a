// A look at the archives of servers for people: the ordinary report, and from when until when each can be had back, from where.

import { describeDuration } from '../domain/duration.ts';
import { elapsed, type Instant, parseInstant } from '../domain/instant.ts';
import { jobName } from '../domain/naming.ts';
import type { Report, StepReport } from '../domain/report.ts';
import { columnsOf, renderReport, type ReportView } from './render-report.ts';
import { printable } from './table.ts';
import { wrapText } from './wrap.ts';

export function renderWatch(report: Report, out: ReportView, now: Instant): string {
  const lines = report.steps.flatMap((step) => linesOf(step, now));
  const text = lines.map((line) => `${wrapText(line, columnsOf(out), '', '  ').join('\n')}\n`).join('');
  return renderReport(report, out) + (text === '' ? '' : `\n${text}`);
}

/** What a repository is good for, as far as it answered. */
export interface RestorableWindow {
  readonly repository: string;
  /** As they stand in reports; null where nothing can be had back. */
  readonly restorableFrom: string | null;
  readonly restorableUntil: string | null;
}

export function windowWords(
  service: string,
  { repository, restorableFrom, restorableUntil }: RestorableWindow,
  now: Instant,
): string {
  const subject = printable(jobName(service, repository));
  const until = parseInstant(restorableUntil ?? '');
  if (until === null) return `${subject}: nothing in it can be restored`;
  const age = until > now ? '' : ` (${describeDuration(elapsed(until, now))} ago)`;
  return `${subject} can be restored ${restorableFrom === null ? '' : `from ${restorableFrom} `}until ${restorableUntil}${age}`;
}

function linesOf({ service, result }: StepReport, now: Instant): string[] {
  const windows = Array.isArray(result?.['repositories']) ? result['repositories'] : [];
  return windows.map((each) => windowWords(service ?? '', each as unknown as RestorableWindow, now)); // as the step wrote it
}
