import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { untilAborted } from '../../../src/lib/abort.ts';
import { duration } from '../../../src/domain/duration.ts';
import { elapsed, type Instant, later } from '../../../src/domain/instant.ts';
import type { Message } from '../../../src/domain/notification.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { undelivered } from '../../../src/observe/notify/channel.ts';
import type { LockBroker } from '../../../src/repositories/broker.ts';
import { channel, NotifiedHost, START, UNREACHABLE } from './support.ts';

const minute = duration(1, 'm');
const twoChannels = [channel('phone'), channel('mail')];
const answers500 = (): Promise<never> => Promise.reject(undelivered('phone', 'it answered 500', 'Look into its log.'));

const message = (at: Instant, parts: Partial<Message> = {}): Message => ({
  kind: 'gate-result',
  priority: 'normal',
  host: 'forge',
  title: 'title',
  body: 'body',
  items: [],
  at,
  ping: null,
  ...parts,
});

function enqueue(host: NotifiedHost, messages: readonly Message[], channels: readonly string[], bound = 1000): void {
  host.journal.notifications.record({
    at: host.now,
    told: [],
    oldNews: 0 as Instant,
    problems: null,
    messages: messages.map((each) => ({ key: null, grouping: 'x', message: each, channels })),
    marks: new Map(),
    bound,
  });
}

/** A flush every minute. */
async function live(host: NotifiedHost, minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 1) {
    host.pass(minute);
    await host.flush();
  }
}

describe('delivering', () => {
  it('is not held up by a channel that hangs', async () => {
    using host = new NotifiedHost(['a'], twoChannels);
    host.broken.set('phone', (_, signal) => untilAborted(new Promise(() => {}), signal));
    host.run({ 'a@nas': UNREACHABLE });
    const result = await host.flush({ limit: duration(50, 'ms') });
    assert.ok(result.kind === 'flushed');
    assert.equal(host.titles('mail').length, 1);
    const [phone] = result.channels;
    assert.equal(phone?.error?.message, 'it did not answer within 50ms');
    assert.equal(phone?.waiting, 1);
  });

  it('tries a channel that answers 500 for a day less and less often, then delivers once', async () => {
    using host = new NotifiedHost(['a']);
    host.broken.set('phone', answers500);
    host.run({ 'a@nas': UNREACHABLE });
    await live(host, 24 * 60);
    assert.equal(host.attempts.get('phone'), 29); // after 0, 1, 3, 7, 15, 31, 63 minutes, then every hour
    host.broken.clear();
    await live(host, 61);
    const failures = host.titles().filter((title) => title.startsWith('Failed'));
    assert.deepEqual(failures, ['Failed: backup of a to nas (forge)']);
    assert.deepEqual(host.journal.notifications.standing(), []);
  });

  it('tries a channel that does not work once for all that waits, and in its order when it works', async () => {
    using host = new NotifiedHost(['a']);
    host.broken.set('phone', answers500);
    enqueue(
      host,
      [1, 2, 3].map((number) => message(host.now, { title: String(number) })),
      ['phone'],
    );
    await host.flush();
    assert.equal(host.attempts.get('phone'), 1);
    host.broken.clear();
    await host.flush({ insist: true });
    assert.deepEqual(host.titles(), ['1', '2', '3']);
  });

  it('lets others pass a message that is refused', async () => {
    using host = new NotifiedHost(['a']);
    host.broken.set('phone', ({ message: { title } }) =>
      title === 'bad'
        ? Promise.reject(undelivered('phone', 'it answered 413', 'It is too long.', { scope: 'message' }))
        : Promise.resolve(),
    );
    enqueue(
      host,
      ['good', 'bad', 'better'].map((title) => message(host.now, { title })),
      ['phone'],
    );
    await host.flush();
    assert.deepEqual(host.titles(), ['good', 'better']);
    assert.equal(host.journal.notifications.standing()[0]?.waiting, 1);
  });

  it('tells by another channel when nothing came through for an hour, once, and when it does again', async () => {
    using host = new NotifiedHost(['a'], twoChannels);
    host.broken.set('phone', answers500);
    host.run({ 'a@nas': UNREACHABLE });
    await live(host, 60);
    assert.deepEqual(host.titles('mail'), ['Failed: backup of a to nas (forge)']);
    await live(host, 120);
    assert.deepEqual(host.titles('mail').slice(1), ['Not delivered: messages to phone (forge)']);
    assert.match(host.sent.at(-1)?.message.body ?? '', /it answered 500/);
    host.broken.clear();
    await live(host, 62);
    assert.deepEqual(host.titles('mail').slice(2), ['Resolved: messages to phone (forge)']);
  });

  it('waits for the end of quiet hours, unless it is urgent', async () => {
    const quiet = channel('phone', { quietHours: { from: 22 * 60, to: 7 * 60 } });
    using host = new NotifiedHost(['a'], [quiet]);
    enqueue(
      host,
      [message(host.now, { title: 'can wait' }), message(host.now, { title: 'cannot', priority: 'urgent' })],
      ['phone'],
    );
    const result = await host.flush();
    assert.ok(result.kind === 'flushed' && result.channels[0]?.quiet);
    assert.deepEqual(host.titles(), ['cannot']);
    await live(host, 7 * 60);
    assert.deepEqual(
      host.sent.map(({ message: { title }, at }) => [title, elapsed(START, at) / 3_600_000]),
      [
        ['cannot', 0],
        ['can wait', 7],
      ],
    );
    assert.deepEqual(host.titles('mail'), []);
  });

  it('does not tell that a channel works again because all that waited for it was given up', async () => {
    using host = new NotifiedHost([], twoChannels);
    host.broken.set('phone', answers500);
    enqueue(host, [message(host.now)], ['phone']);
    await host.flush();
    for (let days = 0; days < 9; days += 1) {
      host.pass(duration(1, 'd'));
      await host.flush();
    }
    assert.deepEqual(host.journal.notifications.waiting('phone'), []);
    assert.deepEqual(new Set(host.titles('mail').map((title) => title.split(':')[0])), new Set(['Not delivered', 'Still']));
    host.notifications = { ...host.notifications, channels: [channel('mail')] };
    await host.flush();
    assert.deepEqual(host.journal.notifications.standing(), [], 'a channel that is gone is nobody’s problem');
  });

  it('gives up what is a week old, and says so to the channel once it works', async () => {
    using host = new NotifiedHost(['a']);
    host.broken.set('phone', answers500);
    enqueue(host, [message(host.now), message(host.now)], ['phone']);
    host.pass(duration(8, 'd'));
    await host.flush();
    assert.deepEqual(host.journal.notifications.channelsWaiting(), []);
    host.broken.clear();
    enqueue(host, [message(host.now, { title: 'new' })], ['phone']);
    await live(host, 2);
    assert.deepEqual(host.titles(), ['new', '2 messages were never delivered here']);
    assert.equal(host.sent.at(-1)?.message.host, 'forge');
  });

  it('drops the oldest of the least priority when too much waits, and says so', async () => {
    using host = new NotifiedHost(['a']);
    const many = (['high', 'low', 'normal', 'low'] as const).map((priority, index) =>
      message(host.now, { priority, title: `${index} ${priority}` }),
    );
    enqueue(host, many, ['phone'], 2);
    assert.deepEqual(
      host.journal.notifications.waiting('phone').map((each) => each.message.title),
      ['0 high', '2 normal'],
    );
    await live(host, 2);
    assert.deepEqual(host.titles(), ['0 high', '2 normal', '2 messages were never delivered here']);
  });

  it('gives what waits for a channel that was renamed, or is gone, to those that take it now, and no ping', async () => {
    using host = new NotifiedHost(['a'], twoChannels);
    host.broken.set('phone', answers500);
    const ping = { state: 'success' as const, runId: 'x' };
    host.run({ 'a@nas': UNREACHABLE });
    enqueue(host, [message(host.now, { kind: 'ping', ping })], ['phone']);
    await host.flush();
    assert.deepEqual([host.titles('mail').length, host.titles('phone').length], [1, 0]);
    host.notifications = { ...host.notifications, channels: [channel('mobile'), channel('mail')] };
    await host.flush();
    assert.deepEqual(host.titles('mobile'), ['Failed: backup of a to nas (forge)']);
    assert.equal(host.titles('mail').length, 1, 'it has it already');
    assert.deepEqual(host.journal.notifications.standing(), []);
  });

  it('keeps what waits for a channel that is gone until another takes it', async () => {
    using host = new NotifiedHost(['a']);
    host.broken.set('phone', answers500);
    host.run({ 'a@nas': UNREACHABLE });
    await host.flush();
    const drills = channel('drills', { events: ['drill-failure'] });
    host.notifications = { ...host.notifications, channels: [drills] };
    await host.flush();
    const [waiting] = host.journal.notifications.standing();
    assert.deepEqual([waiting?.channel, waiting?.waiting, waiting?.failingSince], ['phone', 1, null]);
    host.notifications = { ...host.notifications, channels: [drills, channel('mail')] };
    await host.flush();
    assert.deepEqual(host.titles('mail'), ['Failed: backup of a to nas (forge)']);
  });

  it('gives up what nobody took for a week, also where its channel is gone', async () => {
    using host = new NotifiedHost(['a'], [channel('drills', { events: ['drill-failure'] })]);
    enqueue(host, [message(host.now)], ['gone']);
    await host.flush();
    assert.deepEqual(host.journal.notifications.channelsWaiting(), ['gone']);
    host.pass(duration(8, 'd'));
    await host.flush();
    assert.deepEqual(host.journal.notifications.channelsWaiting(), []);
  });

  it('is not put off by a clock that was years ahead', async () => {
    using host = new NotifiedHost([]);
    host.broken.set('phone', answers500);
    host.now = later(host.now, duration(1000, 'd'));
    enqueue(host, [message(host.now)], ['phone']);
    await host.flush();
    host.now = START;
    host.broken.clear();
    await host.flush();
    assert.equal(host.titles().length, 1);
  });

  it('takes secrets out of every text before it is queued', async () => {
    using host = new NotifiedHost(['a']);
    const secret = 'tk_hunter2hunter2';
    host.notifications = {
      ...host.notifications,
      channels: [channel('phone', { to: { type: 'ntfy', url: `https://x:${secret}@h/t` } })],
    };
    host.run({ 'a@nas': { code: 'failed', message: `it said ${secret}` } });
    host.broken.set('phone', () => Promise.reject(new Error(`no ${secret}`)));
    const result = await host.flush();
    const { notifications } = host.journal;
    const queued = JSON.stringify([
      notifications.waiting('phone'),
      notifications.ailing('phone'),
      notifications.standing(),
      result,
    ]);
    assert.match(queued, /it said \*\*\*/);
    assert.match(queued, /no \*\*\*/);
    assert.ok(!queued.includes(secret), queued);
  });

  it('takes secrets out of what is told later than it was found, and again', async () => {
    using host = new NotifiedHost(['a']);
    const secret = 'tk_hunter2hunter2';
    const to = { type: 'ntfy', url: `https://x:${secret}@h/t` } as const;
    const filtered = (parts: Parameters<typeof channel>[1]): void => {
      host.notifications = { ...host.notifications, channels: [channel('phone', { to, ...parts })] };
    };
    filtered({ events: ['drill-failure'] });
    host.run({ 'a@nas': { code: 'failed', message: `it said ${secret}` } });
    await host.flush();
    filtered({});
    await host.flush();
    host.pass(duration(25, 'h'));
    await host.flush();
    const bodies = host.sent.map(({ message: { body } }) => body).filter((body) => body.includes('it said'));
    assert.equal(bodies.length, 2, 'once, and a reminder');
    for (const body of bodies) assert.ok(body.includes('it said ***'), body);
  });

  it('is left to the flush that is at work already', async () => {
    using host = new NotifiedHost(['a']);
    const busy: LockBroker = { acquire: (_, signal) => untilAborted(new Promise(() => {}), signal) };
    host.run({ 'a@nas': UNREACHABLE });
    assert.deepEqual(await host.flush({ broker: busy }), { kind: 'busy' });
    assert.deepEqual(host.titles(), []);
  });

  it('ends with the reason when it is told to, and loses nothing', async () => {
    using host = new NotifiedHost(['a']);
    const stop = new AbortController();
    const reason = new HoldfastError({ code: 'interrupted', operation: 'a', subject: 'b', message: 'stopped' });
    host.broken.set('phone', (_, signal) => {
      stop.abort(reason);
      return untilAborted(new Promise(() => {}), signal);
    });
    host.run({ 'a@nas': UNREACHABLE });
    await assert.rejects(host.flush({ signal: stop.signal }), reason);
    host.broken.clear();
    await host.flush();
    assert.equal(host.titles().length, 1);
  });
});
