// The screen of `holdfast status`: what should alarm first, then a line for each service with what falls short below it, then
// one that sums up. It decides nothing.

import { describeDuration, duration } from '../domain/duration.ts';
import { elapsed, type Instant, parseInstant } from '../domain/instant.ts';
import type { Count, ProtectionVerdict } from '../domain/protection.ts';
import type { JobStatus, ServiceStatus, StatusReport } from '../engine/status/status.ts';
import type { Output } from './context.ts';
import { problemLines } from './render-problems.ts';
import { paint, type Tone } from './style.ts';
import { type Column, printable, renderTable } from './table.ts';
import { wrapText } from './wrap.ts';

export type View = Pick<Output, 'columns' | 'colors'> & Partial<Pick<Output, 'isTerminal'>>;

/** Lines are not made longer than reads well. */
export const WIDEST = 120;

export const VERDICTS: Readonly<Record<ProtectionVerdict, { mark: string; tone: Tone; words: string }>> = {
  unprotected: { mark: '✗', tone: 'bad', words: 'unprotected' },
  'at-risk': { mark: '!', tone: 'warn', words: 'at risk' },
  protected: { mark: '✓', tone: 'good', words: 'protected' },
  'not-owed': { mark: '-', tone: 'dim', words: 'owed nothing' },
};

export function renderStatus(report: StatusReport, view: View): string {
  const columns = Math.min(view.columns, WIDEST);
  return [
    ...problemLines(report.problems, view, columns),
    ...tableLines(report, view, columns),
    ...commonLines(report, columns),
    '',
    summary(report, view),
    '',
  ].join('\n');
}

const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'SERVICE', names: true },
  { title: '3-2-1' },
  { title: 'NEWEST', align: 'right' },
  { title: 'RPO', align: 'right' },
  { title: 'DRILLED', align: 'right' },
  { title: 'BACK IN', align: 'right' },
  { title: 'RTO', align: 'right' },
];

function tableLines(report: StatusReport, view: View, columns: number): string[] {
  if (report.services.length === 0) return [];
  const common = new Set(commonReasons(report).keys());
  const now = parseInstant(report.at);
  const rows = report.services.map((service) => cells(service, now, view));
  const aligned = renderTable(
    COLUMNS,
    // A service without copies says so in its own words, which must not widen a column.
    rows.map((row) => row.slice(0, row.length === WITHOUT ? 2 : COLUMNS.length)),
    view.isTerminal ? columns : undefined,
  ).split('\n');
  return [
    paint(view, 'dim', aligned[0] ?? ''),
    ...report.services.flatMap((service, index) => {
      const line = aligned[index + 1] ?? '';
      const row = rows[index] ?? [];
      return [row.length === WITHOUT ? `${line}  ${row[2] ?? ''}` : line, ...belowLines(service, common, columns, view)];
    }),
  ];
}

/** Cells of a service that has no jobs. */
const WITHOUT = 3;

function cells(service: ServiceStatus, now: Instant | null, view: View): string[] {
  const { mark, tone } = VERDICTS[service.verdict];
  const head = [paint(view, tone, mark), paint(view, 'strong', printable(service.service))];
  if (service.jobs.length === 0) return [...head, paint(view, 'dim', noJobs(service))];
  return [
    ...head,
    marks(service, view),
    newest(service, view),
    paint(view, 'dim', span(service.rpoSeconds)),
    drilled(service, now, view),
    backIn(service, view),
    paint(view, 'dim', span(service.rtoSeconds)),
  ];
}

const noJobs = ({ verdict }: ServiceStatus): string => (verdict === 'not-owed' ? 'owed nothing, by its class' : 'no job');

/** Copies, media, offsite. */
const marks = ({ copies, media, offsite }: ServiceStatus, view: View): string =>
  [copies, media, offsite].map((count) => (isMet(count) ? paint(view, 'good', '✓') : paint(view, 'bad', '✗'))).join(' ');

const isMet = ({ have, owed }: Count): boolean => have >= owed;

/** The age of the newest copy anywhere. */
function newest({ jobs, rpoSeconds }: ServiceStatus, view: View): string {
  const ages = jobs.flatMap(({ newest: copy, standing }) =>
    typeof copy?.ageSeconds !== 'number' || UNSURE.has(standing) ? [] : [copy.ageSeconds],
  );
  if (ages.length === 0) return paint(view, 'bad', noCopy(jobs));
  const seconds = Math.min(...ages);
  return paint(view, rpoSeconds !== null && seconds > rpoSeconds ? 'bad' : 'plain', age(seconds));
}

const noCopy = (jobs: readonly JobStatus[]): string =>
  (['damaged', 'future', 'unanswered'] as const).find((each) => jobs.some(({ standing }) => standing === each)) ?? 'none';

/** How old it is says nothing of these. */
const UNSURE: ReadonlySet<JobStatus['standing']> = new Set(['damaged', 'unanswered']);

function drilled({ drilledAt, jobs }: ServiceStatus, now: Instant | null, view: View): string {
  if (jobs.some(({ failedDrill }) => failedDrill !== null)) return paint(view, 'bad', 'failed');
  const at = drilledAt === null ? null : parseInstant(drilledAt);
  if (at !== null && now !== null) return `${age(elapsed(at, now) / 1000)} ago`;
  return paint(view, 'warn', jobs.some(({ drill }) => drill !== null) ? 'void' : 'never');
}

/** `~` where it is extrapolated. */
function backIn({ recovery, rtoSeconds }: ServiceStatus, view: View): string {
  if (recovery === null) return paint(view, 'dim', '-');
  const tone = rtoSeconds !== null && recovery.seconds > rtoSeconds ? 'bad' : 'plain';
  return paint(view, tone, `${recovery.extrapolated ? '~' : ''}${describeDuration(duration(recovery.seconds, 's'))}`);
}

const span = (seconds: number | null): string => (seconds === null ? '-' : describeDuration(duration(seconds, 's')));

/** Nobody needs the seconds of a copy's age. */
export const age = (seconds: number): string => (seconds < 60 ? '<1m' : describeDuration(duration(seconds, 's')));

const INDENT = '   ';

/** What falls short, and why a last run did not do what it should, as it said itself; `common` reasons are told once below. */
function belowLines(service: ServiceStatus, common: ReadonlySet<string>, columns: number, view: View): string[] {
  const { tone } = VERDICTS[service.verdict];
  const why = service.jobs.flatMap(whyOf).filter(({ cause }) => !common.has(cause));
  const told = new Set(why.map(({ issue }) => issue));
  const short = shortfalls(service).filter((sentence) => !told.has(sentence));
  return [
    ...(short.length === 0 ? [] : wrapText(short.map(printable).join('; '), columns, INDENT)).map((line) =>
      paint(view, tone, line),
    ),
    ...why.flatMap(({ issue, reason }) =>
      wrapText(`${printable(issue)}: ${printable(reason)}`, columns, INDENT, `${INDENT}  `).map((line) =>
        paint(view, 'dim', line),
      ),
    ),
  ];
}

/** That there is no copy in any repository is said by the counts. */
const shortfalls = ({ missing, jobs }: ServiceStatus): string[] => {
  const none = jobs.every(({ standing }) => standing === 'none');
  const issues = new Set(none ? jobs.flatMap((job) => job.issues) : []);
  return missing.filter((sentence) => !issues.has(sentence) || !sentence.startsWith('no complete copy'));
};

interface Why {
  readonly issue: string;
  readonly reason: string;
  /** The same for every service that the same thing happened to. */
  readonly cause: string;
}

function whyOf({ lastRun: run, repository, issues }: JobStatus): Why[] {
  if (run === null || run.reason === null || run.outcome === 'succeeded' || run.outcome === 'skipped') return [];
  const cause = `last run to ${repository}: ${run.outcome}: ${run.reason}`;
  const issue = issues.find((each) => each.startsWith('last run to ')) ?? `last run to ${repository}: ${run.outcome}`;
  return [{ issue, reason: run.reason, cause }];
}

/** Causes that more than one service suffers from, with those services: a dead NAS is told once. */
function commonReasons({ services }: StatusReport): ReadonlyMap<string, readonly string[]> {
  const all = services.flatMap(({ service, jobs }) => jobs.flatMap(whyOf).map(({ cause }) => ({ cause, service })));
  const groups = [...Map.groupBy(all, ({ cause }) => cause)].filter(([, group]) => group.length > 1);
  return new Map(groups.map(([cause, group]) => [cause, group.map(({ service }) => service)]));
}

/** One line for all services of which the same is to be said: nobody reads it twenty times. */
function commonLines(report: StatusReport, columns: number): string[] {
  const lacking = report.services.filter(({ unproven }) => unproven.length > 0);
  const unproven = [...Map.groupBy(lacking, (each) => each.unproven.join(', '))].map(
    ([what, group]) => [what, group.map(({ service }) => service)] as const,
  );
  const lines = [...commonReasons(report), ...unproven].flatMap(([what, names]) =>
    wrapText(`${printable(what)}: ${namesOf(names, report)}`, columns, '', '  '),
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

function namesOf(names: readonly string[], { services }: StatusReport): string {
  const owed = services.filter(({ verdict }) => verdict !== 'not-owed').length;
  if (names.length < owed || owed < 2) return names.map(printable).join(', ');
  return owed === 2 ? 'both services' : `all ${owed} services`;
}

function summary({ counts, services, host }: StatusReport, view: View): string {
  // the record's keys
  const parts = (Object.keys(VERDICTS) as ProtectionVerdict[])
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => paint(view, VERDICTS[verdict].tone, `${counts[verdict]} ${VERDICTS[verdict].words}`));
  const many = services.length === 1 ? '1 service' : `${services.length} services`;
  return `${many} on ${printable(host)}: ${parts.join(', ') || 'none is configured'}`;
}
