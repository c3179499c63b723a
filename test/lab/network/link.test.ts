import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Link, PERFECT, SMALLEST_QUEUE } from '../../../lab/network/link.ts';
import type { Bytes } from '../../../src/domain/bytes.ts';
import { duration, type Duration } from '../../../src/domain/duration.ts';

const RUNS = { numRuns: 1000 };
const size = fc.integer({ min: 60, max: 1514 });
const pause = fc.nat({ max: 50 });
const delays: fc.Arbitrary<Duration> = fc.nat({ max: 200 }).map((amount) => duration(amount, 'ms'));
const limits = fc.integer({ min: 1000, max: 1_000_000 }).map((amount) => amount as Bytes); // literal bytes

interface Arrived {
  readonly frame: Buffer;
  readonly at: number;
}

/** Looks at the very moments when a frame is due, as a timer does, until `end`. */
function watch(link: Link, end: number, from = 0): Arrived[] {
  const seen = link.arrived(from).map((frame) => ({ frame, at: from }));
  for (let next = link.nextArrival; next !== null && next <= end; next = link.nextArrival) {
    const at = next;
    seen.push(...link.arrived(at).map((frame) => ({ frame, at })));
  }
  return seen;
}

interface Sent {
  readonly frame: Buffer;
  readonly at: number;
}

/** Frames sent with pauses between them, and all that arrived, however late. */
function sendAll(
  link: Link,
  frames: readonly (readonly [size: number, pause: number])[],
): { sent: Sent[]; seen: Arrived[] } {
  let now = 0;
  const sent: Sent[] = [];
  const seen: Arrived[] = [];
  for (const [bytes, before] of frames) {
    seen.push(...watch(link, now + before, now));
    now += before;
    const frame = Buffer.alloc(bytes);
    sent.push({ frame, at: now });
    link.send(frame, now);
  }
  return { sent, seen: [...seen, ...watch(link, Infinity, now)] };
}

const traffic = fc.array(fc.tuple(size, pause), { maxLength: 60 });

test('on a perfect link every frame arrives at once', () => {
  fc.assert(
    fc.property(traffic, (frames) => {
      const { sent, seen } = sendAll(new Link(), frames);
      assert.deepEqual(seen, sent);
    }),
    RUNS,
  );
});

test('on a delayed link every frame arrives, each that much later than it was sent', () => {
  fc.assert(
    fc.property(traffic, delays, (frames, delay) => {
      const link = new Link();
      link.change({ delay }, 0);
      const { sent, seen } = sendAll(link, frames);
      assert.deepEqual(
        seen,
        sent.map(({ frame, at }) => ({ frame, at: at + delay })),
      );
    }),
    RUNS,
  );
});

test('a limited link never carries more than its limit, and its delay comes on top', () => {
  fc.assert(
    fc.property(traffic, limits, delays, (frames, bytesPerSecond, delay) => {
      const link = new Link();
      link.change({ bytesPerSecond, delay }, 0);
      const { sent, seen } = sendAll(link, frames);
      const begun = (sent[0]?.at ?? 0) + delay;
      let bytes = 0;
      for (const { frame, at } of seen) {
        bytes += frame.length;
        assert.ok(at - begun >= (bytes / bytesPerSecond) * 1000 - 1e-6, `${bytes} bytes in ${at - begun} ms`);
      }
    }),
    RUNS,
  );
});

test('a limited link that keeps up loses nothing', () => {
  fc.assert(
    fc.property(traffic, limits, (frames, bytesPerSecond) => {
      const link = new Link();
      link.change({ bytesPerSecond }, 0);
      const unhurried = frames.map(([bytes]) => [bytes, Math.ceil((1514 / bytesPerSecond) * 1000)] as const);
      const { sent, seen } = sendAll(link, unhurried);
      assert.deepEqual(
        seen.map(({ frame }) => frame),
        sent.map(({ frame }) => frame),
      );
    }),
    RUNS,
  );
});

test('of a burst that is too large for a limited link the first frames arrive and the last are lost', () => {
  const link = new Link();
  link.change({ bytesPerSecond: 10_000 as Bytes }, 0);
  const burst = Array.from({ length: 300 }, () => Buffer.alloc(1000));
  for (const frame of burst) link.send(frame, 0);
  const arrived = link.arrived(Infinity);
  assert.equal(arrived.length, Math.floor(SMALLEST_QUEUE / 1000));
  assert.ok(arrived.every((frame, index) => frame === burst[index]));
});

test('what leaves in a tenth of a second may wait, if that is more', () => {
  const link = new Link();
  const bytesPerSecond = (128 * 1024 * 1024) as Bytes; // literal bytes
  link.change({ bytesPerSecond }, 0);
  for (let count = 0; count < 20_000; count += 1) link.send(Buffer.alloc(1024), 0);
  assert.equal(link.arrived(Infinity).length, Math.floor(bytesPerSecond / 10 / 1024));
});

test('frames never overtake each other and none arrives twice, however the link changes under them', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ size, pause }) },
    fc.record({ change: fc.record({ delay: delays, bytesPerSecond: fc.option(limits), cut: fc.boolean() }), pause }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const link = new Link();
      const sent: Buffer[] = [];
      const seen: Arrived[] = [];
      let now = 0;
      for (const one of steps) {
        seen.push(...watch(link, now + one.pause, now));
        now += one.pause;
        if ('change' in one) link.change(one.change, now);
        else {
          const frame = Buffer.alloc(one.size);
          sent.push(frame);
          link.send(frame, now);
        }
      }
      const order = [...seen, ...watch(link, Infinity, now)].map(({ frame }) => sent.indexOf(frame));
      assert.deepEqual(
        order,
        [...new Set(order)].toSorted((one, other) => one - other),
      );
    }),
    RUNS,
  );
});

test('a delay that gets shorter also holds for the frames on their way, in their order', () => {
  const link = new Link();
  link.change({ delay: duration(1, 'h') }, 0);
  const [first, second, third] = [Buffer.alloc(60), Buffer.alloc(60), Buffer.alloc(60)];
  link.send(first, 0);
  link.send(second, 1);
  link.change({ delay: duration(10, 'ms') }, 5);
  link.send(third, 6);
  assert.deepEqual(watch(link, Infinity), [
    { frame: first, at: 15 },
    { frame: second, at: 15 },
    { frame: third, at: 16 },
  ]);
});

test('a cut loses what is on its way and what is sent meanwhile, also after it is healed; then frames arrive again', () => {
  const link = new Link();
  link.change({ delay: duration(10, 'ms') }, 0);
  link.send(Buffer.alloc(60), 0);
  link.change({ cut: true }, 5);
  link.send(Buffer.alloc(60), 6);
  assert.equal(link.nextArrival, null);
  link.change(PERFECT, 7);
  const later = Buffer.alloc(60);
  link.send(later, 8);
  assert.deepEqual(link.arrived(Infinity), [later]);
});

test('healing a slow link hands over at once what waits, and leaves nothing to wait behind', () => {
  const link = new Link();
  link.change({ bytesPerSecond: 1 as Bytes }, 0);
  const waiting = [Buffer.alloc(1000), Buffer.alloc(1000)];
  for (const frame of waiting) link.send(frame, 0);
  link.change(PERFECT, 1);
  const later = Buffer.alloc(60);
  link.send(later, 1);
  assert.deepEqual(link.arrived(1), [...waiting, later]);
});
