// How much there is below a directory, for the narration.

import { lstat, readdir } from 'node:fs/promises';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';

export interface Measured {
  readonly files: number;
  readonly bytes: Bytes;
}

/** Regular files and their bytes; a file with two names counts twice, as restic counts it. */
export async function measure(directory: Buffer): Promise<Measured> {
  const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
  const parts = await Promise.all(
    entries.map(async (entry): Promise<Measured> => {
      const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) return await measure(path);
      return entry.isFile() ? { files: 1, bytes: (await lstat(path)).size as Bytes } : { files: 0, bytes: 0 as Bytes };
    }),
  );
  const sum = (pick: (part: Measured) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  return { files: sum((part) => part.files), bytes: sum((part) => part.bytes) as Bytes };
}

export const describeMeasured = ({ files, bytes }: Measured): string => `${files} files, ${describeBytes(bytes)}`;
