// Which files of many stand for all: pure, and the same for the same seed whatever the order in which they are told. Sizes
// and directories are spread, so that one directory of small files does not stand for a library of large ones.

export interface SampledFile {
  readonly path: string;
  readonly size: number;
}

/** What is kept of each class of sizes beyond what is wanted, so that there are directories to choose from. */
const SPARE = 20;

/** Feed it every file, then `chosen`. Memory is bounded by the size of the sample, not by the number of files. */
export class Sample<File extends SampledFile> {
  readonly #count: number;
  readonly #seed: string;
  /** By class of size, files with the smallest ranks. */
  readonly #classes = new Map<number, Ranked<File>[]>();
  #empty: Ranked<File>[] = [];

  constructor(count: number, seed: string) {
    this.#count = count;
    this.#seed = seed;
  }

  readonly add = (file: File): void => {
    if (this.#count < 1) return;
    const ranked = { file, rank: rankOf(this.#seed, file.path) };
    if (file.size === 0) {
      this.#empty = this.#push(this.#empty, ranked);
      return;
    }
    const sizeClass = Math.floor(Math.log2(file.size) / 2);
    this.#classes.set(sizeClass, this.#push(this.#classes.get(sizeClass) ?? [], ranked));
  };

  /** At most as many as wanted; empty files only when there are no others at all. */
  chosen(): File[] {
    const pools = [...this.#classes].toSorted(([a], [b]) => b - a).map(([, pool]) => pool.toSorted(byRank));
    const taken: File[] = [];
    const used = new Map<string, number>();
    while (taken.length < this.#count && pools.some((pool) => pool.length > 0)) {
      for (const pool of pools.filter(({ length }) => length > 0).slice(0, this.#count - taken.length)) {
        const index = leastUsed(pool, used);
        const [next] = pool.splice(index, 1);
        if (!next) continue;
        taken.push(next.file);
        const directory = directoryOf(next.file.path);
        used.set(directory, (used.get(directory) ?? 0) + 1);
      }
    }
    if (taken.length > 0) return taken;
    return this.#empty
      .toSorted(byRank)
      .slice(0, this.#count)
      .map(({ file }) => file);
  }

  #push(pool: Ranked<File>[], ranked: Ranked<File>): Ranked<File>[] {
    pool.push(ranked);
    const most = this.#count * SPARE;
    return pool.length < 2 * most ? pool : pool.toSorted(byRank).slice(0, most);
  }
}

interface Ranked<File> {
  readonly file: File;
  readonly rank: number;
}

const byRank = (a: Ranked<SampledFile>, b: Ranked<SampledFile>): number =>
  a.rank - b.rank || (a.file.path < b.file.path ? -1 : 1);

/** Of the directories that were taken from least, the file that comes first. */
function leastUsed(pool: readonly Ranked<SampledFile>[], used: ReadonlyMap<string, number>): number {
  let best = 0;
  let least = Infinity;
  for (const [index, { file }] of pool.entries()) {
    const times = used.get(directoryOf(file.path)) ?? 0;
    if (times < least) [best, least] = [index, times];
    if (least === 0) break;
  }
  return best;
}

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** FNV-1a with a final mixing (of MurmurHash3): evenly spread, nothing secret. */
function rankOf(seed: string, path: string): number {
  let hash = 0x811c9dc5;
  for (const text of [seed, '\0', path]) {
    for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
