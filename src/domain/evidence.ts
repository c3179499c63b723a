// A fact proven at a time: about which snapshot in which repository, proven by which run, how. Never edited, it only ages;
// a later fact may contradict it, and then both stay on record.

import type { JsonObject } from '../lib/json.ts';
import type { Instant } from './instant.ts';

/**
 * Made by Holdfast, of a snapshot of a service:
 * - `backup`: it was made, and the repository holds it.
 * - `copy`: the repository holds the very same files as one that was made into another repository.
 * - `drill`: it was restored into scratch and proven there (complete), or could not be (not complete). See drill.ts.
 * - `restore`: it was restored for good.
 *
 * Of a repository as a whole (no service, no snapshot):
 * - `verify`: it was read; complete when nothing in what was read is damaged. See verification.ts.
 * - `retention`, `prune`: its snapshots were thinned out; unused data was removed.
 * - `configuration`: the host's configuration was kept in it, as the snapshot that is named.
 *
 * Of a dataset of this host (no repository, no snapshot; no service where it holds those of others):
 * - `dataset`: it was compared with its declaration; complete when nothing differs.
 *
 * Of a target of replication (no service, no repository, no snapshot):
 * - `replication`: how far the replicas there are behind; complete when all of them answered and are known. See replication-lag.ts.
 *
 * Of a PostgreSQL server's log in a repository (no snapshot):
 * - `archive`: it was looked at; complete when nothing is missing and the server archives. `detail.restorableUntil` is the newest moment
 *   that can be had back from there, null where there is none. `detail.answered` is false where it did not answer.
 *
 * What a repository said when it was asked:
 * - `found`: it holds a snapshot that no record tells of, so that nobody knows whether it is complete.
 * - `missing`: it no longer holds one that is on record.
 * - `damage`: it holds one of which something can no longer be read. See verification.ts.
 */
export type EvidenceKind =
  | 'backup'
  | 'copy'
  | 'drill'
  | 'restore'
  | 'verify'
  | 'retention'
  | 'prune'
  | 'configuration'
  | 'dataset'
  | 'replication'
  | 'archive'
  | 'found'
  | 'missing'
  | 'damage';

export interface Evidence {
  readonly kind: EvidenceKind;
  /** Empty for facts about a repository as a whole. */
  readonly service: string;
  readonly repository: string;
  /** The full 64 hex digits, or pgBackRest's label; empty for facts about a repository as a whole. */
  readonly snapshotId: string;
  /** When the fact was true: for a backup and a copy the snapshot's own time. */
  readonly at: Instant;
  /** Every declared source was present and readable; what was looked at is as it should be. Only complete evidence proves. */
  readonly complete: boolean;
  /** The tool, its version and figures; whatever explains how it was proven. */
  readonly detail: JsonObject;
}

/** `detail.how` of a `missing` that is no surprise. */
export const REMOVED_BY_RETENTION = 'removed by retention';

/** `detail.how` of a `missing` that is one. */
export const NOT_HELD = 'the repository answered and does not hold it';
