// The story of one service, `holdfast status SERVICE`: what it is owed and what falls short, then each copy: where, how old,
// how proven; then how to get it back. It decides nothing.

import { shownId } from '../domain/naming.ts';
import { type Bytes, describeBytes } from '../domain/bytes.ts';
import { describeDuration, duration } from '../domain/duration.ts';
import { elapsed, type Instant, parseInstant } from '../domain/instant.ts';
import type { Count } from '../domain/protection.ts';
import type { JobStatus, ServiceStatus, StatusReport } from '../engine/status/status.ts';
import { problemLines } from './render-problems.ts';
import { age, VERDICTS, type View, WIDEST } from './render-status.ts';
import { shellWord } from '../lib/shell-word.ts';
import { paint, type Tone } from './style.ts';
import { printable } from './table.ts';
import { wrapText } from './wrap.ts';

/** `typed` makes a command what has to be typed here: with the configuration that was given. */
export function renderService(
  report: StatusReport,
  service: ServiceStatus,
  view: View,
  typed: (command: string) => string,
): string {
  const columns = Math.min(view.columns, WIDEST);
  const now = parseInstant(report.at);
  const { mark, tone, words } = VERDICTS[service.verdict];
  const title = `${paint(view, tone, mark)} ${paint(view, 'strong', printable(service.service))}: ${paint(view, tone, words)}`;
  const short = [...service.missing, ...service.unproven].flatMap((sentence) =>
    wrapText(printable(sentence), columns, '  - ', '    ').map((line) => paint(view, tone, line)),
  );
  return [
    ...problemLines(report.problems, view, columns),
    `${title} ${paint(view, 'dim', `(class ${printable(service.class)}, on ${printable(report.host)})`)}`,
    ...short,
    '',
    ...fact('3-2-1', counts(service), columns),
    ...fact('live', service.paths.map(printable).join(', ') || 'no paths of its own', columns),
    ...service.jobs.flatMap((job) => jobLines(job, now, view, columns)),
    ...recoveryLines(service, columns),
    ...commandLines(service, view, typed),
    '',
  ].join('\n');
}

/** Columns of what stands before the text of a line. */
const LABEL = 12;

const fact = (label: string, text: string, columns: number): string[] =>
  wrapText(text, columns, `${label.padEnd(LABEL - 2)}  `, ' '.repeat(LABEL));

const counts = ({ copies, media, offsite }: ServiceStatus): string =>
  [tell(copies, 'copies, the live data counted'), tell(media, 'media'), tell(offsite, 'offsite')].join('; ');

const tell = ({ have, owed }: Count, what: string): string => `${have} ${what} (owed ${owed})`;

function jobLines(job: JobStatus, now: Instant | null, view: View, columns: number): string[] {
  const { tone, words } = STANDINGS[job.standing];
  const text = (line: string, of: Tone = 'plain'): string[] =>
    wrapText(printable(line), columns, ' '.repeat(LABEL)).map((each) => paint(view, of, each));
  const ago = (at: string): string => {
    const then = parseInstant(at);
    return then === null || now === null || then > now ? 'in the future' : `${age(elapsed(then, now) / 1000)} ago`;
  };
  const head = `${printable(job.repository)}: ${words} (${job.location}, ${printable(job.medium)})`;
  return [
    '',
    `${paint(view, tone, '•')} ${paint(view, 'strong', head)}`,
    ...text(copyOf(job, ago)),
    ...(job.damage === null ? [] : text(damageOf(job.damage, ago), 'bad')),
    ...text(verifiedOf(job, ago), job.verifiedAt === null ? 'warn' : 'plain'),
    ...text(drilledOf(job, ago), job.drill === null ? 'warn' : 'plain'),
    ...(job.failedDrill === null
      ? []
      : text(`a drill did not succeed ${ago(job.failedDrill.at)}: ${job.failedDrill.reason ?? ''}`, 'bad')),
    ...text(lastRunOf(job, ago), job.failing ? 'bad' : 'plain'),
  ];
}

const STANDINGS: Readonly<Record<JobStatus['standing'], { tone: Tone; words: string }>> = {
  fresh: { tone: 'good', words: 'a copy in time' },
  stale: { tone: 'bad', words: 'a copy that is too old' },
  none: { tone: 'bad', words: 'no complete copy' },
  future: { tone: 'warn', words: 'a copy dated in the future' },
  damaged: { tone: 'bad', words: 'a damaged copy' },
  unanswered: { tone: 'bad', words: 'a copy on record, and no answer' },
};

type Ago = (at: string) => string;

function copyOf({ newest, rpoSeconds }: JobStatus, ago: Ago): string {
  if (newest === null) return 'nothing that is known to be complete';
  const files =
    newest.files === null ? '' : `, ${newest.files.toLocaleString('en')} ${newest.files === 1 ? 'file' : 'files'}`;
  const bytes = newest.bytes === null ? '' : `, ${describeBytes(newest.bytes as Bytes)}`; // as the backup told it
  const owed = rpoSeconds === null ? '' : ` (owed within ${describeDuration(duration(rpoSeconds, 's'))})`;
  const how = newest.how === 'copy' ? ', copied from another repository' : '';
  return `snapshot ${shownId(newest.snapshotId)} of ${ago(newest.at)}${owed}${files}${bytes}${how}`;
}

function damageOf({ since, newest, snapshots, paths }: NonNullable<JobStatus['damage']>, ago: Ago): string {
  const what = newest ? 'the newest copy cannot be read whole' : 'older copies cannot be read whole';
  const which = paths.length === 0 ? 'perhaps all of it' : `for instance ${paths.slice(0, 3).join(', ')}`;
  return `DAMAGED, found ${ago(since)}: ${what}: ${snapshots} ${snapshots === 1 ? 'snapshot' : 'snapshots'}, ${which}`;
}

const verifiedOf = ({ verifiedAt, dataReadSince, drill }: JobStatus, ago: Ago): string => {
  if (verifiedAt !== null && verifiedAt === drill?.at) return `verified ${ago(verifiedAt)}, by a drill that read all of it`;
  const data =
    dataReadSince === null
      ? 'not all of its data was ever read'
      : `all data of ${ago(dataReadSince)} and before has been read since`;
  return verifiedAt === null ? `never verified; ${data}` : `verified ${ago(verifiedAt)}; ${data}`;
};

function drilledOf({ drill }: JobStatus, ago: Ago): string {
  if (drill === null) return 'never drilled';
  const { files, bytes, seconds, compared, validators } = drill;
  const took = seconds === null ? '' : ` in ${describeDuration(duration(seconds, 's'))}`;
  const what = `${drill.extent === 'sample' ? 'a sample of ' : ''}${files.toLocaleString('en')} files, ${describeBytes(bytes as Bytes)}${took}`;
  const proofs = [
    ...(compared === null ? [] : [`${compared.files.toLocaleString('en')} compared with ${compared.with}`]),
    ...validators.map(({ type, subject, ok }) => `${type} ${subject}${ok === true ? '' : ' not run'}`),
  ];
  return `drilled ${ago(drill.at)} (${shownId(drill.snapshotId)}): ${[what, ...proofs].join('; ')}`;
}

function lastRunOf({ lastRun }: JobStatus, ago: Ago): string {
  if (lastRun === null) return 'no run is on record';
  const { outcome, at, reason } = lastRun;
  return `last run ${outcome} ${ago(at)}${reason === null ? '' : `: ${reason}`}`;
}

function recoveryLines({ recovery, rtoSeconds }: ServiceStatus, columns: number): string[] {
  const owed = rtoSeconds === null ? '' : ` (owed within ${describeDuration(duration(rtoSeconds, 's'))})`;
  if (recovery === null) return ['', ...fact('back in', `nobody measured it yet${owed}`, columns)];
  const time = describeDuration(duration(recovery.seconds, 's'));
  const how = recovery.extrapolated ? `about ${time}, extrapolated from a sample,` : `${time}, measured`;
  return ['', ...fact('back in', `${how} from ${printable(recovery.repository)}${owed}`, columns)];
}

/** What to type, from a repository whose copy is the best one there is. */
function commandLines({ service, jobs }: ServiceStatus, view: View, typed: (command: string) => string): string[] {
  const best = ORDER.flatMap((standing) => jobs.filter((job) => job.standing === standing))[0];
  if (best === undefined) return [];
  const restore = `holdfast restore ${shellWord(service)} --repository ${shellWord(best.repository)}`;
  return [
    '',
    paint(view, 'dim', 'To look at it in a new directory, or to put it in place of the live data:'),
    `  ${typed(`${restore} --to DIR`)}`,
    `  ${typed(`${restore} --in-place`)}`,
  ];
}

const ORDER = ['fresh', 'stale', 'future', 'unanswered', 'damaged'] as const;
