// One flush: observe, then deliver. Several may be started at once (by a timer, by the end of a backup, by the agent): one
// works, the others have nothing to do. Not a plan: what it is about to do and did is in the queue itself (ADR 20).

import type { Configuration } from '../../config/configuration.ts';
import { EXPIRY } from '../../domain/delivery.ts';
import { duration, type Duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { OpenProblem } from '../../domain/notification.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Clock } from '../../lib/clock.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { openChannel } from '../../observe/notify/open-channel.ts';
import { knownSecrets } from '../../observe/notify/secrets.ts';
import { maskSecrets } from '../../process/mask.ts';
import type { LockBroker } from '../../repositories/broker.ts';
import { namedSecrets } from '../../repositories/secrets.ts';
import { withoutGhosts } from '../runner/dead-runs.ts';
import { type ChannelResult, deliverAll } from './deliver.ts';
import type { KilledUnit } from './killed-units.ts';
import type { StorageLook } from './look-at-storage.ts';
import { observe, type Observed } from './observe.ts';

export interface FlushOptions {
  readonly config: Configuration;
  readonly journal: Journal;
  readonly broker: LockBroker;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Why the configuration does not hold, where `config` is an older one that did. */
  readonly broken?: HoldfastError | null;
  /** What systemd says was killed (killed-units.ts); nothing where nobody is to be asked. */
  readonly killed?: (signal: AbortSignal) => Promise<readonly KilledUnit[]>;
  /** How pools do (look-at-storage.ts); nothing where nobody is to be asked. */
  readonly storage?: (open: readonly OpenProblem[], signal: AbortSignal) => Promise<StorageLook>;
  /** Also what waits for its next try. */
  readonly insist?: boolean;
  /** For tests: what a channel is made of, chance (0..1), and how long one message may take. */
  readonly open?: typeof openChannel;
  readonly chance?: () => number;
  readonly limit?: Duration;
}

export type FlushResult =
  | { readonly kind: 'busy' }
  | { readonly kind: 'flushed'; readonly observed: Observed; readonly channels: readonly ChannelResult[] };

const LOCK = { name: 'notifications', mode: 'exclusive' } as const;
/** A free lock needs a moment to be taken, too. */
const LOCK_WAIT = duration(2, 's');
const KEPT = duration(30, 'd');

/** Throws only what keeps the journal from being used, and the signal's reason. */
export async function flushNotifications(options: FlushOptions): Promise<FlushResult> {
  const { config, journal, clock, signal } = options;
  await using lock = await lockOrNone(options.broker, signal);
  if (lock === null) return { kind: 'busy' };
  const mask = isIdle(journal, clock.now()) ? (text: string) => text : await maskFor(config, signal);
  const [killed, storage] = await Promise.all([
    options.killed?.(signal) ?? [],
    options.storage?.(journal.notifications.problems(), signal) ?? null,
  ]);
  const observed = observe(config, journal, clock.now(), mask, { broken: options.broken ?? null, killed, storage });
  const channels = await deliverAll({
    channels: config.notifications.channels,
    open: options.open ?? openChannel,
    store: journal.notifications,
    clock,
    signal,
    chance: options.chance ?? Math.random,
    insist: options.insist ?? false,
    mask,
    limit: options.limit,
  });
  journal.notifications.prune((clock.now() - KEPT) as Instant);
  return { kind: 'flushed', observed, channels };
}

/** Nothing that a program has said is about to be told: once a minute no secret need be read for nothing. */
const isIdle = (journal: Journal, now: Instant): boolean =>
  journal.notifications.channelsWaiting().length === 0 &&
  journal.notifications.problems().every(({ source }) => source === 'condition') && // of a run it may be told later, or again
  journal
    .untoldRuns((now - EXPIRY) as Instant)
    .map(withoutGhosts(journal))
    .every(({ outcome }) => outcome === 'running');

/** Null when another flush is at work. */
async function lockOrNone(broker: LockBroker, signal: AbortSignal): Promise<AsyncDisposable | null> {
  const taken = new HoldfastError({
    code: 'busy',
    operation: 'lock',
    subject: LOCK.name,
    message: 'another flush is at work',
  });
  using time = limitTime(LOCK_WAIT, () => taken);
  try {
    return await broker.acquire([LOCK], AbortSignal.any([signal, time.signal]));
  } catch (error) {
    if (error === taken) return null;
    throw error;
  }
}

/** Takes every secret that is known here out of a text. */
export async function maskFor(
  { notifications, repositories }: Pick<Configuration, 'notifications' | 'repositories'>,
  signal: AbortSignal,
): Promise<(text: string) => string> {
  const found = await Promise.all([
    knownSecrets(
      notifications.channels.map(({ to }) => to),
      signal,
    ),
    ...[...repositories.values()].map((repository) => namedSecrets(repository, signal)),
  ]);
  const secrets = found.flat();
  return (text) => maskSecrets(text, secrets);
}
