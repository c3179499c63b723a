import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextTry } from '../../src/domain/delivery.ts';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';

const NOW = 1_000_000 as Instant;
const wait = (failures: number, chance = 0.5, asked: number | null = null): number =>
  (nextTry(failures, NOW, chance, asked === null ? null : duration(asked, 's')) - NOW) / 60_000;

test('the waits double from a minute to an hour', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((failures) => wait(failures)),
    [1, 2, 4, 8, 16, 32, 60, 60, 60],
  );
});

test('chance makes them a fifth shorter or longer', () => {
  assert.deepEqual([wait(1, 0), wait(1, 1)], [0.8, 1.2]);
});

test('a receiver that asks for patience gets it, up to an hour', () => {
  assert.equal(wait(1, 0.5, 300), 5);
  assert.equal(wait(1, 0.5, 1), 1);
  assert.equal(wait(1, 0.5, 86_400), 60);
});
