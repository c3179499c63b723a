// The screen of `holdfast status`: what should alarm first, then a line for each copy, then one that sums up. It decides
// nothing.

import { describeDuration, type Duration, duration } from '../domain/duration.ts';
import { elapsed, type Instant, parseInstant } from '../domain/instant.ts';
import type { ProtectionVerdict } from '../domain/protection.ts';
import type { JobStatus, ServiceStatus, StatusProblem, StatusReport } from '../engine/status/status.ts';
import type { Output } from './context.ts';
import { MARKS, paint, type Tone } from './style.ts';
import { printable, renderTable } from './table.ts';
import { wrapText } from './wrap.ts';

type View = Pick<Output, 'columns' | 'colors'> & Partial<Pick<Output, 'isTerminal'>>;

/** Lines are not made longer than reads well. */
const WIDEST = 120;

const VERDICTS: Readonly<Record<ProtectionVerdict, { mark: string; tone: Tone; words: string }>> = {
  unprotected: { mark: '✗', tone: 'bad', words: 'unprotected' },
  'at-risk': { mark: '!', tone: 'warn', words: 'at risk' },
  unproven: { mark: '~', tone: 'plain', words: 'copied but unproven' },
  protected: { mark: '✓', tone: 'good', words: 'protected' },
  'not-owed': { mark: '-', tone: 'dim', words: 'owed nothing' },
};

export function renderStatus(report: StatusReport, view: View): string {
  const columns = Math.min(view.columns, WIDEST);
  return [
    ...problemLines(report, view, columns),
    ...tableLines(report, view, columns),
    ...proofLines(report, columns),
    '',
    summary(report, view),
    '',
  ].join('\n');
}

/** The same message about many is one line: the first screen should hold all that is wrong. */
function problemLines({ problems }: StatusReport, view: View, columns: number): string[] {
  const alike = Map.groupBy(problems, ({ severity, message }) => `${severity} ${message}`);
  const lines = [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const [mark, tone] = first.severity === 'problem' ? (['✗', 'bad'] as const) : (['!', 'warn'] as const);
    const subjects = group.map(({ subject }) => printable(subject)).join(', ');
    const many = group.length > 1 ? ` (${group.length})` : '';
    const [head = '', ...rest] = wrapText(`${first.message}${many}: ${subjects}`, columns, '  ');
    const hint = group.length > 1 ? commonHint(group) : first.hint;
    return [
      `${paint(view, tone, mark)} ${head.slice(2)}`,
      ...rest,
      ...(hint === null ? [] : wrapText(hint, columns, '    ').map((line) => paint(view, 'dim', line))),
    ];
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

/** What many hints share: the same text, or the same command with different names. */
function commonHint(group: readonly StatusProblem[]): string | null {
  const hints = new Set(group.map(({ hint }) => hint));
  const [hint = null] = hints;
  if (hints.size === 1) return hint;
  const command = /^holdfast \w+(?= )/.exec(hint ?? '')?.[0];
  return command && [...hints].every((each) => each?.startsWith(`${command} `))
    ? `${command} NAME, or ${command} for all`
    : hint;
}

function tableLines(report: StatusReport, view: View, columns: number): string[] {
  const now = parseInstant(report.at);
  const titles = ['', 'SERVICE', 'REPOSITORY', 'NEWEST', 'RPO', 'LAST RUN'];
  const rows: string[][] = [];
  /** Lines of text that belong under the row of that number. */
  const below = new Map<number, string[]>();
  for (const service of report.services) {
    const { mark, tone } = VERDICTS[service.verdict];
    const head = [paint(view, tone, mark), paint(view, 'strong', printable(service.service))];
    if (service.jobs.length === 0) rows.push([...head, paint(view, 'dim', noJobs(service))]);
    for (const [index, job] of service.jobs.entries()) {
      rows.push([...(index === 0 ? head : ['', '']), ...jobCells(job, now, view)]);
      below.set(rows.length, whyLines(job, columns, view));
    }
    if (service.jobs.length === 0) continue;
    const missing = wrapText(shortfalls(service).join(', '), columns, INDENT).map((line) => paint(view, tone, line));
    if (shortfalls(service).length > 0) below.set(rows.length, [...(below.get(rows.length) ?? []), ...missing]);
  }
  const aligned = renderTable(
    titles.map((title, index) => ({
      title,
      align: index === 3 || index === 4 ? 'right' : 'left',
      names: index === 1 || index === 2,
    })),
    // A row without a repository says so in its own words, which must not widen the column.
    rows.map((row) => (row.length === 3 ? row.slice(0, 2) : row)),
    view.isTerminal ? columns : undefined,
  ).split('\n');
  return rows.length === 0
    ? []
    : [
        paint(view, 'dim', aligned[0] ?? ''),
        ...rows.flatMap((row, index) => {
          const line = aligned[index + 1] ?? '';
          return [row.length === 3 ? `${line}  ${row[2] ?? ''}` : line, ...(below.get(index + 1) ?? [])];
        }),
      ];
}

const INDENT = '   ';

/** What the rows of the table do not show already. */
const shortfalls = ({ missing, jobs }: ServiceStatus): string[] =>
  missing.filter((sentence) => !jobs.some((job) => job.issues.includes(sentence)));

/** Why the last run did not do what it should, as it said itself. */
function whyLines({ lastRun: run }: JobStatus, columns: number, view: View): string[] {
  if (run === null || run.reason === null || run.outcome === 'succeeded' || run.outcome === 'skipped') return [];
  return wrapText(printable(run.reason), columns, `${INDENT}${run.outcome}: `, `${INDENT}  `).map((line) =>
    paint(view, 'dim', line),
  );
}

const noJobs = ({ verdict }: ServiceStatus): string => (verdict === 'not-owed' ? 'owed nothing, by its class' : 'no job');

const STANDING_TONES = { fresh: 'plain', stale: 'bad', none: 'bad', future: 'warn' } as const;

function jobCells(job: JobStatus, now: Instant | null, view: View): string[] {
  const tone = STANDING_TONES[job.standing];
  const newest =
    job.newest === null ? 'none' : job.newest.ageSeconds === null ? 'future' : age(duration(job.newest.ageSeconds, 's'));
  const rpo = job.rpoSeconds === null ? '-' : describeDuration(duration(job.rpoSeconds, 's'));
  return [printable(job.repository), paint(view, tone, newest), paint(view, 'dim', rpo), lastRun(job, now, view)];
}

/** Nobody needs the seconds of a backup's age. */
const age = (span: Duration): string => (span < duration(1, 'm') ? '<1m' : describeDuration(span));

function lastRun({ lastRun: run, newest }: JobStatus, now: Instant | null, view: View): string {
  if (run === null) return newest ? paint(view, 'dim', 'not on record') : paint(view, 'bad', 'never');
  const at = parseInstant(run.at);
  const ago = at === null || now === null || at > now ? 'in the future' : `${age(elapsed(at, now))} ago`;
  const { mark, tone } = MARKS[run.outcome];
  return run.outcome === 'succeeded'
    ? `${paint(view, tone, mark)} ${ago}`
    : `${paint(view, tone, `${mark} ${run.outcome}`)} ${ago}`;
}

/** One line for all services that lack the same proofs: nobody reads it twenty times. */
function proofLines({ services }: StatusReport, columns: number): string[] {
  const lacking = services.filter(({ unproven }) => unproven.length > 0);
  const owed = services.filter(({ verdict }) => verdict !== 'not-owed').length;
  const lines = [...Map.groupBy(lacking, ({ unproven }) => unproven.join(', '))].flatMap(([what, group]) => {
    const all = group.length === owed && owed > 1;
    return wrapText(
      `${what}: ${all ? (owed === 2 ? 'both services' : `all ${owed} services`) : group.map((each) => printable(each.service)).join(', ')}`,
      columns,
      '',
      '  ',
    );
  });
  return lines.length === 0 ? [] : ['', ...lines];
}

function summary({ counts, services, host }: StatusReport, view: View): string {
  // the record's keys
  const parts = (Object.keys(VERDICTS) as ProtectionVerdict[])
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => paint(view, VERDICTS[verdict].tone, `${counts[verdict]} ${VERDICTS[verdict].words}`));
  const many = services.length === 1 ? '1 service' : `${services.length} services`;
  return `${many} on ${printable(host)}: ${parts.join(', ') || 'none is configured'}`;
}
