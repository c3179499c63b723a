// Whether anything is still kept for a replication that is no longer declared. It is told with the commands that let go of it, and
// nothing lets go of it by itself: whoever took a target out for a day would have to send everything anew.

import { releaseCommands, type Stray, strayKeepings } from '../../domain/stray-keepings.ts';
import { duration } from '../../domain/duration.ts';
import { fullName, isTemporary } from '../../domain/zfs-snapshot.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { HERE } from '../../tools/zfs/end.ts';
import { listHolds } from '../../tools/zfs/keep.ts';
import { listPoints } from '../../tools/zfs/points.ts';
import { usedPools } from '../datasets/storage-health.ts';
import { type Check, type DoctorInput, type Finding, warning } from './check.ts';

/** In the pools that the configuration speaks of. */
export function strayChecks({ config }: Pick<DoctorInput, 'config'>): Check[] {
  const pools = usedPools(config);
  if (pools.length === 0) return [];
  return [
    {
      id: 'replication-holds',
      title: 'replication',
      limit: duration(1, 'm'),
      run: async (signal) => {
        const points = [...(await listPoints(HERE, pools, true, signal)).values()];
        const held = points
          .flatMap(({ snapshots }) => snapshots)
          .filter((each) => each.holds > 0 && !isTemporary(each))
          .map(fullName);
        const holds = await listHolds(HERE, held, signal);
        const marks = points.flatMap(({ bookmarks }) => bookmarks).map(({ dataset, name }) => `${dataset}#${name}`);
        return strayKeepings(holds, marks, config.replication.targets).map(strayFinding);
      },
    },
  ];
}

/** Pure. */
export function strayFinding(stray: Stray): Finding {
  const { target, isDeclared, held, bookmarks } = stray;
  const parts = [
    ...(held.length === 0
      ? []
      : [held.length === 1 ? `the snapshot ${held[0]} is held` : `${held.length} snapshots are held`]),
    ...(bookmarks.length === 0
      ? []
      : [bookmarks.length === 1 ? 'a bookmark is kept' : `${bookmarks.length} bookmarks are kept`]),
  ];
  const why = isDeclared
    ? `the target ${target}, to which they are not sent any more`
    : `the target ${target}, which is not declared`;
  const commands = releaseCommands(stray).map((argv) => argv.map(shellWord).join(' '));
  return warning(
    `${parts.join(' and ')} for ${why}: nothing lets go of them, and what they hold takes room`,
    `Declare it again, and the next run goes on from them. If it is over: ${commands.join('; ')}`,
  );
}
