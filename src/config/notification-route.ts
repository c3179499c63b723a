// Which channels get a message, and how urgent it is. Pure.

import { jobName } from '../domain/naming.ts';
import { type EventKind, type Item, type MessageKind, type Priority, PRIORITY_OF, rankOf } from '../domain/notification.ts';
import { namePattern } from '../lib/name-pattern.ts';
import type { ChannelConfig, NotificationsConfig } from './configuration.ts';

/** Pings go to their check alone. */
type Kind = Exclude<MessageKind, 'ping'>;
type Templates = Pick<NotificationsConfig, 'templates'>;

/** Whether the configuration wants it to be told at all. */
export const isTold = ({ templates }: Templates, kind: Kind): boolean => templates[kind as EventKind]?.enable !== false; // others have no template

export const priorityOf = ({ templates }: Templates, kind: Kind): Priority =>
  templates[kind as EventKind]?.priority ?? PRIORITY_OF[kind];

/** Which channels are told of something that went wrong; none, too, where it is not to be told. */
export const channelsOfProblem = (
  notifications: Pick<NotificationsConfig, 'templates' | 'channels'>,
  kind: Kind,
  items: readonly RoutedItem[],
): string[] =>
  isTold(notifications, kind)
    ? channelsFor(notifications.channels, { kind, priority: priorityOf(notifications, kind), items })
    : [];

type RoutedItem = Pick<Item, 'service' | 'repository' | 'subject'>;

export interface Routed {
  readonly kind: Kind;
  /** What decides: that something is over goes where it was told that it began. */
  readonly priority: Priority;
  readonly items: readonly RoutedItem[];
}

/** Checks take pings, and nothing else. */
export const takesPings = ({ to }: ChannelConfig): boolean => to.type === 'healthchecks';

export const channelsFor = (channels: readonly ChannelConfig[], message: Routed): string[] =>
  channels.filter((channel) => !takesPings(channel) && accepts(channel, message)).map(({ name }) => name);

function accepts(channel: ChannelConfig, { kind, priority, items }: Routed): boolean {
  if (kind === 'undelivered') return !items.some(({ subject }) => subject === channel.name);
  if (kind === 'test') return true;
  if (rankOf(priority) < rankOf(channel.minPriority)) return false;
  if (channel.events !== null && !channel.events.includes(kind satisfies EventKind)) return false;
  if (kind === 'summary') return true;
  const concerns = itemFilter(channel);
  return concerns === null || items.some(concerns);
}

/** Null: whatever it is about. */
export function itemFilter({
  services,
  jobs,
}: Pick<ChannelConfig, 'services' | 'jobs'>): ((of: Pick<Item, 'service' | 'repository'>) => boolean) | null {
  if (services.length + jobs.length === 0) return null;
  const isService = services.length === 0 ? () => false : namePattern(services);
  const isJob = jobs.length === 0 ? () => false : namePattern(jobs);
  return ({ service, repository }) =>
    service !== null && (isService(service) || (repository !== null && isJob(jobName(service, repository))));
}
