// What a history makes of what systemd says: for any life of a unit, from any moment on, and with any gap in the hearing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { UnitRun } from '../../../src/tools/systemd/manager.ts';
import { isGoing, UnitHistory } from '../../../src/tools/systemd/unit-history.ts';
import { judge } from '../../../src/tools/systemd/unit-run.ts';
import { breath, type Life, START, stateAfter, STOP, wordsOf } from './unit-life.ts';

const lives: fc.Arbitrary<Life> = fc.record({
  ends: fc.array(fc.constantFrom('well', 'failed', 'killed'), { minLength: 1, maxLength: 4 }),
  stopped: fc.boolean(),
  type: fc.constantFrom('oneshot', 'simple'),
  needed: fc.boolean(),
  old: fc.boolean(),
  before: fc.constantFrom(null, 'an earlier one'),
});
const place = fc.nat({ max: 60 });
const DETAILS = { loadError: '', triggeredBy: [], requires: [], conditions: [], asserts: [], failures: [] };

interface Hearing {
  /** From which word on it is listened to. */
  readonly from: number;
  /** After which word the answer to the order comes. */
  readonly answered: number;
  /** From which word to which nothing is heard. */
  readonly gap: readonly [number, number];
  /** The gap is there because systemd starts itself anew. */
  readonly reloading: boolean;
  /** The job that there is when it is looked at lives long enough to be asked what it is for. */
  readonly typeKnown: boolean;
  /** It is looked at also when systemd is in the middle of saying something, which cannot be. */
  readonly anyMoment: boolean;
}
const EVERYTHING: Hearing = { from: 0, answered: 0, gap: [0, 0], reloading: false, typeKnown: true, anyMoment: false };

/** Told like that, and looked at in the end. Null when the unit does nothing in the moment from which it is listened to. */
function hear(life: Life, hearing: Hearing): UnitHistory | null {
  const { answered, reloading, typeKnown } = hearing;
  const words = wordsOf(life);
  const at = (count: number): number => (hearing.anyMoment ? count : breath(words, count));
  const [from, deaf, again] = [at(hearing.from), at(hearing.gap[0]), at(hearing.gap[1])];
  const first = stateAfter(life, words, Math.min(from, words.length));
  if (from > 0 && !isGoing(first)) return null;
  const history = new UnitHistory(first);
  const recognise = (): void => {
    if (typeKnown && history.now.job !== STOP) history.isNoStop(history.now.job);
  };
  const hearAgain = (index: number): void => {
    history.reloads(reloading);
    history.sawAgain(stateAfter(life, words, index));
    recognise();
  };
  recognise();
  if (from > 0) history.await(first.job);
  words.forEach((word, index) => {
    if (index < from) return;
    if (from === 0 && index === Math.min(answered, words.length - 1)) history.await(START);
    if (index >= deaf && index < again) return;
    if (index === again && deaf < again) hearAgain(index);
    if ('saw' in word) history.saw(word.saw);
    else history.jobEnded(word.job, word.result);
  });
  if (deaf < again && again >= words.length) hearAgain(words.length);
  history.saw(stateAfter(life, words, words.length));
  return history;
}

const truth = ({ ends, stopped }: Life): UnitRun['end'] =>
  stopped ? 'stopped' : ends.at(-1) === 'well' ? 'succeeded' : 'failed';
const range = fc.tuple(place, place).map(([one, other]): [number, number] => [Math.min(one, other), Math.max(one, other)]);
const RUNS = { numRuns: 3000 };

test('all that is heard gives the end that the unit had, how often it was run again, and which invocation that was', () => {
  const property = fc.property(lives, place, (life, answered) => {
    const history = hear(life, { ...EVERYTHING, answered });
    assert.ok(history?.settled);
    const { end, restarts, invocationId } = judge(history, DETAILS);
    const again = life.ends.length - 1;
    assert.deepEqual([end, restarts, invocationId], [truth(life), again, `run ${again}`]);
  });
  fc.assert(property, RUNS);
});

test('who begins to listen later hears the same end', () => {
  const property = fc.property(lives, place, (life, from) => {
    const history = hear(life, { ...EVERYTHING, from });
    if (!history) return;
    assert.ok(history.settled);
    assert.equal(judge(history, DETAILS).end, truth(life));
  });
  fc.assert(property, RUNS);
});

test('whatever is not heard, the waiting ends, and nothing is a success that was none', () => {
  const property = fc.property(lives, place, place, range, fc.boolean(), (life, from, answered, gap, typeKnown) => {
    const history = hear(life, {
      ...EVERYTHING,
      from: from % 7,
      answered: Math.min(answered, gap[0]),
      gap,
      typeKnown,
      anyMoment: true,
    });
    if (!history) return;
    assert.ok(history.settled);
    if (judge(history, DETAILS).end === 'succeeded') assert.equal(truth(life), 'succeeded');
  });
  fc.assert(property, { numRuns: 10_000 });
});

test('what runs while systemd starts itself anew has the end that it had, as long as something needs the unit', () => {
  const steady = lives.map((life): Life => ({ ...life, needed: true, stopped: false }));
  const property = fc.property(steady, range, (life, gap) => {
    const history = hear(life, { ...EVERYTHING, gap: [gap[0] + 2, gap[1] + 2], reloading: true }); // it has begun before
    assert.ok(history?.settled);
    assert.equal(judge(history, DETAILS).end, truth(life));
  });
  fc.assert(property, RUNS);
});
