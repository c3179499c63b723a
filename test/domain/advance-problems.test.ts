import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  advanceProblems,
  type Fact,
  GATHER,
  groupingOf,
  reminderAfter,
  REST,
  type Seen,
  type Telling,
} from '../../src/domain/advance-problems.ts';
import { duration, type Duration } from '../../src/domain/duration.ts';
import { later, type Instant } from '../../src/domain/instant.ts';
import type { OpenProblem, Problem } from '../../src/domain/notification.ts';

const START = Date.UTC(2026, 0, 1) as Instant; // a time is a number of milliseconds
const after = (amount: number, unit: 'm' | 'h' | 'd'): Instant => later(START, duration(amount, unit));

const problem = (service: string, at: Instant, parts: Partial<Problem> = {}): Problem => ({
  key: `backup:${service}@nas`,
  kind: 'backup-failure',
  cause: 'unreachable',
  group: 'nas unreachable',
  source: 'run',
  patience: 0,
  ...parts,
  item: {
    subject: `${service}@nas`,
    service,
    repository: 'nas',
    unit: null,
    dataset: null,
    operation: 'backup',
    outcome: 'failed',
    message: 'it does not answer',
    tail: [],
    hint: null,
    runId: null,
    startedAt: at,
    durationSeconds: 1,
    at,
    ...parts.item,
  },
});
const wrong = (service: string, at: Instant, parts: Partial<Problem> = {}): Fact => ({
  type: 'wrong',
  problem: problem(service, at, parts),
});
const well = (service: string, at: Instant): Fact => ({ type: 'well', key: `backup:${service}@nas`, at });
const condition = (at: Instant, patience: Duration): Problem =>
  problem('sonarr', at, { key: 'stale:sonarr@nas', kind: 'stale', source: 'condition', patience });

/** A memory of its own, as the journal is. */
function teller() {
  let problems: readonly OpenProblem[] = [];
  const groupings = new Map<string, Instant>();
  return {
    open: () => problems,
    see(now: Instant, facts: readonly Fact[], more: Partial<Seen> = {}): readonly Telling[] {
      const seen: Seen = {
        facts,
        conditions: [],
        busy: new Set(),
        groupings,
        exists: () => true,
        hears: () => true,
        ...more,
      };
      const next = advanceProblems(problems, seen, now);
      problems = next.problems;
      for (const { grouping } of next.tellings) groupings.set(grouping, now);
      return next.tellings;
    },
  };
}
const said = (tellings: readonly Telling[]): string[] =>
  tellings.map(({ kind, phase, problems }) => `${phase} ${kind} ${problems.map(({ item }) => item.service).join(',')}`);

describe('problems', () => {
  it('are told once when they begin and once when they are over', () => {
    const us = teller();
    assert.deepEqual(said(us.see(START, [wrong('sonarr', START)])), ['new backup-failure sonarr']);
    assert.deepEqual(us.see(after(1, 'h'), [wrong('sonarr', after(1, 'h'))]), []);
    assert.deepEqual(said(us.see(after(2, 'h'), [well('sonarr', after(2, 'h'))])), ['over backup-failure sonarr']);
    assert.deepEqual(us.open(), []);
    assert.deepEqual(us.see(after(3, 'h'), [well('sonarr', after(3, 'h'))]), []);
  });

  it('that last are told again after a day, then two, four, and every seven', () => {
    const us = teller();
    us.see(START, [wrong('sonarr', START)]);
    const days: number[] = [];
    for (let hour = 1; hour <= 30 * 24; hour += 1)
      if (said(us.see(after(hour, 'h'), [])).includes('still backup-failure sonarr')) days.push(hour / 24);
    assert.deepEqual(days, [1, 3, 7, 14, 21, 28]);
    assert.equal(reminderAfter(50), duration(7, 'd'));
  });

  it('of one cause are one message', () => {
    const facts = Array.from({ length: 20 }, (_, index) => wrong(`s${index}`, START));
    const [only, ...others] = teller().see(START, facts);
    assert.deepEqual([only?.problems.length, others.length], [20, 0]);
  });

  it('of one cause wait for runs that are at work there, but not for ever', () => {
    const us = teller();
    const busy = new Set(['nas']);
    assert.deepEqual(us.see(START, [wrong('a', START)], { busy }), []);
    assert.deepEqual(us.see(after(5, 'm'), [wrong('b', after(5, 'm'))], { busy }), []);
    assert.deepEqual(said(us.see(later(START, GATHER), [], { busy })), ['new backup-failure a,b']);
  });

  it('do not wait for runs that are at work elsewhere', () => {
    assert.equal(teller().see(START, [wrong('a', START)], { busy: new Set(['offsite']) }).length, 1);
  });

  it('of a cause that was told just now are told together after a rest', () => {
    const us = teller();
    us.see(START, [wrong('a', START)]);
    assert.deepEqual(us.see(after(1, 'm'), [wrong('b', after(1, 'm'))]), []);
    assert.deepEqual(us.see(after(2, 'm'), [wrong('c', after(2, 'm'))]), []);
    assert.deepEqual(said(us.see(later(START, REST), [])), ['new backup-failure b,c']);
  });

  it('whose cause changes are told anew, and each cause once', () => {
    const us = teller();
    const other = { cause: 'wrong password', group: 'nas password' };
    us.see(START, [wrong('a', START)]);
    assert.equal(us.see(after(1, 'h'), [wrong('a', after(1, 'h'), other)]).length, 1);
    assert.equal(us.see(after(2, 'h'), [wrong('a', after(2, 'h'))]).length, 0);
    assert.deepEqual(said(us.see(after(3, 'h'), [well('a', after(3, 'h'))])), ['over backup-failure a']);
  });

  it('that began and ended between two looks are told once, as over', () => {
    const us = teller();
    const facts = [wrong('a', START), well('a', after(1, 'm'))];
    assert.deepEqual(said(us.see(after(2, 'm'), facts)), ['over backup-failure a']);
  });

  it('that a wrong clock dated in the future are told at once', () => {
    const us = teller();
    assert.equal(us.see(START, [wrong('a', after(90, 'd'))]).length, 1);
    assert.equal(teller().see(START, [], { conditions: [condition(after(90, 'd'), duration(1, 'h'))] }).length, 1);
  });

  it('of things that are no longer declared are forgotten without a word', () => {
    const us = teller();
    us.see(START, [wrong('a', START)]);
    assert.deepEqual(us.see(after(2, 'd'), [], { exists: () => false }), []);
    assert.deepEqual(us.open(), []);
  });
});

describe('problems that nobody would be told of', () => {
  const deaf = { hears: () => false };

  it('do not count as told: they are told once somebody takes them', () => {
    const us = teller();
    assert.deepEqual(us.see(START, [wrong('a', START)], deaf), []);
    assert.deepEqual(us.see(after(3, 'd'), [], deaf), []);
    assert.deepEqual(said(us.see(after(4, 'd'), [])), ['new backup-failure a']);
    assert.equal(us.open()[0]?.since, START);
  });

  it('leave nothing to tell when they are over', () => {
    const us = teller();
    us.see(START, [wrong('a', START)], deaf);
    assert.deepEqual(us.see(after(1, 'h'), [well('a', after(1, 'h'))], deaf), []);
    assert.deepEqual(us.open(), []);
  });

  it('are reminded of as late as somebody takes them again', () => {
    const us = teller();
    us.see(START, [wrong('a', START)]);
    assert.deepEqual(us.see(after(2, 'd'), [], deaf), []);
    assert.deepEqual(said(us.see(after(3, 'd'), [])), ['still backup-failure a']);
  });
});

describe('conditions', () => {
  it('are told once while they hold, and once when they no longer do', () => {
    const us = teller();
    const conditions = [condition(START, duration(0, 's'))];
    assert.deepEqual(said(us.see(START, [], { conditions })), ['new stale sonarr']);
    for (let minute = 1; minute < 60; minute += 1) assert.deepEqual(us.see(after(minute, 'm'), [], { conditions }), []);
    assert.deepEqual(said(us.see(after(1, 'h'), [])), ['over stale sonarr']);
  });

  it('are not told while they may pass by themselves, nor that they did', () => {
    const us = teller();
    const conditions = [condition(START, duration(1, 'h'))];
    assert.deepEqual(us.see(START, [], { conditions }), []);
    assert.deepEqual(us.see(after(59, 'm'), [], { conditions }), []);
    assert.deepEqual(us.see(after(59, 'm'), []), []);
    assert.deepEqual(us.open(), []);
    us.see(START, [], { conditions });
    assert.equal(us.see(after(60, 'm'), [], { conditions }).length, 1);
  });
});

describe('whatever happens in whatever order', () => {
  const event = fc.record({
    service: fc.constantFrom('a', 'b', 'c'),
    fails: fc.boolean(),
    cause: fc.constantFrom('x', 'y'),
    minutes: fc.integer({ min: 1, max: 3000 }),
    busy: fc.boolean(),
  });

  it('nothing that failed stays untold, and nothing that was told stays unresolved', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const us = teller();
        let now = START;
        const failed = new Set<string>();
        const balance = new Map<string, number>();
        const count = (tellings: readonly Telling[]): void => {
          for (const { phase, problems } of tellings)
            for (const { key, toldAt } of problems) {
              assert.ok(phase !== 'over' || (balance.get(key) ?? 0) === 1 || toldAt === null);
              balance.set(key, phase === 'over' ? 0 : 1);
            }
        };
        for (const { service, fails, cause, minutes, busy } of events) {
          now = later(now, duration(minutes, 'm'));
          const fact = fails ? wrong(service, now, { cause, group: cause }) : well(service, now);
          if (fails) failed.add(`backup:${service}@nas`);
          count(us.see(now, [fact], { busy: new Set(busy ? ['nas'] : []) }));
        }
        now = later(now, duration(1, 'd'));
        count(
          us.see(
            now,
            ['a', 'b', 'c'].map((service) => well(service, now)),
          ),
        );
        now = later(now, duration(1, 'd'));
        count(us.see(now, []));
        assert.deepEqual(us.open(), []);
        for (const key of failed) assert.equal(balance.get(key), 0, `${key} was never told`);
      }),
    );
  });

  it('groupings tell phases, kinds and causes apart', () => {
    const names = new Set([
      groupingOf({ kind: 'stale', group: 'nas' }, 'new'),
      groupingOf({ kind: 'stale', group: 'nas' }, 'over'),
      groupingOf({ kind: 'partial', group: 'nas' }, 'new'),
      groupingOf({ kind: 'stale', group: 'far' }, 'new'),
    ]);
    assert.equal(names.size, 4);
  });
});
