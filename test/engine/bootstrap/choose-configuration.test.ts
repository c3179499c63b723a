import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../../src/domain/instant.ts';
import { configurationTag, jobTag } from '../../../src/domain/naming.ts';
import { chooseConfiguration } from '../../../src/engine/bootstrap/choose-configuration.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import type { Snapshot } from '../../../src/tools/restic/snapshots.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z') as Instant;
let made = 0;

const snapshot = (host: string, hours: number, tag = configurationTag): Snapshot => ({
  id: String(made++).padStart(64, '0'),
  shortId: '',
  time: (NOW - hours * 3_600_000) as Instant,
  timeText: '',
  host,
  user: 'root',
  tags: [tag],
  paths: ['/holdfast.yaml'],
  tree: '',
  parent: null,
  programVersion: null,
  summary: null,
});
const choose = (snapshots: readonly Snapshot[], host?: string): Snapshot =>
  chooseConfiguration(snapshots, { repository: 'nas', host, thisHost: 'forge', now: NOW });
const refusal = (snapshots: readonly Snapshot[], host?: string): HoldfastError => {
  try {
    choose(snapshots, host);
  } catch (error) {
    if (error instanceof HoldfastError) return error;
  }
  throw new Error('it was not refused');
};

test('it is the newest of that host, whatever else is in the repository and in whatever order', () => {
  const entry = fc.record({
    host: fc.constantFrom('forge', 'other'),
    hours: fc.integer({ min: 0, max: 900 }),
    job: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), fc.constantFrom('forge', 'other'), (entries, host) => {
      const all = entries.map((each) => snapshot(each.host, each.hours, each.job ? jobTag('app') : configurationTag));
      const own = all.filter((each) => each.host === host && each.tags.includes(configurationTag));
      if (own.length === 0) assert.equal(refusal(all, host).code, 'snapshot-missing');
      else assert.equal(choose(all, host).time, Math.max(...own.map(({ time }) => time)));
    }),
  );
});

test('one dated in the future is passed over while there is another', () => {
  const [past, future] = [snapshot('forge', 5), snapshot('forge', -48)];
  assert.equal(choose([future, past]), past);
  assert.equal(choose([future]), future);
});

test("without a word it is this machine's, or the only one; never one of several others", () => {
  const [own, other, third] = [snapshot('forge', 9), snapshot('other', 1), snapshot('third', 1)];
  assert.equal(choose([own, other, third]), own);
  assert.equal(choose([other]), other);
  const several = refusal([other, third]);
  assert.deepEqual([several.code, several.hint], ['usage', 'Say so: --host other, or --host third']);
});

test('a repository without any says what it holds', () => {
  assert.match(refusal([snapshot('a', 1, jobTag('app')), snapshot('a', 2, jobTag('app'))]).hint ?? '', /app on a \(2\)/);
  assert.match(refusal([]).hint ?? '', /no snapshots at all/);
});
