// Policies and snapshots for tests of what is decided about them.

import type { Instant } from '../../../src/domain/instant.ts';
import { POLICY_PROPERTY, policyMark, snapshotName } from '../../../src/domain/snapshot-name.ts';
import type { SnapshotKind, SnapshotPolicy } from '../../../src/domain/snapshot-policy.ts';
import type { ZfsSnapshot } from '../../../src/domain/zfs-snapshot.ts';

export const keeping = (keep: Partial<SnapshotPolicy['keep']>): SnapshotPolicy => ({
  dataset: 'tank',
  reach: 'itself',
  keep: { frequently: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, ...keep },
  autosnap: true,
  autoprune: true,
});

export const snapshot = (parts: Partial<ZfsSnapshot> = {}): ZfsSnapshot => ({
  dataset: 'tank',
  name: 'by-hand',
  guid: String(parts.createtxg ?? 1),
  createtxg: 1,
  creation: 0 as Instant,
  holds: 0,
  properties: {},
  ...parts,
});

interface Taken extends Partial<ZfsSnapshot> {
  readonly zone?: string;
  readonly among?: readonly ZfsSnapshot[];
}

/** As the policy takes one beside sanoid. */
export function taken(kind: SnapshotKind, now: Instant, { zone = 'UTC', among = [], ...parts }: Taken = {}): ZfsSnapshot {
  const mark = policyMark(kind, now, zone);
  return snapshot({
    name: snapshotName(mark, 'beside', new Set(among.map(({ name }) => name))),
    creation: (Math.floor(now / 1000) * 1000) as Instant,
    properties: { [POLICY_PROPERTY]: mark },
    ...parts,
  });
}
