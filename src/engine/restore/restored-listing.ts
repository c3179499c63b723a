// Compares what a snapshot holds with what a restore has made: every entry is there, with its type and size, and nothing
// else is. Content is restic's own check. Streams: memory does not grow with the number of files.

import { lstatSync, type StatsBase } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Bytes } from '../../domain/bytes.ts';
import type { SnapshotNode } from '../../tools/restic/node.ts';

export interface Listing {
  /** Entries of every type. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: Bytes;
  /** Sentences, at most MAX_DIFFERENCES of them. */
  readonly differences: readonly string[];
  readonly differenceCount: number;
}

const MAX_DIFFERENCES = 100;
const UNKNOWN = '\uFFFD';

/** Where an entry of the snapshot must be on disk; null when it was not to be restored. */
export type Placement = (path: string) => string | null;

/** Feed it each entry of the snapshot, then `finish`. */
export class RestoredListing {
  readonly #place: Placement;
  readonly #differences: string[] = [];
  /** Entries whose names are not UTF-8 and cannot be looked up by what restic printed; how many of each description. */
  readonly #unnamed = new Map<string, number>();
  #differenceCount = 0;
  #entries = 0;
  #files = 0;
  #bytes = 0;

  constructor(place: Placement) {
    this.#place = place;
  }

  /** Asks the file system at once and without waiting: a local lstat of something just written takes microseconds. */
  readonly expect = (node: SnapshotNode): void => {
    const path = this.#place(node.path);
    if (path === null || !RESTORED_TYPES.has(node.type)) return;
    this.#entries += 1;
    if (node.type === 'file') {
      this.#files += 1;
      this.#bytes += node.size;
    }
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) {
      if (path.includes(UNKNOWN)) count(this.#unnamed, describe(path, node.type, node.size), 1);
      else this.#differ(`${node.path} is missing`);
      return;
    }
    const type = typeOf(stats);
    if (type !== node.type) this.#differ(`${node.path} is a ${type}, in the snapshot a ${node.type}`);
    else if (type === 'file' && stats.size !== node.size) {
      this.#differ(`${node.path} has ${stats.size} bytes, in the snapshot ${node.size}`);
    }
  };

  /** Counts what is really below `roots` (which are not counted themselves) and settles the names that are not UTF-8. */
  async finish(roots: readonly string[], signal: AbortSignal): Promise<Listing> {
    let found = 0;
    for (const root of roots) {
      // oxlint-disable-next-line no-await-in-loop -- one tree after the other
      for await (const path of walk(Buffer.from(root), signal)) {
        found += 1;
        this.#settle(path);
      }
    }
    for (const [description, times] of this.#unnamed) {
      if (times > 0) this.#differ(`${description.split('\0', 1)[0] ?? ''} is missing or differs`, times);
    }
    if (found !== this.#entries) this.#differ(`${found} entries are on disk, the snapshot has ${this.#entries}`);
    return {
      entries: this.#entries,
      files: this.#files,
      bytes: this.#bytes as Bytes, // restic counts bytes
      differences: this.#differences,
      differenceCount: this.#differenceCount,
    };
  }

  #settle(path: Buffer): void {
    if (this.#unnamed.size === 0) return;
    const text = path.toString();
    if (!text.includes(UNKNOWN)) return;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) return;
    const type = typeOf(stats);
    const description = describe(text, type, type === 'file' ? stats.size : 0);
    if (this.#unnamed.has(description)) count(this.#unnamed, description, -1);
  }

  #differ(sentence: string, times = 1): void {
    this.#differenceCount += times;
    if (this.#differences.length < MAX_DIFFERENCES) this.#differences.push(sentence);
  }
}

/** restic does not restore sockets; it says 'irregular' of what it does not know. */
const RESTORED_TYPES = new Set(['file', 'dir', 'symlink', 'fifo', 'dev', 'chardev']);

/** How many U+FFFD stand for a broken sequence differs between programs: a run of them counts as one. */
const describe = (path: string, type: string, size: number): string =>
  `${path.replaceAll(/\uFFFD+/g, UNKNOWN)}\0${type}\0${size}`;

const count = (map: Map<string, number>, key: string, by: number): void => void map.set(key, (map.get(key) ?? 0) + by);

/** restic's names of types. */
export function typeOf(stats: StatsBase<bigint> | StatsBase<number>): string {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'dir';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isBlockDevice()) return 'dev';
  if (stats.isCharacterDevice()) return 'chardev';
  return stats.isSocket() ? 'socket' : 'irregular';
}

/** Every entry below a directory, itself not included; follows no link and opens nothing but directories. */
async function* walk(directory: Buffer, signal: AbortSignal): AsyncGenerator<Buffer> {
  signal.throwIfAborted();
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    yield path;
    if (entry.isDirectory()) yield* walk(path, signal);
  }
}
