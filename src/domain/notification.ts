// What is told, and about what: the kinds of events, how urgent they are, problems that last, and messages. Types and tables
// only; when something is told is advance-problems.ts, in which words is notification-text.ts.

import type { Instant } from './instant.ts';

export const EVENT_KINDS = [
  'backup-failure',
  'backup-recovered',
  'partial',
  'stale',
  'verify-failure',
  'drill-failure',
  'preseed-success',
  'preseed-failure',
  'preseed-skipped',
  'gate-result',
  'sanoid-failure',
  'syncoid-lag-warning',
  'dataset-drift',
  'pool-failure',
  'capacity-warning',
  'capacity-critical',
  'hold-forgotten',
  'summary',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** About the telling itself: no configuration turns them off. `ping` tells a check that something began or ended. */
export type MessageKind = EventKind | 'undelivered' | 'test' | 'ping';

export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
export type Priority = (typeof PRIORITIES)[number];
export const rankOf = (priority: Priority): number => PRIORITIES.indexOf(priority);

/** How urgent each is where the configuration does not say. */
export const PRIORITY_OF: Readonly<Record<Exclude<MessageKind, 'ping'>, Priority>> = {
  'backup-failure': 'high',
  'backup-recovered': 'normal',
  partial: 'high',
  stale: 'high',
  'verify-failure': 'high',
  'drill-failure': 'high',
  'preseed-success': 'normal',
  'preseed-failure': 'urgent',
  'preseed-skipped': 'low',
  'gate-result': 'normal',
  'sanoid-failure': 'high',
  'syncoid-lag-warning': 'normal',
  'dataset-drift': 'normal',
  'pool-failure': 'high',
  'capacity-warning': 'normal',
  'capacity-critical': 'high',
  'hold-forgotten': 'high',
  summary: 'low',
  undelivered: 'high',
  test: 'normal',
};

/** One thing that a message is about. */
export interface Item {
  /** 'sonarr@nas', 'nas', 'zfs-autosnap.service': as people write it. */
  readonly subject: string;
  readonly service: string | null;
  readonly repository: string | null;
  readonly unit: string | null;
  readonly dataset: string | null;
  /** 'backup', 'retention', 'verify', ...: the word before the colon of a step's id. */
  readonly operation: string;
  readonly outcome: string;
  /** What happened, in one sentence. */
  readonly message: string;
  /** The last lines of the program that failed. */
  readonly tail: readonly string[];
  /** What to do about it. */
  readonly hint: string | null;
  /** The run that found it. */
  readonly runId: string | null;
  /** When that began and how long it took; for what lasts, since when. */
  readonly startedAt: Instant | null;
  readonly durationSeconds: number | null;
  /** When it became known. */
  readonly at: Instant;
}

/** The outcome of an item about a service that starts without its data because a person said so. */
export const STARTED_EMPTY = 'started empty';

/** The events that say that something is wrong, until it is no longer. */
export type ProblemKind =
  | Exclude<EventKind, 'backup-recovered' | 'preseed-success' | 'preseed-skipped' | 'gate-result' | 'summary'>
  | 'undelivered';

export interface Problem {
  /** Its identity as long as it lasts: 'backup:sonarr@nas'. */
  readonly key: string;
  readonly kind: ProblemKind;
  /** Why. A problem whose cause changes is told anew. */
  readonly cause: string;
  /** Problems of one kind with the same are told together. */
  readonly group: string;
  readonly item: Item;
  /** `run`: ended by a later run. `condition`: by not being observed any more. */
  readonly source: 'run' | 'condition';
  /** Not told before it has been so for that long (milliseconds): it may pass by itself. */
  readonly patience: number;
}

/** A problem with what was told of it so far. */
export interface OpenProblem extends Problem {
  readonly since: Instant;
  /** Null as long as it lasts. */
  readonly resolvedAt: Instant | null;
  readonly toldAt: Instant | null;
  readonly timesTold: number;
  readonly toldCauses: readonly string[];
}

/** Something that happened and is over: told once, never resolved. */
export interface Note {
  readonly key: string;
  readonly kind: Extract<EventKind, 'preseed-success' | 'preseed-skipped' | 'preseed-failure' | 'gate-result'>;
  readonly items: readonly Item[];
  readonly priority?: Priority;
}

/** What is said, as it lies in the queue: no secret is in it. */
export interface Message {
  readonly kind: MessageKind;
  readonly priority: Priority;
  readonly host: string;
  readonly title: string;
  readonly body: string;
  readonly items: readonly Item[];
  readonly at: Instant;
  /** Of a ping: what began or ended. */
  readonly ping: { readonly state: 'start' | 'success' | 'fail' | 'log'; readonly runId: string } | null;
}
