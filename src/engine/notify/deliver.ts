// Delivers what waits, each channel for itself: one that hangs delays no other. A message is gone from the queue only after its
// receiver has said that it has it; whatever ends this process before that is on disk, the message is delivered again.

import type { ChannelConfig } from '../../config/configuration.ts';
import { channelsFor } from '../../config/notification-route.ts';
import { EXPIRY, nextTry, START_EXPIRY } from '../../domain/delivery.ts';
import { duration, type Duration, formatDuration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import type { Message } from '../../domain/notification.ts';
import { quietUntil } from '../../domain/quiet-hours.ts';
import type { Clock } from '../../lib/clock.ts';
import { asHoldfastError, type ErrorReport, errorReport } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { NotificationStore, WaitingDelivery } from '../../journal/notification-store.ts';
import { type Channel, DeliveryError, undelivered } from '../../observe/notify/channel.ts';

export interface DeliverOptions {
  readonly channels: readonly ChannelConfig[];
  readonly open: (channel: ChannelConfig) => Channel;
  readonly store: NotificationStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** 0..1 */
  readonly chance: () => number;
  /** Also what waits for its next try, and does not wait for quiet hours. */
  readonly insist: boolean;
  readonly mask: (text: string) => string;
  /** For one message. */
  readonly limit?: Duration | undefined;
}

export interface ChannelResult {
  readonly channel: string;
  readonly delivered: number;
  /** What is left. */
  readonly waiting: number;
  readonly quiet: boolean;
  readonly expired: number;
  /** Null: whatever was tried came through. */
  readonly error: ErrorReport | null;
}

/** For one message. */
export const DELIVERY_LIMIT = duration(20, 's');
/** For all that a channel gets in one go: what is left waits for the next. */
const CHANNEL_LIMIT = duration(45, 's');

/** One result for each channel to which something waited, in the order of the configuration. */
export async function deliverAll(options: DeliverOptions): Promise<readonly ChannelResult[]> {
  const { store, channels } = options;
  rehouse(options);
  const waiting = new Set(store.channelsWaiting());
  return await Promise.all(channels.filter(({ name }) => waiting.has(name)).map((channel) => deliverTo(channel, options)));
}

/** What waits for a channel that is gone, or has another name now, goes to those that take it; where none does it waits on. */
function rehouse({ store, clock, channels }: DeliverOptions): void {
  const known = new Set(channels.map(({ name }) => name));
  const now = clock.now();
  for (const { channel: name } of store.standing()) {
    if (known.has(name)) continue;
    for (const { id, message } of store.waiting(name)) {
      if (message.kind === 'ping') store.giveUp(id, 'removed', now);
      else if (isExpired(message, now)) store.giveUp(id, 'expired', now);
      else store.readdress(id, takers(channels, message), now);
    }
    store.setAiling(name, null);
  }
}

/** That something is over goes wherever it is wanted: how urgent its beginning was is not known any more. */
function takers(channels: readonly ChannelConfig[], { kind, priority, items }: Message): string[] {
  if (kind === 'ping') return [];
  return channelsFor(channels, { kind, priority: kind === 'backup-recovered' ? 'urgent' : priority, items });
}

async function deliverTo(config: ChannelConfig, options: DeliverOptions): Promise<ChannelResult> {
  const { store, clock, signal, insist } = options;
  const channel = options.open(config);
  const began = performance.now();
  let delivered = 0;
  let expired = 0;
  let host = '';
  let error: ErrorReport | null = null;
  for (const delivery of store.waiting(config.name)) {
    signal.throwIfAborted();
    const now = clock.now();
    if (isExpired(delivery.message, now)) {
      store.giveUp(delivery.id, 'expired', now);
      expired += delivery.message.ping?.state === 'start' ? 0 : 1;
      continue;
    }
    const ailing = store.ailing(config.name);
    if (!insist && (isEarly(ailing?.nextAt, now) || isEarly(delivery.nextAt, now))) continue;
    if (heldBack(config, delivery.message, now) !== null) continue;
    if (performance.now() - began > CHANNEL_LIMIT) break;
    const failure = await tryOne(channel, delivery, config.name, options); // oxlint-disable-line no-await-in-loop -- in their order
    if (failure === null) {
      store.delivered(delivery.id, clock.now());
      if (ailing) store.setAiling(config.name, null);
      delivered += 1;
      host = delivery.message.host;
      continue;
    }
    error = errorReport(failure);
    if (!note(failure, delivery, config.name, options)) break;
  }
  const left = store.waiting(config.name);
  const quiet = left.length > 0 && left.every(({ message }) => heldBack(config, message, clock.now()) !== null);
  if (delivered > 0) admitLosses(config.name, host, options);
  return { channel: config.name, delivered, waiting: left.length, quiet, expired, error };
}

/** A clock that was set back must not put it off for ever: no wait is longer than an hour or two. */
const LONGEST_WAIT = duration(2, 'h');
const isEarly = (nextAt: Instant | undefined, now: Instant): boolean =>
  nextAt !== undefined && nextAt > now && nextAt - now < LONGEST_WAIT;

function isExpired(message: Message, now: Instant): boolean {
  const limit = message.ping?.state === 'start' ? START_EXPIRY : EXPIRY;
  return elapsed(message.at, now) > limit;
}

/** When quiet hours are over; null: it goes out now. */
export const heldBack = (
  { quietHours }: Pick<ChannelConfig, 'quietHours'>,
  { priority, kind }: Pick<Message, 'priority' | 'kind'>,
  now: Instant,
): Instant | null =>
  quietHours === null || priority === 'urgent' || kind === 'ping' || kind === 'test' ? null : quietUntil(quietHours, now);

async function tryOne(
  channel: Channel,
  { messageId, message }: Pick<WaitingDelivery, 'messageId' | 'message'>,
  name: string,
  { clock, signal, mask, limit }: Pick<DeliverOptions, 'clock' | 'signal' | 'mask' | 'limit'>,
): Promise<DeliveryError | null> {
  const now = clock.now();
  const id = `holdfast-${message.at.toString(36)}-${messageId}`;
  return await attempt(channel, { id, message, now }, name, signal, mask, limit);
}

/** Null when it came through. Throws only the signal's reason. */
export async function attempt(
  channel: Channel,
  envelope: Parameters<Channel['deliver']>[0],
  name: string,
  signal: AbortSignal,
  mask: (text: string) => string,
  limit: Duration = DELIVERY_LIMIT,
): Promise<DeliveryError | null> {
  using time = limitTime(limit, () =>
    undelivered(
      name,
      `it did not answer within ${formatDuration(limit)}`,
      'Is the network up, and does the server do well?',
      {
        code: 'timed-out',
      },
    ),
  );
  try {
    await channel.deliver(envelope, AbortSignal.any([signal, time.signal]));
    return null;
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asHoldfastError(thrown, 'deliver to', name);
    const { code, operation, subject, hint, retry, tool, cause } = error;
    const [scope, retryAfter] =
      error instanceof DeliveryError ? [error.scope, error.retryAfter] : (['channel', null] as const);
    return new DeliveryError(
      { code, operation, subject, message: mask(error.message), hint: hint && mask(hint), retry, tool, cause },
      scope,
      retryAfter,
    );
  }
}

/** What is remembered of it. Whether the others of this channel may be tried. */
function note(failure: DeliveryError, { id, attempts }: WaitingDelivery, name: string, options: DeliverOptions): boolean {
  const { store, clock, chance } = options;
  const now = clock.now();
  if (failure.scope === 'message') {
    store.postpone(id, nextTry(attempts + 1, now, chance(), failure.retryAfter), failure.message);
    return true;
  }
  const before = store.ailing(name);
  const failures = (before?.failures ?? 0) + 1;
  const nextAt = nextTry(failures, now, chance(), failure.retryAfter);
  store.setAiling(name, { failures, since: before?.since ?? now, nextAt, error: failure.message });
  return false;
}

/** A channel that works again says what it never said. */
function admitLosses(name: string, host: string, { store, clock, channels }: DeliverOptions): void {
  const lost = store.lost(name);
  if (lost === 0) return;
  const now = clock.now();
  const what = lost === 1 ? '1 message was' : `${lost} messages were`;
  const message: Message = {
    kind: 'undelivered',
    priority: 'normal',
    host,
    title: `${what} never delivered here`,
    body: `${what} given up because ${name} did not work for long. What became of backups: holdfast status, holdfast history`,
    items: [],
    at: now,
    ping: null,
  };
  const isCheck = channels.some((each) => each.name === name && each.to.type === 'healthchecks');
  store.record({
    at: now,
    told: [],
    oldNews: 0 as Instant, // nothing of the past is touched here
    problems: null,
    messages: isCheck ? [] : [{ key: null, grouping: `lost ${name}`, message, channels: [name] }],
    marks: new Map(),
    bound: Number.MAX_SAFE_INTEGER,
    admitted: [name],
  });
}
