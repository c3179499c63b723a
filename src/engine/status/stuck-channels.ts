// Channels that nothing has come through to for long, for `holdfast status` and for the channels that work.

import type { Configuration } from '../../config/configuration.ts';
import { isStuck } from '../../domain/delivery.ts';
import type { Instant } from '../../domain/instant.ts';
import type { NotificationStore } from '../../journal/notification-store.ts';

export interface StuckChannel {
  readonly channel: string;
  readonly since: Instant;
  /** '2 messages wait'; null: none is left. */
  readonly waiting: string | null;
  readonly error: string;
  readonly hint: string;
}

export type ToldJournal = { readonly notifications: Pick<NotificationStore, 'standing' | 'problems'> };

/** Of those that are configured. */
export function stuckChannels(
  { notifications }: Pick<Configuration, 'notifications'>,
  journal: ToldJournal,
  now: Instant,
): StuckChannel[] {
  if (notifications.channels.length === 0) return [];
  const configured = new Set(notifications.channels.map(({ name }) => name));
  return journal.notifications.standing().flatMap(({ channel, waiting, failingSince, lastError }) => {
    if (!configured.has(channel) || failingSince === null || !isStuck(failingSince, now)) return [];
    const left = waiting === 0 ? null : waiting === 1 ? '1 message waits' : `${waiting} messages wait`;
    return [
      {
        channel,
        since: failingSince,
        waiting: left,
        error: lastError ?? 'nobody knows why',
        hint: `holdfast notify test ${channel}`,
      },
    ];
  });
}
