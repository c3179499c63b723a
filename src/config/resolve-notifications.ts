// Notifications as they are written, over what is built in.

import { EVENT_KINDS, PRIORITIES } from '../domain/notification.ts';
import { parseQuietHours, parseTimeOfDay } from '../domain/quiet-hours.ts';
import type { ChannelConfig, NotificationsConfig, TemplateConfig } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type EffectiveEntries, Written } from './effective.ts';
import type { ChannelFile, NotificationsFile } from './schema.ts';
import { parsed } from './written-values.ts';

const DEFAULT_SUMMARY_TIME = '08:00';

export function resolveNotifications(
  value: NotificationsFile | undefined,
  document: SourceDocument,
  entries: EffectiveEntries,
): NotificationsConfig {
  const path = ['notifications'];
  const written = new Written(value, document, path);
  if (value) entries.add(path, { value: null, origin: { kind: 'written', document, path, via: null } }, {});
  const channels = Object.entries(value?.channels ?? {}).map(([name, channel]) =>
    resolveChannel(name, channel, document, entries),
  );
  const templates: Partial<Record<(typeof EVENT_KINDS)[number], TemplateConfig>> = {};
  for (const kind of EVENT_KINDS) {
    const template = value?.templates?.[kind];
    if (!template) continue;
    const place = [...path, 'templates', kind];
    const own = new Written(template, document, place);
    const add = <Key extends keyof typeof template>(key: Key): NonNullable<(typeof template)[Key]> | null =>
      entries.add<NonNullable<(typeof template)[Key]> | null>([...place, key], own.get(key) ?? builtIn(null));
    templates[kind] = {
      enable: add('enable') ?? true,
      priority: add('priority'),
      title: add('title'),
      body: add('body'),
    };
  }
  const schedule = written.inside('summary', value?.summary).get('schedule');
  if (!schedule) return { channels, templates, summary: null };
  entries.add([...path, 'summary', 'schedule'], schedule);
  const at = entries.add(
    [...path, 'summary', 'at'],
    written.inside('summary', value?.summary).get('at') ?? builtIn(DEFAULT_SUMMARY_TIME),
  );
  return { channels, templates, summary: { schedule: schedule.value, at: parsed(parseTimeOfDay, at) } };
}

/** Built in where a channel does not say. */
const BUILT_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  telegram: { url: 'https://api.telegram.org' },
  pushover: { url: 'https://api.pushover.net' },
};

function resolveChannel(
  name: string,
  channel: ChannelFile,
  document: SourceDocument,
  entries: EffectiveEntries,
): ChannelConfig {
  const path = ['notifications', 'channels', name];
  const { minPriority, events, services, jobs, quietHours, ...to } = channel;
  const origin = (key: string) => ({ kind: 'written', document, path: [...path, key], via: null }) as const;
  for (const [key, value] of Object.entries(channel))
    if (value !== undefined) entries.add([...path, key], { value, origin: origin(key) });
  if (minPriority === undefined) entries.add([...path, 'minPriority'], builtIn(PRIORITIES[0]));
  for (const [key, value] of Object.entries(BUILT_IN[to.type] ?? {}))
    if (!(key in to)) entries.add([...path, key], builtIn(value));
  return {
    name,
    minPriority: minPriority ?? PRIORITIES[0],
    events: events ?? null,
    services: services ?? [],
    jobs: jobs ?? [],
    quietHours: quietHours === undefined ? null : parsed(parseQuietHours, quietHours),
    to: { ...BUILT_IN[to.type], ...to },
  };
}
