// What is wrong with pools and datasets as long as it is so: one that is degraded or gone, has errors, is nearly full, or got no snapshot
// for long. Pure.

import type { Configuration } from '../../config/configuration.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { elapsed, type Instant, later } from '../../domain/instant.ts';
import type { OpenProblem, Problem } from '../../domain/notification.ts';
import type { Journal } from '../../journal/journal.ts';
import { type PoolTrouble, poolTroubles, type Severity } from '../datasets/pool-troubles.ts';
import { usedPools } from '../datasets/storage-health.ts';
import { snapshotFigures } from '../snapshot-policy/figures.ts';
import { nothing } from './condition.ts';
import { SILENT, type StorageLook } from './look-at-storage.ts';

export interface StorageSource {
  readonly config: Configuration;
  readonly journal: Pick<Journal, 'latestSteps'>;
  readonly now: Instant;
  /** Null: nobody looked, and what was known stays. */
  readonly storage: StorageLook | null;
  /** What is being told. */
  readonly open: readonly OpenProblem[];
}

export const storageConditions = (source: StorageSource): Problem[] => [...pools(source), ...oldSnapshots(source)];

/** A pool is imported a while after a start, and a device may come back; what is lost is lost. */
const PATIENCE: Readonly<Record<PoolTrouble['what'], number>> = {
  gone: duration(10, 'm'),
  state: duration(10, 'm'),
  data: 0,
  devices: 0,
  'pool-space': duration(15, 'm'),
  'dataset-space': duration(15, 'm'),
};

const PREFIX = 'pool:';
const keyOf = ({ what, subject }: Pick<PoolTrouble, 'what' | 'subject'>): string => `${PREFIX}${what}:${subject}`;

function pools({ config, storage, open, now }: StorageSource): Problem[] {
  if (storage === null || storage.kind === 'silent') {
    const known = open.filter(
      ({ key, source, resolvedAt }) => isOfPool(key) && source === 'condition' && resolvedAt === null,
    );
    return storage === null ? known : [...known.filter(({ key }) => key !== SILENT), silent(storage)];
  }
  if (storage.health === null) return [];
  const { health } = storage;
  const told = (trouble: Pick<PoolTrouble, 'what' | 'subject'>): Severity | null => {
    const before = open.find(({ key, resolvedAt }) => key === keyOf(trouble) && resolvedAt === null);
    return before === undefined ? null : before.kind === 'capacity-critical' ? 'problem' : 'warning';
  };
  return usedPools(config).flatMap((pool) =>
    poolTroubles(pool, health, config.metrics.capacity, told).map((trouble) => problemOf(trouble, now)),
  );
}

const isOfPool = (key: string): boolean => key === SILENT || key.startsWith(PREFIX);

function problemOf(trouble: PoolTrouble, now: Instant): Problem {
  const { what, subject, severity, message, fix } = trouble;
  const isSpace = what === 'pool-space' || what === 'dataset-space';
  return {
    key: keyOf(trouble),
    kind: !isSpace ? 'pool-failure' : severity === 'problem' ? 'capacity-critical' : 'capacity-warning',
    cause: isSpace ? severity : what,
    group: isSpace ? 'space' : what,
    source: 'condition',
    patience: PATIENCE[what],
    item: {
      ...nothing,
      dataset: what === 'dataset-space' ? subject : null,
      subject,
      operation: 'pool',
      outcome: 'failed',
      message,
      hint: fix,
      at: now,
    },
  };
}

const silent = ({ message, hint, at }: Extract<StorageLook, { kind: 'silent' }>): Problem => ({
  key: SILENT,
  kind: 'pool-failure',
  cause: 'silent',
  group: 'silent',
  source: 'condition',
  patience: PATIENCE.state,
  item: {
    ...nothing,
    subject: 'of this host',
    operation: 'pools',
    outcome: 'failed',
    message: `how the pools do is unknown: ${message.replace(/^how the pools do is unknown: /, '')}`,
    hint,
    at,
  },
});

/** Also where taking them did not fail: a policy may leave it to somebody else, or nothing runs. */
const oldSnapshots = ({ config, journal, now }: StorageSource): Problem[] =>
  snapshotFigures(config.replication.snapshots, journal).flatMap(({ dataset, newestAt, maxAgeSeconds }) => {
    const most = duration(maxAgeSeconds, 's');
    if (newestAt !== null && elapsed(newestAt, now) <= most) return [];
    const owed = `one is owed every ${describeDuration(most)}`;
    return [
      {
        key: `snapshot-age:${dataset}`,
        kind: 'sanoid-failure',
        cause: newestAt === null ? 'none' : 'old',
        group: 'snapshot-age',
        source: 'condition',
        patience: newestAt === null ? most : 0,
        item: {
          ...nothing,
          subject: dataset,
          operation: 'snapshot-age',
          outcome: 'stale',
          message:
            newestAt === null
              ? `there is none that its policy took; ${owed}`
              : `it is ${describeDuration(elapsed(newestAt, now))} old; ${owed}`,
          hint: 'holdfast snapshot take',
          at: newestAt === null ? now : later(newestAt, most),
        },
      },
    ];
  });
