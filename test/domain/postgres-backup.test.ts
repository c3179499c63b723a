import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCalendar } from '../../src/domain/calendar.ts';
import { type Instant, parseInstant } from '../../src/domain/instant.ts';
import { type BackupCalendars, type BackupKind, dueKind, type HeldBackup } from '../../src/domain/postgres-backup.ts';

const time = (text: string): Instant => {
  const found = parseInstant(text);
  assert.ok(found !== null);
  return found;
};
const calendars = (texts: Partial<Record<BackupKind, string>>): BackupCalendars =>
  Object.fromEntries(Object.entries(texts).map(([kind, text]) => [kind, parseCalendar(text)]));
const held = (type: BackupKind, startedAt: string): HeldBackup => ({ type, startedAt: time(startedAt) });
const USUAL = calendars({ full: 'Sun *-*-* 00:00', differential: 'Wed *-*-* 00:00', incremental: '*-*-* 00:00' });
const due = (of: readonly HeldBackup[], now: string, by = USUAL): BackupKind => dueKind(by, of, time(now), 'UTC');

test('the first backup is full, whatever the calendar says', () => {
  assert.equal(due([], '2026-01-05T12:00:00Z'), 'full');
  assert.equal(due([held('incremental', '2026-01-05T00:00:00Z')], '2026-01-05T12:00:00Z'), 'full');
});

test('the strongest kind whose time has come since its last is due', () => {
  const full = held('full', '2026-01-04T00:00:10Z'); // a Sunday
  assert.equal(due([full], '2026-01-05T00:00:05Z'), 'incremental');
  assert.equal(due([full, held('incremental', '2026-01-06T00:00:05Z')], '2026-01-07T00:00:05Z'), 'differential');
  assert.equal(due([full, held('differential', '2026-01-07T00:00:05Z')], '2026-01-11T00:00:05Z'), 'full');
  assert.equal(due([full, held('differential', '2026-01-07T00:00:05Z')], '2026-01-15T08:00:00Z'), 'full');
});

test('a stronger one stands for the weaker ones of the same time', () => {
  const full = held('full', '2026-01-11T00:00:10Z');
  assert.equal(due([full], '2026-01-11T00:10:00Z'), 'incremental', 'nothing is due: whoever asks gets the weakest');
});

test('whoever asks between two full ones gets none: it would push out an older one, and the moments that it leads to', () => {
  const weekly = calendars({ full: 'Sun *-*-* 00:00' });
  const full = held('full', '2026-01-11T00:00:10Z');
  assert.equal(due([full], '2026-01-11T08:00:00Z', weekly), 'incremental');
  assert.equal(due([full], '2026-01-18T00:00:05Z', weekly), 'full');
  const deployments = Array.from({ length: 9 }, (_, day) => held('incremental', `2026-01-1${day + 1}T12:00:00Z`));
  assert.equal(due([full, ...deployments.slice(0, 6)], '2026-01-16T13:00:00Z', weekly), 'incremental');
});

test('a backup that is dated in the future stands for nothing', () => {
  assert.equal(due([held('full', '2027-01-01T00:00:00Z')], '2026-01-11T08:00:00Z'), 'full');
});
