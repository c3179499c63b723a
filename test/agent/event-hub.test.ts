import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventHub, type Numbered } from '../../src/agent/event-hub.ts';
import type { RunEvent } from '../../src/domain/run-event.ts';
import { countOutcomes } from '../../src/domain/outcome.ts';

const notice = (runId: string, message = ''): RunEvent => ({ type: 'notice', runId, message });

const started = (runId: string): RunEvent => ({
  type: 'run-started',
  runId,
  kind: 'run',
  host: 'h',
  startedAt: '2026-01-01T00:00:00.000Z',
  staged: false,
  steps: [],
});

const ended = (runId: string): RunEvent => ({
  type: 'run-ended',
  runId,
  kind: 'run',
  outcome: 'succeeded',
  exitCode: 0,
  endedAt: null,
  counts: countOutcomes([]),
  reason: null,
});

const hear = (hub: EventHub): { heard: Numbered[] } => {
  const heard: Numbered[] = [];
  hub.listen((event) => heard.push(event));
  return { heard };
};

const frames = (events: readonly Numbered[]): string[] => events.map(({ frame }) => frame);

test('whoever comes again with the last id he saw gets exactly what he missed, or is told that something is gone', () => {
  const sizes = fc.record({ events: fc.integer({ min: 1, max: 20 }), size: fc.integer({ min: 200, max: 4000 }) });
  fc.assert(
    fc.property(sizes, fc.array(fc.string(), { maxLength: 60 }), fc.nat(), (limits, messages, at) => {
      const hub = new EventHub('a', limits);
      const { heard } = hear(hub);
      for (const message of messages) hub.publish(notice('r', message));
      assert.equal(heard.length, messages.length);
      const seen = at % (messages.length + 1);
      const { events, gap } = hub.since(`a-${seen}`);
      const missed = frames(heard.slice(seen));
      if (gap) assert.deepEqual(frames(events), missed.slice(missed.length - events.length));
      else assert.deepEqual(frames(events), missed);
      assert.equal(gap, events.length < missed.length);
      assert.ok(events.length <= limits.events);
    }),
  );
});

test('an id of another agent, of the future, or of nobody is a gap', () => {
  const hub = new EventHub('b');
  hub.publish(notice('r'));
  for (const id of ['a-1', 'b-2', 'b', '', 'b--1', 'x'.repeat(60)]) assert.equal(hub.since(id).gap, true, id);
  assert.equal(hub.since('b-1').gap, false);
  assert.equal(hub.since('b-0').gap, false);
});

test('a run begins once and ends once, however many tell of it and in whatever order', () => {
  const tellers = fc.array(fc.constantFrom(started('r'), ended('r')), { maxLength: 12 });
  fc.assert(
    fc.property(tellers, (events) => {
      const hub = new EventHub('c');
      const { heard } = hear(hub);
      for (const event of events) hub.publish(event);
      const types = heard.map(({ frame }) => /event: (.*)/.exec(frame)?.[1]);
      const expected = { 0: [], 1: types, 2: ['run-started', 'run-ended'] }[types.length];
      assert.deepEqual(types, expected);
      assert.equal(
        hub.hasEnded('r'),
        events.some(({ type }) => type === 'run-ended'),
      );
    }),
  );
});

test('what ended long ago is forgotten, so that years of runs do not fill the memory', () => {
  const hub = new EventHub('d');
  for (let run = 0; run < 2000; run += 1) {
    hub.publish(started(`r${run}`));
    hub.publish(ended(`r${run}`));
  }
  assert.equal(hub.open().length, 0);
  assert.equal(hub.hasEnded('r0'), false);
  assert.equal(hub.hasEnded('r1999'), true);
});
