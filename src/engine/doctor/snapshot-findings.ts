// Whether the temporary snapshots that a service asks for can be had here: of every path, with the programs, by this user.

import type { BackupConfig } from '../../config/configuration.ts';
import { poolOf } from '../../domain/dataset.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { isWithin } from '../../lib/path.ts';
import { findProgram } from '../../process/find-program.ts';
import { locate, type LocatedPart } from '../../sources/snapshots/open.ts';
import { requireBinds } from '../../tools/util-linux/mount-namespace.ts';
import { listPools } from '../../tools/zfs/pools.ts';
import { lookAtParts } from '../backup/snapshot-parts.ts';
import { type Finding, ok, problem, problemOf, warning } from './check.ts';
import type { Looking } from './layer-findings.ts';

/** `present`: those of its paths that are there, and answered. */
export async function snapshotFindings(
  name: string,
  backup: BackupConfig,
  present: readonly string[],
  { user, signal }: Looking,
): Promise<Finding[]> {
  if (!backup.useSnapshots || present.length === 0) return [];
  try {
    const { parts, mounts } = await lookAtParts(present, backup.zfsDataset, signal);
    const kinds = new Set(parts.map(({ mount }) => mount.type));
    const missing = PROGRAMS.filter(({ kind, program }) => kinds.has(kind) && findProgram(program, PLACES) === null);
    if (missing.length > 0)
      return missing.map(({ program, fix }) => problem(`snapshots need ${program}, which is not installed`, fix));
    const located = await locate(parts, mounts, user.uid === 0, signal);
    const unfrozen = located.filter(({ part }) => !backup.exclude.some((pattern) => isWithin(pattern, part.at)));
    const live = unfrozen.flatMap(({ unfrozen: why }) => why ?? []);
    if (user.uid === 0) await requireBinds(name, user, signal);
    return [
      ...live.map((why) => warning(`${why}: its runs are partial`, LIVE_FIX)),
      ...(await poolFindings(located, signal)),
      ...(live.length === 0 ? [ok(`backed up from snapshots of ${originsOf(located).join(', ')}`)] : []),
    ];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return [problemOf(error)];
  }
}

const LIVE_FIX =
  'Move it to a dataset or a subvolume, exclude it by its absolute path, or take useSnapshots out of this service.';

/** mount(8) looks for its helpers there, whatever PATH says. */
const PLACES = [process.env['PATH'] ?? '', '/sbin', '/usr/sbin'].join(':');
const PROGRAMS = [
  { kind: 'zfs', program: 'zfs', fix: 'Install the tools of ZFS (on Debian: zfsutils-linux).' },
  { kind: 'btrfs', program: 'btrfs', fix: 'Install the tools of btrfs (on Debian: btrfs-progs).' },
] as const;

const originsOf = (located: readonly LocatedPart[]): string[] => [
  ...new Set(located.flatMap(({ pieces }) => pieces.flatMap(({ origin }) => origin ?? []))),
];

/** Pools in which nothing can be made. */
async function poolFindings(located: readonly LocatedPart[], signal: AbortSignal): Promise<Finding[]> {
  const zfs = located.filter(({ provider }) => provider?.kind === 'zfs');
  if (zfs.length === 0) return [];
  const pools = await listPools(signal);
  const names = new Set(originsOf(zfs).map(poolOf));
  return [...names].flatMap((name) => {
    const pool = pools.get(name);
    if (pool?.readOnly)
      return [
        problem(
          `the pool ${name} is imported read-only: no snapshot can be made`,
          `zpool export ${name}; zpool import ${name}`,
        ),
      ];
    if (pool?.health === 'SUSPENDED')
      return [
        problem(
          `the pool ${name} is suspended: nothing can be written to it`,
          `See zpool status -x; bring its disks back, then: zpool clear ${name}`,
        ),
      ];
    return [];
  });
}
