// What became of snapshots, and by whom: ZFS keeps a history of each pool, in which a property that is set before each program begins says
// whose turn it was. Nothing that came and went between two listings is missed, and no program is asked what it did.

import type { Host } from '../../../lab/host.ts';

/** On the host, `as WHO COMMAND...`: from then on it is WHO who does whatever is done to the pools. */
export const as = (pools: readonly string[]): string =>
  `#!/bin/sh\nzfs set "${MARK}=$1" ${pools.join(' ')} || exit 99\nshift\nexec "$@"\n`;

const MARK = 'lab:by';

export interface Deed {
  readonly by: string;
  readonly what: 'snapshot' | 'destroy';
  /** Its full name. */
  readonly snapshot: string;
}

/** In their order; of what is received only the end is in it, when it is destroyed. */
export async function deedsIn(host: Host, pool: string): Promise<Deed[]> {
  const { stdout } = await host.sh('zpool history -i "$1" | grep "\\[txg:"', [pool]);
  const deeds: Deed[] = [];
  let by = 'nobody';
  for (const line of stdout.split('\n')) {
    by = MARKED.exec(line)?.[1] ?? by;
    const [, what, snapshot = ''] = DONE.exec(line) ?? [];
    if (what === 'snapshot' || what === 'destroy') deeds.push({ by, what, snapshot });
  }
  return deeds;
}

const MARKED = new RegExp(`\\] set \\S+ \\(\\d+\\) ${MARK}=(\\S+)`);
const DONE = /\[txg:\d+\] (snapshot|destroy) (\S+@\S+) \(\d+\)/;
