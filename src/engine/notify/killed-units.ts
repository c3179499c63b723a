// What was killed before it could write a word into the record (by the memory that ran out while it began, by somebody's SIGKILL):
// only systemd knows of it. Whatever has a run on record is told by that.

import type { Configuration } from '../../config/configuration.ts';
import type { Fact } from '../../domain/advance-problems.ts';
import { poolOf } from '../../domain/dataset.ts';
import { duration } from '../../domain/duration.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import { stepId, unitNames } from '../../domain/naming.ts';
import type { ProblemKind } from '../../domain/notification.ts';
import type { SnapshotPolicy } from '../../domain/snapshot-policy.ts';
import type { Journal } from '../../journal/journal.ts';
import { untilAborted } from '../../lib/abort.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import { type ScheduledJob, scheduledJobs } from '../schedule/scheduled-jobs.ts';

export interface KilledUnit {
  readonly unit: string;
  /** systemd's word: 'signal', 'oom-kill', 'timeout', ... */
  readonly result: string;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
}

/** Ended by themselves: those have said on standard error why, and 78 and 75 are told otherwise. */
const BY_ITSELF: ReadonlySet<string> = new Set(['success', 'exit-code']);

/** It answers within milliseconds; what is to be told does not wait for one that is busy. */
const PATIENCE = duration(5, 's');

/** Of Holdfast's own, as they stand now. None where systemd does not run, or does not answer: the rest is told all the same. */
export async function killedUnits(
  signal: AbortSignal,
  open: typeof openManager = openManager,
  patience = PATIENCE,
): Promise<readonly KilledUnit[]> {
  using limit = limitTime(patience, () => noAnswer());
  const either = AbortSignal.any([signal, limit.signal]);
  try {
    return await untilAborted(look(open, either), either);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return [];
  }
}

async function look(open: typeof openManager, signal: AbortSignal): Promise<readonly KilledUnit[]> {
  await using manager = await open(signal);
  const found = await manager.find(['holdfast-*.service']);
  const failed = found.filter(({ active }) => active === 'failed');
  const facts = await Promise.all(failed.map(({ name }) => manager.facts(name)));
  return facts.flatMap(({ name, result, startedAt, endedAt }) =>
    startedAt === null || BY_ITSELF.has(result) ? [] : [{ unit: name, result, startedAt, endedAt: endedAt ?? startedAt }],
  );
}

const noAnswer = (): HoldfastError =>
  new HoldfastError({ code: 'timed-out', operation: 'ask', subject: 'systemd', message: 'it did not answer' });

/** As if a run had failed: it is over when the next one succeeds, not when it begins. */
export function unrecordedFacts(config: Configuration, journal: Journal, killed: readonly KilledUnit[]): Fact[] {
  if (killed.length === 0) return [];
  const jobs = new Map(scheduledJobs(config).map((job) => [unitNames.scheduled(job.kind, job.subject), job]));
  return killed.flatMap((unit) => {
    const job = jobs.get(unit.unit);
    return job === undefined ? [] : stepsOf(job, config).flatMap((step) => factOf(unit, job, step, journal));
  });
}

interface Told {
  readonly key: string;
  readonly repository: string | null;
  readonly kind: ProblemKind;
}

/** The steps that it would have had; those of one unit are told together. */
function stepsOf({ kind, service, subject, repositories }: ScheduledJob, { replication }: Configuration): Told[] {
  const pools = (isMeant: (policy: SnapshotPolicy) => boolean): string[] => [
    ...new Set(replication.snapshots.datasets.filter(isMeant).map(({ dataset }) => poolOf(dataset))),
  ];
  const ofPool = (key: string): Told => ({ key, repository: null, kind: 'sanoid-failure' });
  if (kind === 'snapshot-take') return pools(({ autosnap }) => autosnap).map((pool) => ofPool(stepId.takeSnapshots(pool)));
  if (kind === 'snapshot-prune')
    return pools(({ autoprune }) => autoprune).map((pool) => ofPool(stepId.pruneSnapshots(pool)));
  if (kind === 'archive' && subject !== null)
    return [{ key: stepId.server('archive', subject), repository: null, kind: 'backup-failure' }];
  if (kind === 'replicate' && subject !== null)
    return [{ key: stepId.lag(subject), repository: null, kind: 'syncoid-lag-warning' }];
  return repositories.flatMap((repository): Told[] => {
    if (kind === 'run' && service !== null)
      return [{ key: stepId.backup(service, repository), repository, kind: 'backup-failure' }];
    if (kind === 'drill' && service !== null)
      return [{ key: stepId.drill(service, repository), repository, kind: 'drill-failure' }];
    if (kind === 'retention') return [{ key: stepId.retention(repository), repository, kind: 'backup-failure' }];
    if (kind === 'refresh') return [{ key: stepId.refresh(repository), repository, kind: 'backup-failure' }];
    return kind === 'verify' ? [{ key: stepId.verify(repository), repository, kind: 'verify-failure' }] : [];
  });
}

function factOf(unit: KilledUnit, { service }: ScheduledJob, told: Told, journal: Journal): Fact[] {
  if (isOnRecord(told.key, service, unit.startedAt, journal)) return [];
  return [
    {
      type: 'wrong',
      problem: {
        key: told.key,
        kind: told.kind,
        cause: 'killed',
        group: `killed ${unit.unit}`,
        source: 'run',
        patience: 0,
        item: {
          subject: told.key.slice(told.key.indexOf(':') + 1),
          service,
          repository: told.repository,
          unit: null,
          dataset: null,
          operation: told.key.slice(0, told.key.indexOf(':')),
          outcome: 'failed',
          message: `${unit.unit} was ended (${unit.result}) before its run was on record`,
          tail: [],
          hint: `See why: journalctl -u ${unit.unit} -n 50`,
          runId: null,
          startedAt: unit.startedAt,
          durationSeconds: (unit.endedAt - unit.startedAt) / 1000,
          at: unit.endedAt,
        },
      },
    },
  ];
}

/** Enough for those of one service between two times of a job. */
const RECENT = 50;

/** That or a later run of it, at whatever end. */
function isOnRecord(key: string, service: string | null, since: Instant, journal: Journal): boolean {
  return (
    (journal.latestStep(key)?.endedAt ?? 0) >= since ||
    journal
      .runs({ limit: RECENT, ...(service === null ? {} : { service }) })
      .some(({ startedAt, steps }) => (parseInstant(startedAt) ?? 0) >= since && steps.some(({ id }) => id === key))
  );
}
