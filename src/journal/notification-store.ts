// The durable part of notifications: what is wrong, what is to be told of it, and what became of each delivery. Each call is one
// transaction, on disk when it returns. What is told, when and how is not decided here.

import type { Instant } from '../domain/instant.ts';
import type { Message, OpenProblem } from '../domain/notification.ts';

export interface NotificationStore {
  problems(): readonly OpenProblem[];
  /** When a message of each grouping was last made, of those since then. */
  groupings(since: Instant): ReadonlyMap<string, Instant>;
  mark(name: string): Instant | null;

  /** The one way in which something is told: what was observed counts as told exactly when what is to be said is queued. */
  record(change: NotificationChange): void;

  /** In the order in which they were made. */
  waiting(channel: string): readonly WaitingDelivery[];
  /** Channels to which something waits. */
  channelsWaiting(): readonly string[];
  delivered(id: number, at: Instant): void;
  /** It will not be tried again, and why. `removed`: it was for a channel that is no longer configured. */
  giveUp(id: number, outcome: 'expired' | 'dropped' | 'removed', at: Instant): void;
  /** To these channels instead, those left out that have it already; without any it waits where it is, as if never tried. */
  readdress(id: number, channels: readonly string[], at: Instant): void;
  /** It was refused, and is tried again: others of its channel need not wait for it. */
  postpone(id: number, nextAt: Instant, error: string): void;

  ailing(channel: string): AilingChannel | null;
  /** Null: it does well again. */
  setAiling(channel: string, state: AilingChannel | null): void;

  /** How many were given up for a channel, and nobody was told yet. */
  lost(channel: string): number;

  /** One for each channel to which something waits, or nothing came through the last time; by name. */
  standing(): readonly QueueStanding[];
  /** What was settled before then is of no use any more. */
  prune(before: Instant): void;
}

export interface NotificationChange {
  readonly at: Instant;
  /** Ids of runs. */
  readonly told: readonly string[];
  /** Runs that ended before then are no news to anybody. */
  readonly oldNews: Instant;
  /** All that there are from now on; null: as they are. */
  readonly problems: readonly OpenProblem[] | null;
  readonly messages: readonly QueuedMessage[];
  readonly marks: ReadonlyMap<string, Instant>;
  /** At most so many wait for one channel: of more, the oldest of the least priority are dropped. */
  readonly bound: number;
  /** Channels that were told of what they lost. */
  readonly admitted?: readonly string[];
}

export interface QueuedMessage {
  /** Where one of that key exists already, nothing happens; null: it has none. */
  readonly key: string | null;
  readonly grouping: string;
  readonly message: Message;
  readonly channels: readonly string[];
}

export interface WaitingDelivery {
  readonly id: number;
  readonly messageId: number;
  readonly channel: string;
  readonly attempts: number;
  readonly nextAt: Instant;
  readonly message: Message;
}

export interface AilingChannel {
  readonly failures: number;
  readonly since: Instant;
  readonly nextAt: Instant;
  readonly error: string;
}

export interface QueueStanding {
  readonly channel: string;
  readonly waiting: number;
  /** When the oldest of them was made; null: none waits. */
  readonly oldestAt: Instant | null;
  readonly lastError: string | null;
  /** Since when nothing could be delivered; null: it does well, or waits for the end of quiet hours. */
  readonly failingSince: Instant | null;
}
