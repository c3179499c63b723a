// How reports and errors read: everything once, and within the width of the terminal.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderError } from '../../src/cli/render-error.ts';
import { renderReport } from '../../src/cli/render-report.ts';
import { renderHistory } from '../../src/cli/render-history.ts';
import { widthOf } from '../../src/cli/table.ts';
import { wrapText } from '../../src/cli/wrap.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { buildReport, plannedStep, type StepReport } from '../../src/domain/report.ts';
import { errorReport, HoldfastError } from '../../src/lib/errors.ts';
import { scratchHost } from '../support/cli.ts';
import { step } from '../support/plans.ts';

const at = 1_800_000_000_000 as Instant;
const name = 'a-name-of-thirty-and-more-characters';
const ended = (id: string, parts: Partial<StepReport>): StepReport => ({
  ...plannedStep(step(id, { title: `Back up ${name}-${id} to ${name}` })),
  durationSeconds: 1,
  ...parts,
});
const report = buildReport({
  kind: 'run',
  id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  host: 'h',
  startedAt: at,
  endedAt: at,
  outcome: 'partial',
  exitCode: 1,
  warnings: [],
  steps: [
    ended('a', { outcome: 'partial', reason: 'missing: /data/somewhere', warnings: ['it is a link', 'and more'] }),
    ended('b', { outcome: 'succeeded' }),
    ended('c', { outcome: 'blocked' }),
  ],
});

test('on a terminal no line of a report or of the history is longer than it, whatever the names are', () => {
  for (const columns of [80, 100, 120]) {
    const view = { colors: true, columns, isTerminal: true };
    for (const text of [renderReport(report, view), renderHistory([report], view)])
      for (const line of text.split('\n')) assert.ok(widthOf(line) <= columns, line);
  }
});

test('without a terminal a step is one line, with its warnings apart from each other', () => {
  const [first] = renderReport(report, { colors: false }).split('\n');
  assert.match(first ?? '', /1\.0s {2}partial: missing: \/data\/somewhere \(it is a link\) \(and more\)$/);
});

test('what a tool said is quoted only where the message does not say it', () => {
  const line = `Save(<data/1>) returned error: ${'long '.repeat(30)}end`;
  const error = (message: string, ...stderrTail: readonly string[]): string =>
    renderError(
      errorReport(
        new HoldfastError({
          code: 'tool-failed',
          operation: 'back up',
          subject: 'x',
          message,
          tool: { name: 'restic', exitCode: 1, stderrTail },
        }),
      ),
    );
  assert.equal(error(line, line, `Fatal: ${line}`), `error: could not back up x: ${line}\n`);
  assert.equal(error('no', 'first', 'Fatal: first', 'no'), 'error: could not back up x: no\n  | first\n');
});

test('a command in backticks is not broken', () => {
  assert.deepEqual(wrapText('See `holdfast run a` now', 12, ''), ['See', '`holdfast run a`', 'now']);
});

test('in a mail from cron each step and each failure is told once', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('other', { passwordFile: host.write('wrong', 'wrong\n', 0o600) });
  host.addService('docs');
  const { code, stdout, stderr } = await host.run(['run']);
  assert.equal(code, 1);
  const mail = stderr + stdout;
  const times = (pattern: RegExp): number => [...mail.matchAll(pattern)].length;
  assert.equal(times(/wrong password/g), 1, mail);
  assert.equal(times(/✓ {2}Back up/g), 1, mail);
  assert.equal(times(/^Back up docs to near \.\.\.$/gm), 1, 'what is being done is still said when it begins');
});

test('a dry run says what would be read and started', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const docs = host.addService('docs', {}, { hooks: { before: [['echo', 'a b']] }, exclude: ['**/*.tmp'] });
  const { stdout } = await host.run(['run', '--dry-run']);
  assert.ok(stdout.startsWith(`docs to near\n  path      ${docs}\n  without   **/*.tmp\n  before    echo 'a b'\n`), stdout);
  assert.match(stdout, /Dry run: 5 steps, nothing was changed\.\n$/);
});
