// Restored files that must be there: so many, so large together.

import { lstat, readdir } from 'node:fs/promises';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { fine, type Finding, placeOfPath, type RestoredService, wrong } from './restored.ts';

interface Wanted {
  readonly path: string;
  readonly minCount: number;
  readonly minSize: Bytes;
}

export async function validateFiles(
  { path, minCount, minSize }: Wanted,
  restored: RestoredService,
  signal: AbortSignal,
): Promise<Finding> {
  const place = await placeOfPath(restored, path);
  if ('problem' in place) return wrong(place.problem);
  let count = 0;
  let size = 0;
  for await (const bytes of sizesIn(Buffer.from(place.path), signal)) {
    count += 1;
    size += bytes;
  }
  const found = `${count.toLocaleString('en')} ${count === 1 ? 'file' : 'files'}, ${describeBytes(size as Bytes)}`; // stat counts bytes
  if (count < minCount) return wrong(`there must be at least ${minCount.toLocaleString('en')} files: found ${found}`);
  if (size < minSize) return wrong(`there must be at least ${describeBytes(minSize)}: found ${found}`);
  return fine(found);
}

/** Of each regular file there or below; no link is followed. */
async function* sizesIn(path: Buffer, signal: AbortSignal): AsyncGenerator<number> {
  signal.throwIfAborted();
  const stats = await lstat(path);
  if (stats.isFile()) yield stats.size;
  if (!stats.isDirectory()) return;
  for (const name of await readdir(path, 'buffer')) yield* sizesIn(Buffer.concat([path, Buffer.from('/'), name]), signal);
}
