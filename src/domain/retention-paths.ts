// Whether the snapshots of one job are really of two machines that carry one host name, as far as their paths tell. A service
// whose paths were changed has two kinds of snapshots as well, but one kind ends where the other begins.

import type { RetentionSnapshot } from './retention-rules.ts';

/** A set of paths, and where its snapshots lie in the order of time. */
interface Kind {
  readonly paths: readonly string[];
  readonly first: number;
  last: number;
  arrived: boolean;
}

/** Two sets of paths that share nothing, whose snapshots take turns, and both of which are among `arrivals`; null when none are. */
export function interleavedPaths(
  counted: readonly RetentionSnapshot[],
  arrivals: ReadonlySet<RetentionSnapshot>,
): readonly [readonly string[], readonly string[]] | null {
  const kinds = [...kindsOf(counted, arrivals)].filter(({ arrived, paths }) => arrived && paths.length > 0);
  for (const [index, one] of kinds.entries()) {
    const rival = kinds.slice(index + 1).find((other) => other.first < one.last && areApart(one.paths, other.paths));
    if (rival) return [one.paths, rival.paths];
  }
  return null;
}

/** In the order of their first snapshots. An incomplete one may lack any of its paths: it tells nothing. */
function kindsOf(counted: readonly RetentionSnapshot[], arrivals: ReadonlySet<RetentionSnapshot>): Iterable<Kind> {
  const kinds = new Map<string, Kind>();
  for (const [position, snapshot] of counted.entries()) {
    if (snapshot.complete === false) continue;
    const paths = snapshot.paths.toSorted();
    const key = paths.join('\0');
    const kind = kinds.get(key) ?? { paths, first: position, last: position, arrived: false };
    kind.last = position;
    kind.arrived ||= arrivals.has(snapshot);
    kinds.set(key, kind);
  }
  return kinds.values();
}

const areApart = (one: readonly string[], other: readonly string[]): boolean =>
  !one.some((path) => other.some((theirs) => isIn(path, theirs) || isIn(theirs, path)));

const isIn = (path: string, directory: string): boolean => path === directory || `${path}/`.startsWith(`${directory}/`);
