// Past runs as a table: one line each, with enough of the id to ask for the whole.

import { describeDuration } from '../domain/duration.ts';
import { elapsed, parseInstant } from '../domain/instant.ts';
import type { Report } from '../domain/report.ts';
import type { Output } from './context.ts';
import { localMinute } from './local-time.ts';
import { countWords, outcomeWords } from './outcome-words.ts';
import { MARKS, paint } from './style.ts';
import { renderTable } from './table.ts';

/** Ten characters are the millisecond in which it began; two more tell apart what began together. */
const SHORT_ID = 12;

export function renderHistory(runs: readonly Report[], out: Pick<Output, 'colors'>): string {
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
  return renderTable(
    [
      { title: '' },
      { title: 'RUN' },
      { title: 'STARTED' },
      { title: 'WHAT' },
      { title: 'TOOK', align: 'right' },
      { title: 'OUTCOME' },
    ],
    rows,
  );
}
