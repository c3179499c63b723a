// How a recovery reads, done and rehearsed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderRecovery } from '../../src/cli/render-recovery.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { buildReport, plannedStep, type Report } from '../../src/domain/report.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { step } from '../support/plans.ts';

const at = Date.parse('2026-01-01T12:00:00Z') as Instant;
const out = { colors: false, columns: 300 };
const reportOf = (outcome: 'planned' | 'succeeded', result: JsonObject): Report =>
  buildReport({
    kind: 'recover',
    id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    host: 'h',
    startedAt: at,
    endedAt: at,
    outcome,
    exitCode: 0,
    warnings: [],
    steps: [{ ...plannedStep(step('a', { service: 'db' })), outcome, result: { service: 'db', ...result } }],
  });
const textOf = (report: Report): string => renderRecovery(report, at, out);

test('of a server that comes back it is said until when, how old that is, and how much it is', () => {
  const text = textOf(
    reportOf('planned', { action: 'restore', repository: 'repo1', until: '2026-01-01T10:00:00.000Z', bytes: 2 ** 20 }),
  );
  assert.match(text, /^db +comes back +repo1 +2h +1\.00 MiB/m);
  assert.match(text, /until 2026-01-01T10:00:00.000Z, what was written after that is lost\./);
  assert.match(text, /1 service would come back \(1\.00 MiB\)/);
});

test('what blocks is told with its hint, without holes in the text and sums of nothing', () => {
  const text = textOf(reportOf('planned', { action: 'block', reason: 'its data is gone', hint: 'Look for it.' }));
  assert.match(text, /db: its data is gone\n {2}hint: Look for it\.\n\nDry run: 0 services would come back, 1 would not/);
});

test('a server that has come back says to which moment', () => {
  const text = textOf(
    reportOf('succeeded', {
      repository: 'repo1',
      backup: '20260101-020000F',
      until: '2026-01-01T10:00:00.000Z',
      lastTransaction: null,
      next: 'take a full backup: holdfast run db --type full',
    }),
  );
  assert.match(text, /^db: back to 2026-01-01T10:00:00.000Z, where its archive ends; from 20260101-020000F in repo1$/m);
  assert.match(text, /next: take a full backup/);
});
