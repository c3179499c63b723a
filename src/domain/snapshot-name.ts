// How snapshots of the policy are called and known. Names alone prove nothing: what Holdfast took has a property that agrees with
// its name, so that neither a name that somebody else gave nor a property that a dataset handed down makes it ours.

import { wallTime } from './calendar/civil.ts';
import { offsetsOf } from './calendar/zone.ts';
import type { Instant } from './instant.ts';
import { type Adoption, SNAPSHOT_KINDS, type SnapshotKind } from './snapshot-policy.ts';
import type { ZfsSnapshot } from './zfs-snapshot.ts';

/** Set when a snapshot is taken: its time and kind, as they are in its name. */
export const POLICY_PROPERTY = 'holdfast:policy';

/** Beside sanoid ours begin with another word: it prunes whatever begins with its own. */
const PREFIX: Readonly<Record<Adoption, string>> = { sanoid: 'autosnap', beside: 'holdfast' };

/** '2026-11-22_08:00:00_hourly', by the clock of the zone, as sanoid writes it. */
export function policyMark(kind: SnapshotKind, at: Instant, zone: string): string {
  const seconds = Math.floor(at / 1000);
  const offset = offsetsOf(zone)?.(seconds) ?? 0;
  const [year, ...rest] = wallTime(seconds + offset);
  const [month, day, hour, minute, second] = rest.map((part) => String(part).padStart(2, '0'));
  return `${String(year).padStart(4, '0')}-${month}-${day}_${hour}:${minute}:${second}_${kind}`;
}

/** `taken`: names of its dataset; an hour that clocks show twice has its second name, which is that of sanoid. */
export function snapshotName(mark: string, adopt: Adoption, taken: ReadonlySet<string>): string {
  const plain = `${PREFIX[adopt]}_${mark}`;
  return taken.has(plain) ? plain.replace(/_([a-z]+)$/, 'dst_$1') : plain;
}

const NAME = new RegExp(
  `^(autosnap|holdfast)_(\\d{4}-\\d\\d-\\d\\d_\\d\\d:\\d\\d:\\d\\d)(?:dst)?_(${SNAPSHOT_KINDS.join('|')})$`,
);

/** Of what kind it is to this policy; null: it is somebody else's. */
export function kindOf(
  { name, properties }: Pick<ZfsSnapshot, 'name' | 'properties'>,
  adopt: Adoption,
): SnapshotKind | null {
  const [, prefix, time, kind] = NAME.exec(name) ?? [];
  if (prefix === undefined) return null;
  const isOurs = properties[POLICY_PROPERTY] === `${time}_${kind}`;
  const isAdopted = prefix === 'autosnap' && adopt === 'sanoid';
  return isOurs || isAdopted ? (kind as SnapshotKind) : null; // the expression lists the kinds
}
