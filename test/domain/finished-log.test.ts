import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backlogOf, type FinishedFile, leftAt, takenForArchived, waitOf } from '../../src/domain/finished-log.ts';
import type { Instant } from '../../src/domain/instant.ts';

const name = (file: string, timeline = 1): string => `0000000${timeline}${file.padStart(16, '0')}`;
const done = (file: string, at: number, timeline = 1): FinishedFile => ({
  file: name(file, timeline),
  waits: false,
  at: at as Instant,
});
const ready = (file: string, at: number): FinishedFile => ({ ...done(file, at), waits: true });

test('a file was left when its server finished it, whenever it is archived', () => {
  assert.equal(leftAt([done('FE', 10), ready('FF', 20)], name('FE')), 10);
  assert.equal(leftAt([done('FE', 10), ready('FF', 20)], name('FF')), 20);
});

test('of a file that the server has removed it is known that it was left before the next ones', () => {
  assert.equal(leftAt([ready('101', 30), ready('100', 20)], name('FF')), 20);
  assert.equal(leftAt([done('FE', 10)], name('FF')), null);
  assert.equal(leftAt([done('1', 50, 2)], name('0')), 50, 'on whichever timeline it went on');
});

test('the oldest that waits is told, and for how long', () => {
  const backlog = backlogOf([done('1', 5), ready('3', 20), ready('2', 10)]);
  assert.deepEqual([backlog.count, backlog.oldest?.file], [2, name('2')]);
  assert.equal(waitOf(backlog, 70 as Instant), 60);
  assert.equal(waitOf(backlogOf([done('1', 5)]), 70 as Instant), null);
});

test('what the server takes for archived after the last file that is there is lost', () => {
  const finished = [done('1', 1), done('2', 2), done('3', 3), ready('4', 4), done('3', 3, 2)];
  assert.deepEqual(takenForArchived(finished, null, name('2')), [name('3')]);
  assert.deepEqual(takenForArchived(finished, null, name('3')), []);
  assert.deepEqual(takenForArchived([], { file: name('5') }, name('3')), [name('5')], 'also one that it only remembers');
  assert.deepEqual(takenForArchived([], { file: '00000002.history' }, name('3')), []);
});
