// How far replicas are behind, as it is put on record and read back. Unknown is a value of its own, and never zero. Pure.

import type { Evidence } from './evidence.ts';
import { type Duration, duration } from './duration.ts';
import { elapsed, formatInstant, type Instant, parseInstant } from './instant.ts';
import { type Base, lagOf, newestCommon, newestToSend, type SourceSide, type TargetSide } from './replication.ts';
import type { JsonObject } from '../lib/json.ts';

export interface ReplicaLag {
  readonly dataset: string;
  /** Null: unknown. */
  readonly lag: Duration | null;
  /** When the newest snapshot was taken that both sides are known to have; null: none is. */
  readonly commonAt: Instant | null;
  readonly commonGuid: string | null;
  /** When the newest of the source was. */
  readonly newestAt: Instant | null;
}

export function measured(source: SourceSide, target: TargetSide): ReplicaLag {
  return lagWith(source, newestCommon(source, target), lagOf(source, target));
}

const lagWith = (source: SourceSide, base: Base | null, lag: Duration | null): ReplicaLag => ({
  dataset: source.dataset,
  lag,
  commonAt: base?.point.creation ?? null,
  commonGuid: base?.point.guid ?? null,
  newestAt: newestToSend(source)?.creation ?? null,
});

/** Where the replica did not answer: it is behind by what came since it was last known to have something. */
export function estimated(source: SourceSide, last: ReplicaLag | undefined): ReplicaLag {
  const newest = newestToSend(source);
  const { commonAt = null, commonGuid = null } = last ?? {};
  const behind =
    newest === undefined || commonAt === null
      ? null
      : newest.guid === commonGuid
        ? duration(0, 's')
        : elapsed(commonAt, newest.creation);
  return {
    dataset: source.dataset,
    lag: behind === null || behind < 0 ? null : behind,
    commonAt,
    commonGuid,
    newestAt: newest?.creation ?? null,
  };
}

export interface LagRecord {
  readonly target: string;
  /** The replicas were looked at; otherwise this is what is left to say. */
  readonly answered: boolean;
  /** Every dataset of the target is in it. */
  readonly all: boolean;
  readonly lags: readonly ReplicaLag[];
}

/** Complete where every replica answered and is known to have something. */
export const lagEvidence = ({ target, answered, all, lags }: LagRecord, at: Instant): Evidence => ({
  kind: 'replication',
  service: '',
  repository: '',
  snapshotId: '',
  at,
  complete: answered && lags.every(({ lag }) => lag !== null),
  detail: {
    target,
    answered,
    all,
    datasets: lags.map(({ dataset, lag, commonAt, commonGuid, newestAt }) => ({
      dataset,
      lagSeconds: lag === null ? null : lag / 1000,
      commonAt: commonAt === null ? null : formatInstant(commonAt),
      commonGuid,
      newestAt: newestAt === null ? null : formatInstant(newestAt),
    })),
  },
});

export interface KnownLag extends ReplicaLag {
  readonly target: string;
  readonly lookedAt: Instant;
}

/** `evidence`: newest first. Of each target the datasets of its newest record of all, each as it was last measured. */
export function knownLags(evidence: readonly Pick<Evidence, 'at' | 'detail'>[]): KnownLag[] {
  const known = new Map<string, KnownLag>();
  const finished = new Set<string>();
  const listed = new Map<string, Set<string>>();
  for (const { at, detail } of evidence) {
    const { target, all, datasets } = detail;
    if (typeof target !== 'string' || finished.has(target) || !Array.isArray(datasets)) continue;
    for (const each of datasets as readonly JsonObject[]) {
      // as it is written above
      const lag = readLag(each);
      const key = `${target} ${lag.dataset}`;
      if (!known.has(key)) known.set(key, { ...lag, target, lookedAt: at });
    }
    if (all !== true) continue;
    finished.add(target);
    listed.set(target, new Set((datasets as readonly JsonObject[]).map((each) => readLag(each).dataset)));
  }
  return [...known.values()].filter(({ target, dataset }) => listed.get(target)?.has(dataset) ?? true);
}

function readLag({ dataset, lagSeconds, commonAt, commonGuid, newestAt }: JsonObject): ReplicaLag {
  const instant = (value: unknown): Instant | null => (typeof value === 'string' ? parseInstant(value) : null);
  return {
    dataset: typeof dataset === 'string' ? dataset : '',
    lag: typeof lagSeconds === 'number' ? duration(lagSeconds, 's') : null,
    commonAt: instant(commonAt),
    commonGuid: typeof commonGuid === 'string' ? commonGuid : null,
    newestAt: instant(newestAt),
  };
}

/**
 * What is known of it now: as it was measured, as long as that is young. Afterwards nobody knows what the source has taken since, and
 * it counts as if everything since the newest that both have were missing.
 */
export function lagNow({ lag, commonAt, lookedAt }: KnownLag, patience: Duration, now: Instant): Duration | null {
  if (lag === null) return null;
  const age = elapsed(lookedAt, now);
  if (age >= 0 && age <= patience) return lag;
  return commonAt === null || commonAt > now ? null : elapsed(commonAt, now);
}
