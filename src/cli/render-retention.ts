// Retention decisions as text for a person: one table for each job, what stays and what goes and why, then what stopped it.
// It decides nothing and removes nothing.

import { describeBytes, type Bytes } from '../domain/bytes.ts';
import { describeDuration } from '../domain/duration.ts';
import { elapsed, formatInstant, type Instant } from '../domain/instant.ts';
import type { RetentionDecision, RetentionEntry, RetentionTally } from '../domain/retention.ts';
import type { Output } from './context.ts';
import { paint } from './style.ts';
import { printable, renderTable, widthOf, type Column } from './table.ts';

export interface RetentionView extends Pick<Output, 'columns' | 'colors'> {
  readonly now: Instant;
  /** Times in UTC instead of this machine's own zone. */
  readonly utc: boolean;
  /** What really went; everything else that does not stay only would go. */
  readonly gone: ReadonlySet<string>;
}

const COLUMNS: readonly Column[] = [
  { title: 'snapshot' },
  { title: 'made' },
  { title: 'age', align: 'right' },
  { title: 'size', align: 'right' },
  { title: '' },
  { title: 'why' },
];
/** The widths of the columns before the last one with what parts them: ids 8, dates 16, ages 7, sizes 8, verbs 7. */
const BEFORE_WHY = 8 + 16 + 7 + 8 + 7 + 5 * 2;
const NARROWEST_WHY = 20;

/** `subject` is the job: 'sonarr@nas-primary'. Ends with a line break. */
export function renderRetention(subject: string, decision: RetentionDecision, view: RetentionView): string {
  const heading = paint(view, 'strong', `${subject}: ${summaryOf(decision, view)}`);
  const remarks = [
    ...decision.warnings.map((text) => `${paint(view, 'warn', 'warning:')} ${text}`),
    ...(decision.hold === null ? [] : [`${paint(view, 'warn', 'waiting:')} ${decision.hold}`]),
    ...(decision.refusal === null
      ? []
      : [`${paint(view, 'bad', 'stopped:')} ${decision.refusal.message}`, `hint: ${decision.refusal.hint}`]),
  ].flatMap((remark) => wrap(remark, view.columns, '  '));
  const table =
    decision.entries.length === 0
      ? ''
      : renderTable(
          COLUMNS,
          decision.entries.flatMap((entry) => rowsOf(entry, view)),
        );
  return `${heading}\n${table}${remarks.map((line) => `${line}\n`).join('')}`;
}

function summaryOf({ entries, kept, removed, spared }: RetentionDecision, { gone }: RetentionView): string {
  const all = entries.length;
  if (all === 0) return 'no snapshots';
  if (spared.snapshots > 0)
    return `removes nothing, ${spared.snapshots} of ${all} snapshots that no rule keeps are held (${sizeOf(spared)})`;
  if (removed.snapshots === 0) return `keeps ${all === 1 ? 'its only snapshot' : `all ${all} snapshots`} (${sizeOf(kept)})`;
  const went = entries.filter(({ id }) => gone.has(id)).length;
  const stays = `${kept.snapshots} of ${all} snapshots (${sizeOf(kept)})`;
  const goes = `${removed.snapshots} (${sizeOf(removed)})`;
  if (went === 0) return `would keep ${stays} and remove ${goes}`;
  return `keeps ${stays}, removed ${went === removed.snapshots ? '' : `${went} of `}${goes}`;
}

/** One row, and below it the rest of the reasons where they need more lines. */
function rowsOf(entry: RetentionEntry, view: RetentionView): string[][] {
  const [verb, tone] = entry.spared
    ? (['held', 'warn'] as const)
    : entry.keep
      ? (['keep', 'good'] as const)
      : ([view.gone.has(entry.id) ? 'removed' : 'remove', 'bad'] as const);
  const reasons = entry.reasons.map(shortReason).join(', ');
  const [first = '', ...more] = wrap(reasons, Math.max(NARROWEST_WHY, view.columns - BEFORE_WHY), '');
  return [
    [
      entry.id.slice(0, 8),
      formatMade(entry.time, view.utc),
      entry.time > view.now ? 'future' : describeDuration(elapsed(entry.time, view.now)),
      entry.bytes === null ? '-' : describeBytes(entry.bytes as Bytes), // restic counts whole bytes
      paint(view, tone, verb),
      first,
    ],
    ...more.map((line) => ['', '', '', '', '', line]),
  ];
}

/** The column says what it is about: 'daily snapshot' is 'daily' there. Tags are foreign text. */
const shortReason = (reason: string): string =>
  printable(reason.replace(/^((?:oldest )?(?:last|hourly|daily|weekly|monthly|yearly)) snapshot$/, '$1'));

function formatMade(at: Instant, utc: boolean): string {
  if (utc) return formatInstant(at).slice(0, 16).replace('T', ' ');
  const date = new Date(at);
  const two = (value: number): string => value.toString().padStart(2, '0');
  const day = [date.getFullYear().toString().padStart(4, '0'), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

const sizeOf = ({ bytes }: RetentionTally): string => describeBytes(bytes as Bytes); // a sum of bytes

/** Lines of at most `columns`, broken between words only; a command in backticks stays whole, so that it can be copied. */
function wrap(text: string, columns: number, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ (?=(?:[^`]*`[^`]*`)*[^`]*$)/)) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(lines.length === 0 ? word : `${indent}${word}`);
  }
  return lines;
}
