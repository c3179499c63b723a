// A fact proven at a time: which snapshot is in which repository, proven by which run, how. Never edited, it only ages.

import type { JsonObject } from '../lib/json.ts';
import type { Instant } from './instant.ts';

/**
 * `found` and `missing` are what a repository said when it was asked: it holds a snapshot that no record tells of, so that
 * nobody knows whether it is complete; it no longer holds one. More kinds follow with the commands that prove them: `copy`,
 * `verify`, `drill`, `replication`, `archive`.
 */
export type EvidenceKind = 'backup' | 'restore' | 'retention' | 'prune' | 'found' | 'missing';

export interface Evidence {
  readonly kind: EvidenceKind;
  readonly service: string;
  readonly repository: string;
  /** The full 64 hex digits; empty for facts about a repository as a whole. */
  readonly snapshotId: string;
  /** When the fact was true: for a backup the snapshot's own time. */
  readonly at: Instant;
  /** Every declared source was present and readable. Only complete evidence moves "last success". */
  readonly complete: boolean;
  /** The tool, its version and figures; whatever explains how it was proven. */
  readonly detail: JsonObject;
}

/** `detail.how` of a `missing` that is no surprise. */
export const REMOVED_BY_RETENTION = 'removed by retention';
