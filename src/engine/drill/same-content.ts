// Whether what two repositories gave back is the same, byte by byte. Follows no link, and changes nothing.

import { constants, lstatSync, type BigIntStats } from 'node:fs';
import { open, readdir } from 'node:fs/promises';

export interface ContentComparison {
  readonly files: number;
  readonly bytes: number;
  /** Paths in the snapshot, at most MAX_DIFFERENCES. */
  readonly differences: readonly string[];
  readonly differenceCount: number;
}

const MAX_DIFFERENCES = 100;
const CHUNK = 1 << 20;

/**
 * Every regular file below `second` of which `first` has one of that path, size and time (to the nanosecond). What `passOver`
 * says (paths from the roots on) is not compared.
 */
export async function compareContents(
  first: string,
  second: string,
  passOver: (path: string) => boolean,
  signal: AbortSignal,
  onFile: (files: number, bytes: number) => void,
): Promise<ContentComparison> {
  const found = { files: 0, bytes: 0, differences: [] as string[], differenceCount: 0 };
  const buffers = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)] as const;
  for await (const path of filesBelow(Buffer.from(second), Buffer.alloc(0), signal)) {
    const [a, b] = [Buffer.concat([Buffer.from(first), path]), Buffer.concat([Buffer.from(second), path])];
    const [statsA, statsB] = [statsOf(a), statsOf(b)];
    if (!statsA || !statsB || !isComparable(statsA, statsB) || passOver(path.toString())) continue;
    found.files += 1;
    found.bytes += Number(statsA.size);
    if (!(await isSame(a, b, buffers, signal))) {
      found.differenceCount += 1;
      if (found.differences.length < MAX_DIFFERENCES) found.differences.push(path.toString());
    }
    onFile(found.files, found.bytes);
  }
  return found;
}

const statsOf = (path: Buffer): BigIntStats | undefined => lstatSync(path, { bigint: true, throwIfNoEntry: false });

/** See `comparable` in domain/drill.ts; on disk the time is known to the nanosecond. */
const isComparable = (a: BigIntStats, b: BigIntStats): boolean =>
  a.isFile() && b.isFile() && a.size > 0n && a.size === b.size && a.mtimeNs === b.mtimeNs;

async function isSame(
  a: Buffer,
  b: Buffer,
  [bufferA, bufferB]: readonly [Buffer, Buffer],
  signal: AbortSignal,
): Promise<boolean> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using fileA = await open(a, flags);
  await using fileB = await open(b, flags);
  for (let position = 0; ;) {
    signal.throwIfAborted();
    /* oxlint-disable no-await-in-loop -- a stream */
    const { bytesRead } = await fileA.read(bufferA, 0, CHUNK, position);
    if (bytesRead === 0) return (await fileB.read(bufferB, 0, 1, position)).bytesRead === 0;
    const other = await readFully(fileB, bufferB, bytesRead, position);
    /* oxlint-enable no-await-in-loop */
    if (other < bytesRead || bufferA.compare(bufferB, 0, bytesRead, 0, bytesRead) !== 0) return false;
    position += bytesRead;
  }
}

async function readFully(
  file: { read: (buffer: Buffer, offset: number, length: number, position: number) => Promise<{ bytesRead: number }> },
  buffer: Buffer,
  length: number,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done); // oxlint-disable-line no-await-in-loop -- a stream
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Paths from `root` on, each with a slash in front; names are bytes. */
async function* filesBelow(root: Buffer, path: Buffer, signal: AbortSignal): AsyncGenerator<Buffer> {
  signal.throwIfAborted();
  for (const entry of await readdir(Buffer.concat([root, path]), { withFileTypes: true, encoding: 'buffer' })) {
    const inside = Buffer.concat([path, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) yield* filesBelow(root, inside, signal);
    else if (entry.isFile()) yield inside;
  }
}
