// A recovery for people. Done: the ordinary report, and where each service came from. Dry: a rehearsal on paper, which says for
// each service what would come from where, how old it is and how large.

import { shownId } from '../domain/naming.ts';
import { type Bytes, describeBytes } from '../domain/bytes.ts';
import { describeDuration, duration } from '../domain/duration.ts';
import { elapsed, type Instant, parseInstant } from '../domain/instant.ts';
import type { Report, StepReport } from '../domain/report.ts';
import { type JsonObject, textAt } from '../lib/json.ts';
import { plural } from './plural.ts';
import { columnsOf, renderReport, type ReportView } from './render-report.ts';
import { paint, type Tone } from './style.ts';
import { printable, renderTable } from './table.ts';
import { wrapText } from './wrap.ts';

export const renderRecovery = (report: Report, now: Instant, out: ReportView): string =>
  report.dryRun
    ? rehearsal(report, now, out)
    : renderReport(report, out) + report.steps.flatMap((step) => comeBack(step, out)).join('');

const WORDS: Readonly<Record<string, readonly [string, Tone]>> = {
  restore: ['comes back', 'good'],
  skip: ['stays', 'dim'],
  'start-empty': ['may start empty', 'warn'],
  fail: ['cannot come back', 'bad'],
  block: ['is not touched', 'bad'],
};

function rehearsal(report: Report, now: Instant, out: ReportView): string {
  const foreseen = report.steps.flatMap(({ result }) => (result ? [result] : []));
  const lost = foreseen.filter(({ action }) => action !== 'skip');
  const table = renderTable(
    [
      { title: 'SERVICE', names: true },
      { title: '' },
      { title: 'FROM', names: true },
      { title: 'COPY' },
      { title: 'AGE', align: 'right' },
      { title: 'FILES', align: 'right' },
      { title: 'SIZE', align: 'right' },
      { title: 'TAKES', align: 'right' },
    ],
    foreseen.map((each) => rowOf(each, now, out)),
    columnsOf(out),
  );
  const reasons = foreseen.filter(({ action }) => action !== 'restore').flatMap((each) => whyNot(each, out));
  const returning = lost.filter(({ action }) => action === 'restore');
  const sizes = returning.flatMap(({ bytes }) => (typeof bytes === 'number' ? bytes : []));
  const back = returning.length;
  const rest = lost.length - back;
  const said = [
    `${plural(back, 'service')} would come back${sizes.length === 0 ? '' : ` (${describeBytes(sum(sizes))})`}`,
    ...(rest > 0 ? [`${rest} would not`] : []),
    `${foreseen.length - lost.length} would stay as they are`,
  ].join(', ');
  const verdict = wrapText(`Dry run: ${said}; nothing was changed.`, columnsOf(out), '', '  ');
  const [takes = [], loss = []] = [timeOf(returning), lossIn(returning)].map((text) =>
    text === '' ? [] : wrapText(text, columnsOf(out), '', '  '),
  );
  return [table, ...(reasons.length > 0 ? [...reasons, ''] : []), ...loss, ...takes, ...verdict, ''].join('\n');
}

/** And what to do about it, where that is known. */
function whyNot(each: JsonObject, out: ReportView): string[] {
  const hint = printable(textAt(each, 'hint'));
  return [
    ...wrapText(printable(textAt(each, 'reason')), columnsOf(out), `${printable(textAt(each, 'service'))}: `, '  '),
    ...(hint === '' ? [] : wrapText(hint, columnsOf(out), '  hint: ', '    ')),
  ];
}

/** A server comes back as new as its archive is, whatever the age of its backup. */
function lossIn(back: readonly JsonObject[]): string {
  const servers = back
    .filter((each) => textAt(each, 'snapshotTime') === '')
    .map((each) => {
      const until = textAt(each, 'until');
      return `Of ${printable(textAt(each, 'service'))} everything comes back that its archive holds${until === '' ? '' : `: until ${until}, what was written after that is lost`}.`;
    });
  return [...(back.length > servers.length ? ['What was written since (AGE) is lost.'] : []), ...servers].join(' ');
}

/** One after the other. Empty where nothing comes back. */
function timeOf(back: readonly JsonObject[]): string {
  if (back.length === 0) return '';
  const known = back.flatMap((each) => takesOf(each) ?? []);
  const unknown = back.filter((each) => takesOf(each) === null).map((each) => printable(textAt(each, 'service')));
  const drilled = unknown.length === 0 ? '' : ` of ${unknown.join(', ')}: never drilled from there`;
  if (known.length === 0) return `How long it takes is not known${drilled}.`;
  const total = known.reduce((sum, { seconds }) => sum + seconds, 0);
  const about = known.some(({ extrapolated }) => extrapolated) ? 'at most about ' : '';
  return `By the last drills it takes ${about}${describeDuration(duration(total, 's'))}${unknown.length === 0 ? '' : `, and nobody knows how long${drilled}`}.`;
}

interface Takes {
  readonly seconds: number;
  readonly extrapolated: boolean;
}
const takesOf = ({ takes }: JsonObject): Takes | null => (takes ?? null) as Takes | null; // as the plan wrote it

function rowOf(result: JsonObject, now: Instant, out: ReportView): string[] {
  const [word, tone] = WORDS[textAt(result, 'action')] ?? ['', 'dim'];
  const time = parseInstant(textAt(result, 'snapshotTime') || textAt(result, 'until'));
  const { files, bytes } = result;
  const takes = takesOf(result);
  return [
    printable(textAt(result, 'service')),
    paint(out, tone, word),
    printable(textAt(result, 'repository') || textAt(result, 'from')),
    shownId(textAt(result, 'snapshotId')) || printable(nameOf(textAt(result, 'snapshot'))),
    time === null ? '' : describeDuration(elapsed(time, time > now ? time : now)),
    typeof files === 'number' ? files.toLocaleString('en') : '',
    typeof bytes === 'number' ? describeBytes(bytes as Bytes) : '', // as the plan wrote it
    takes === null ? '' : `${takes.extrapolated ? '~' : ''}${describeDuration(duration(takes.seconds, 's'))}`,
  ];
}

/** Of a snapshot of a dataset, without that. */
const nameOf = (snapshot: string): string => snapshot.slice(snapshot.indexOf('@') + 1);

const sum = (bytes: readonly number[]): Bytes => bytes.reduce((total, each) => total + each, 0) as Bytes; // of bytes

function comeBack({ result, outcome }: StepReport, out: ReportView): string[] {
  if (typeof result?.['backup'] === 'string' && ['succeeded', 'partial'].includes(outcome)) return server(result, out);
  if (typeof result?.['files'] !== 'number' || !['succeeded', 'partial'].includes(outcome)) return [];
  const service = printable(textAt(result, 'service'));
  const size = describeBytes(Number(result['bytes']) as Bytes); // as the step wrote it
  const what = `${plural(result['files'], 'file')}, ${size}, as of ${textAt(result, 'snapshotTime')}, from ${printable(textAt(result, 'repository') || textAt(result, 'snapshot'))}; verified: ${textAt(result, 'verified')}`;
  return wrapText(what, columnsOf(out), `${service}: `, '  ').map((line) => `${line}\n`);
}

/** To the end of the log that was there: told by the last transaction, where one was replayed beforehand. */
function server(result: JsonObject, out: ReportView): string[] {
  const [last, until] = [textAt(result, 'lastTransaction'), textAt(result, 'until')];
  const moment = [
    ...(until === '' ? [] : [`back to ${until}, where its archive ends`]),
    ...(last === '' ? [] : [`the last transaction that was replayed was committed ${last}`]),
  ];
  const what = [...moment, `from ${textAt(result, 'backup')} in ${printable(textAt(result, 'repository'))}`].join('; ');
  const next = printable(textAt(result, 'next'));
  return [
    ...wrapText(what, columnsOf(out), `${printable(textAt(result, 'service'))}: `, '  '),
    ...(next === '' ? [] : wrapText(next, columnsOf(out), '  next: ', '    ')),
  ].map((line) => `${line}\n`);
}
