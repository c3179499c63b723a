// Whether two trees are the same in everything that a restore must bring back: types, content, sizes, modes, owners, times,
// link targets, hard links and (where getfattr is installed) extended attributes. Reads every byte, follows no link, opens
// nothing but directories and regular files, and never changes anything.

import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { extendedAttributes } from '../../tools/attr/getfattr.ts';
import { typeOf } from './restored-listing.ts';

export interface TreeComparison {
  /** Entries of the first tree, itself not counted. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  /** Sentences; empty when the trees are the same. At most MAX_DIFFERENCES. */
  readonly differences: readonly string[];
  readonly differenceCount: number;
  /** Whether extended attributes could be compared. */
  readonly attributesCompared: boolean;
}

const MAX_DIFFERENCES = 100;

/** `a` is what was, `b` what came back. The two directories (or files) themselves are compared too. Streams; memory grows with hard links only. */
export async function compareTrees(a: string, b: string, signal: AbortSignal): Promise<TreeComparison> {
  const comparison = new Comparison(a, b, signal);
  await comparison.pair(ITSELF);
  const [before, after] = [await attributesOf(a, signal), await attributesOf(b, signal)];
  if (before && after) comparison.attributes(before, after);
  return {
    entries: comparison.entries,
    files: comparison.files,
    bytes: comparison.bytes,
    differences: comparison.differences,
    differenceCount: comparison.differenceCount,
    attributesCompared: before !== null && after !== null,
  };
}

/** Null: they cannot be compared; also of a single file. */
const attributesOf = async (tree: string, signal: AbortSignal): Promise<Map<string, string> | null> =>
  (await lstat(tree)).isDirectory() ? await extendedAttributes(tree, signal) : null;

class Comparison {
  readonly differences: string[] = [];
  differenceCount = 0;
  entries = 0;
  files = 0;
  bytes = 0;
  readonly #roots: readonly [Buffer, Buffer];
  readonly #signal: AbortSignal;
  /** Of files with several names: the first of them that was met, in each tree. */
  readonly #firstNames = [new Map<string, string>(), new Map<string, string>()] as const;

  constructor(a: string, b: string, signal: AbortSignal) {
    this.#roots = [Buffer.from(a), Buffer.from(b)];
    this.#signal = signal;
  }

  async pair(path: Buffer): Promise<void> {
    this.#signal.throwIfAborted();
    const [pathA, pathB] = this.#roots.map((root) => joined(root, path));
    if (!pathA || !pathB) return;
    const [a, b] = [await lstat(pathA, EXACT), await lstat(pathB, EXACT)];
    const [typeA, typeB] = [typeOf(a), typeOf(b)];
    if (typeA !== typeB) return this.#differ(path, 'type', typeA, typeB);
    this.#metadata(path, typeA, a, b);
    if (typeA === 'symlink') {
      const [linkA, linkB] = [await readlink(pathA, 'buffer'), await readlink(pathB, 'buffer')];
      if (!linkA.equals(linkB)) this.#differ(path, 'target', linkA.toString(), linkB.toString());
    } else if (typeA === 'file') {
      this.files += 1;
      this.bytes += Number(a.size);
      if (a.size !== b.size) this.#differ(path, 'size', Number(a.size), Number(b.size));
      else if ((await digestOf(pathA, this.#signal)) !== (await digestOf(pathB, this.#signal)))
        this.#differ(path, 'content');
    } else if (typeA === 'dir') await this.#directories(path, pathA, pathB);
  }

  attributes(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): void {
    for (const name of new Set([...a.keys(), ...b.keys()])) {
      if (a.get(name) !== b.get(name))
        this.#differ(Buffer.from(name), 'extended attributes', a.get(name) ?? 'none', b.get(name) ?? 'none');
    }
  }

  async #directories(path: Buffer, pathA: Buffer, pathB: Buffer): Promise<void> {
    const [namesA, namesB] = [await namesOf(pathA), await namesOf(pathB)];
    for (const [key, name] of namesA) {
      this.entries += 1;
      const inside = joined(path, name);
      if (namesB.has(key)) await this.pair(inside); // oxlint-disable-line no-await-in-loop -- the order decides which name of a file is first
      else this.#differ(inside, 'missing');
    }
    for (const [key, name] of namesB) if (!namesA.has(key)) this.#differ(joined(path, name), 'not there before');
  }

  #metadata(path: Buffer, type: string, a: BigIntStats, b: BigIntStats): void {
    const compare = (what: string, before: bigint | string, after: bigint | string): void => {
      if (before !== after) this.#differ(path, what, String(before), String(after));
    };
    if (type !== 'symlink') compare('mode', (a.mode & 0o7777n).toString(8), (b.mode & 0o7777n).toString(8));
    compare('owner', `${a.uid}:${a.gid}`, `${b.uid}:${b.gid}`);
    compare('time', timeOf(a), timeOf(b));
    if (type === 'dev' || type === 'chardev') compare('device', a.rdev, b.rdev);
    if (type !== 'dir') compare('hard link to', this.#firstName(0, path, a), this.#firstName(1, path, b));
  }

  /** Files that share an inode must share it in the other tree as well. */
  #firstName(tree: 0 | 1, path: Buffer, stats: BigIntStats): string {
    if (stats.nlink < 2n) return 'nothing';
    const known = this.#firstNames[tree];
    const inode = `${stats.dev}:${stats.ino}`;
    const name = path.toString('latin1');
    const first = known.get(inode);
    if (first === undefined) known.set(inode, name);
    return first ?? 'nothing';
  }

  #differ(path: Buffer, what: string, before?: number | string, after?: number | string): void {
    this.differenceCount += 1;
    if (this.differences.length >= MAX_DIFFERENCES) return;
    this.differences.push(`${path.toString()}: ${what}${before === undefined ? '' : ` was ${before}, is ${after ?? ''}`}`);
  }
}

const EXACT = { bigint: true } as const;

/** To the nanosecond, where the file system has that. */
const timeOf = ({ mtimeNs, mtime }: BigIntStats): string =>
  mtime.toISOString().replace(/\d{3}Z$/, `${String(((mtimeNs % SECOND) + SECOND) % SECOND).padStart(9, '0')}Z`);
const SECOND = 1_000_000_000n;

const ITSELF = Buffer.from('.');
const SLASH = Buffer.from('/');
const joined = (directory: Buffer, name: Buffer): Buffer =>
  name === ITSELF ? directory : Buffer.concat([directory, SLASH, name]);

/** In the order of their bytes; the key is the name as it is, whatever its encoding. */
async function namesOf(directory: Buffer): Promise<Map<string, Buffer>> {
  const names = await readdir(directory, { encoding: 'buffer' });
  return new Map(names.toSorted((a, b) => Buffer.compare(a, b)).map((name) => [name.toString('latin1'), name]));
}

async function digestOf(path: Buffer, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  // O_NONBLOCK: what was a regular file a moment ago and is a pipe now must not hang us
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const buffer = Buffer.allocUnsafe(1 << 18);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length); // oxlint-disable-line no-await-in-loop -- a stream
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
  }
}
