import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { Instant } from '../../src/domain/instant.ts';
import type { RetentionDecision, RetentionEntry } from '../../src/domain/retention.ts';
import { renderRetention, type RetentionView } from '../../src/cli/render-retention.ts';

const at = (text: string): Instant => Date.parse(text) as Instant;
const VIEW: RetentionView = { now: at('2025-03-01T12:00:00Z'), utc: true, gone: new Set(), columns: 80, colors: false };

const entry = (id: string, time: string, rest: Partial<RetentionEntry> = {}): RetentionEntry => ({
  id: id.repeat(64),
  time: at(time),
  bytes: 5_000_000,
  complete: true,
  keep: true,
  spared: false,
  reasons: ['daily snapshot'],
  ...rest,
});
const decision = (rest: Partial<RetentionDecision> & Pick<RetentionDecision, 'entries'>): RetentionDecision => ({
  service: 'sonarr',
  refusal: null,
  hold: null,
  warnings: [],
  kept: { snapshots: rest.entries.length, bytes: 5_000_000 * rest.entries.length },
  removed: { snapshots: 0, bytes: 0 },
  spared: { snapshots: 0, bytes: 0 },
  remember: null,
  ...rest,
});

test('a decision is a table of 80 columns with what stays, what goes, and why', () => {
  const text = renderRetention(
    'sonarr@nas',
    decision({
      entries: [
        entry('a', '2025-03-01T02:00:00Z', {
          reasons: ['newest complete snapshot', 'last snapshot', 'daily snapshot', 'oldest weekly snapshot'],
        }),
        entry('b', '2025-02-27T02:00:00Z', { keep: false, reasons: ['no rule keeps it'], bytes: null }),
      ],
      kept: { snapshots: 1, bytes: 5_000_000 },
      removed: { snapshots: 1, bytes: 0 },
    }),
    VIEW,
  );
  assert.equal(
    text,
    [
      'sonarr@nas: would keep 1 of 2 snapshots (4.77 MiB) and remove 1 (0 B)',
      'snapshot  made                 age      size          why',
      'aaaaaaaa  2025-03-01 02:00     10h  4.77 MiB  keep    newest complete',
      '                                                      snapshot, last, daily,',
      '                                                      oldest weekly',
      'bbbbbbbb  2025-02-27 02:00  2d 10h         -  remove  no rule keeps it',
      '',
    ].join('\n'),
  );
});

test('only what really went is told as gone', () => {
  const entries = ['a', 'b', 'c'].map((id) => entry(id, '2025-02-27T02:00:00Z', { keep: id === 'a' }));
  const sizes = { kept: { snapshots: 1, bytes: 5_000_000 }, removed: { snapshots: 2, bytes: 10_000_000 } };
  const shown = (...gone: readonly string[]): string =>
    renderRetention('s@r', decision({ entries, ...sizes }), { ...VIEW, gone: new Set(gone.map((id) => id.repeat(64))) });
  assert.match(shown(), /^s@r: would keep 1 of 3 snapshots \(4\.77 MiB\) and remove 2 \(9\.54 MiB\)\n/);
  assert.match(shown('b', 'c'), /^s@r: keeps 1 of 3 snapshots \(4\.77 MiB\), removed 2 \(9\.54 MiB\)\n/);
  assert.match(
    shown('b'),
    /^s@r: keeps .*, removed 1 of 2 \(.*\n.*\naaaaaaaa .* keep .*\nbbbbbbbb .* removed .*\ncccccccc .* remove /,
  );
});

test('what stopped a job stands below its table, with the way on', () => {
  const text = renderRetention(
    'sonarr@nas',
    decision({
      entries: [entry('a', '2025-02-01T02:00:00Z', { spared: true, reasons: ['no rule keeps it'] })],
      spared: { snapshots: 1, bytes: 5_000_000 },
      refusal: {
        code: 'policy-changed',
        message: 'the policy was changed, and 9 of 10 snapshots would go',
        hint: 'Look at it carefully, and if all of it may go, then run `x --confirm sonarr`.',
      },
      warnings: ['one snapshot is dated in the future'],
    }),
    VIEW,
  );
  assert.match(text, /^sonarr@nas: removes nothing, 1 of 1 snapshots that no rule keeps are held \(4\.77 MiB\)\n/);
  assert.match(
    text,
    / held {2}no rule keeps it\nwarning: one snapshot.*\nstopped: the policy was changed.*\nhint: Look at it carefully, and if all of it may go, then run\n {2}`x --confirm sonarr`\.\n$/,
  );
});

test('no line is wider than the terminal, with colours or without', () => {
  const long = decision({
    entries: [
      entry('a', '2026-03-01T02:00:00Z', { bytes: 1023 * 2 ** 30, reasons: ['dated in the future: not counted'] }),
      entry('b', '2005-02-27T02:00:00Z', {
        keep: false,
        reasons: ['last snapshot', 'daily snapshot', 'monthly snapshot', 'oldest yearly snapshot', 'within 400d'],
      }),
    ],
    hold: 'no new complete snapshot since the last application at 2025-03-01T12:00:00.000Z; the changed policy is applied after the next backup',
    warnings: [
      '7 snapshots are dated in the future (up to 2025-03-31T12:00:00.000Z): check the clocks of this host and of the one that made it',
    ],
  });
  for (const colors of [true, false]) {
    const lines = renderRetention('sonarr@nas', long, { ...VIEW, colors }).split('\n');
    for (const line of lines) assert.ok(stripVTControlCharacters(line).length <= 80, line);
    // oxlint-disable-next-line no-control-regex -- colours are what is looked for
    assert.equal(/\u001b\[/.test(lines.join('')), colors);
  }
});

test('a tag with control characters cannot steer the terminal', () => {
  const text = renderRetention(
    's@r',
    decision({ entries: [entry('a', '2025-03-01T02:00:00Z', { reasons: ['has tag \u001b[2J'] })] }),
    VIEW,
  );
  assert.match(text, /has tag \\x1b\[2J/);
});

test('a job without snapshots says so', () => {
  assert.equal(renderRetention('s@r', decision({ entries: [] }), VIEW), 's@r: no snapshots\n');
});
