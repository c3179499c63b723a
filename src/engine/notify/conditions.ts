// What is wrong as long as it is so, whether or not a run says it: copies that are too old, what was due and did not run, holds
// that were forgotten, dead runs that nobody cleaned up after, pools that do not do well, channels that nothing comes through to.

import { duration } from '../../domain/duration.ts';
import { heldHint, heldWords } from '../../domain/empty-start.ts';
import type { Instant } from '../../domain/instant.ts';
import { localMinute } from '../../domain/local-time.ts';
import type { Problem } from '../../domain/notification.ts';
import { HELD_TIMERS_KIND, holdRecord, LASTING_HOLD_KIND } from '../gate/hold-record.ts';
import { heldServices } from '../recover/empty-starts.ts';
import { diedHolding } from '../runner/dead-runs.ts';
import { stuckChannels } from '../status/stuck-channels.ts';
import { type ConditionSource, nothing } from './condition.ts';
import { overdue } from './overdue.ts';
import { storageConditions } from './storage-conditions.ts';

export const conditionsOf = (source: ConditionSource): Problem[] => [
  ...unreadable(source),
  ...overdue(source),
  ...holds(source),
  ...onNothing(source),
  ...leftovers(source),
  ...storageConditions(source),
  ...stuck(source),
];

/** Whoever is at work on it saves more than once. */
const EDITING = duration(5, 'm');

const unreadable = ({ broken, now }: ConditionSource): Problem[] =>
  broken === null
    ? []
    : [
        {
          key: 'configuration',
          kind: 'backup-failure',
          cause: 'configuration',
          group: 'configuration',
          source: 'condition',
          patience: EDITING,
          item: {
            ...nothing,
            subject: 'this host',
            operation: 'load',
            outcome: 'failed',
            message: `the configuration does not hold, so that nothing runs: ${broken.message}`,
            hint: 'holdfast config check',
            at: now,
          },
        },
      ];

/** They were to end by themselves. Until then no backup starts. */
function holds({ journal, now }: ConditionSource): Problem[] {
  const kept = journal.keptEffects(LASTING_HOLD_KIND);
  const records = kept.map(({ payload }) => holdRecord(payload));
  const until = Math.max(0, ...records.map((record) => record.until ?? 0)) as Instant;
  if (kept.length === 0 || until >= now) return [];
  return [
    holdProblem(
      'hold',
      `they were to be released at ${localMinute(until)}, and are not`,
      records.flatMap(({ timers }) => timers),
      until,
    ),
  ];
}

function holdProblem(key: string, why: string, timers: readonly string[], at: Instant): Problem {
  const names = [...new Set(timers)].toSorted();
  return {
    key,
    kind: 'hold-forgotten',
    cause: 'held',
    group: 'hold',
    source: 'condition',
    patience: 0,
    item: {
      ...nothing,
      subject: names.join(', '),
      operation: 'hold',
      outcome: 'held',
      message: `no backup starts by itself: timers are on hold (${someOf(names)}); ${why}`,
      hint: 'holdfast gate release',
      at,
    },
  };
}

const MOST_NAMED = 5;
const someOf = (names: readonly string[]): string =>
  names.length <= MOST_NAMED + 1
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`;

/** As long as nobody has looked. */
const onNothing = ({ journal }: ConditionSource): Problem[] =>
  heldServices(journal).map((held) => ({
    key: `empty:${held.service}`,
    kind: 'preseed-failure',
    cause: 'started empty',
    group: 'started empty',
    source: 'condition',
    patience: 0,
    item: {
      ...nothing,
      subject: held.service,
      service: held.service,
      operation: 'recover',
      outcome: 'held',
      message: heldWords(held),
      hint: heldHint(held),
      at: held.since,
    },
  }));

/** A run that died with something in the air: nobody may have noticed. */
const leftovers = ({ journal }: ConditionSource): Problem[] =>
  diedHolding(journal).map((run) => {
    const key = `died:${run.id}`;
    const held = run.effects.filter(({ kind }) => kind === HELD_TIMERS_KIND);
    if (held.length > 0) {
      const timers = held.flatMap(({ payload }) => holdRecord(payload).timers);
      return holdProblem(key, 'the gate that held them died', timers, run.startedAt);
    }
    const what = [...new Set(run.effects.map(({ kind }) => kind))].join(', ');
    return {
      key,
      kind: 'backup-failure',
      cause: 'died',
      group: key,
      source: 'condition',
      patience: 0,
      item: {
        ...nothing,
        subject: `${run.kind} ${run.id}`,
        operation: 'leftovers',
        outcome: 'interrupted',
        message: `its process is gone, and what it had made is still there: ${what}`,
        hint: 'Any `holdfast run` or `holdfast restore` cleans up first, and says what it did.',
        runId: run.id,
        at: run.startedAt,
      },
    };
  });

/** Told by whichever other channel works. */
const stuck = ({ config, journal, now }: ConditionSource): Problem[] =>
  stuckChannels(config, journal, now).map(({ channel, since, waiting, error, hint }) => ({
    key: `undelivered:${channel}`,
    kind: 'undelivered',
    cause: 'stuck',
    group: channel,
    source: 'condition',
    patience: 0,
    item: {
      ...nothing,
      subject: channel,
      operation: 'deliver',
      outcome: 'failed',
      message: `nothing comes through to ${channel}${waiting === null ? '' : `, ${waiting}`}: ${error}`,
      hint,
      at: since,
    },
  }));
