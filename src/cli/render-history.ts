// Past runs as a table: one line each, with enough of the id to ask for the whole.

import { describeDuration } from '../domain/duration.ts';
import { elapsed, parseInstant } from '../domain/instant.ts';
import type { Report } from '../domain/report.ts';
import { localMinute } from '../domain/local-time.ts';
import { countWords, outcomeWords } from './outcome-words.ts';
import { columnsOf, type ReportView } from './render-report.ts';
import { MARKS, paint } from './style.ts';
import { type Column, renderTable, widthOf } from './table.ts';
import { wrapText } from './wrap.ts';

/** Ten characters are the millisecond in which it began; two more tell apart what began together. */
const SHORT_ID = 12;

export function renderHistory(runs: readonly Report[], out: ReportView): string {
  const short = runs.map(({ id }) => id.slice(0, SHORT_ID));
  const rows = runs.map((run, index) => {
    const { mark, tone } = MARKS[run.outcome];
    const id = short.filter((each) => each === short[index]).length > 1 ? run.id : (short[index] ?? run.id);
    const [startedAt, endedAt] = [parseInstant(run.startedAt), run.endedAt === null ? null : parseInstant(run.endedAt)];
    return [
      paint(out, tone, mark),
      id,
      startedAt === null ? '' : localMinute(startedAt),
      run.kind,
      startedAt === null || endedAt === null ? '' : describeDuration(elapsed(startedAt, endedAt)),
      `${paint(out, tone, outcomeWords(run))}: ${countWords(run.steps)}`,
    ];
  });
  const before = Math.max(...renderTable(COLUMNS.slice(0, -1), rows).split('\n').map(widthOf)) + 2;
  const room = Math.max(NARROWEST, columnsOf(out) - before);
  return renderTable(
    COLUMNS,
    rows.flatMap((row) => {
      const [first = '', ...more] = wrapText(row.at(-1) ?? '', room, '');
      return [[...row.slice(0, -1), first], ...more.map((line) => [...row.slice(0, -1).map(() => ''), line])];
    }),
  );
}

const NARROWEST = 20;
const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'RUN' },
  { title: 'STARTED' },
  { title: 'WHAT' },
  { title: 'TOOK', align: 'right' },
  { title: 'OUTCOME' },
];
