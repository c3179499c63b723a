// What other processes may know of a host: a file in its directory, written by the process that it belongs to.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  name: z.string(),
  kind: z.enum(['container', 'machine', 'user-mode']),
  /** ISO 8601: when its first boot began. */
  madeAt: z.string(),
  /** Its first boot has ended well. */
  booted: z.boolean(),
  /** In its network, if it is in one. */
  address: z.string().nullable(),
  /** Sockets of a machine. */
  agent: z.string().nullable(),
  console: z.string().nullable(),
});

export type HostRecord = Readonly<z.infer<typeof schema>>;

const FILE = 'host.json';

export function writeHostRecord(directory: string, record: HostRecord): void {
  const file = join(directory, FILE);
  writeFileSync(`${file}.new`, JSON.stringify(record));
  renameSync(`${file}.new`, file);
}

/** Null when there is none that this version understands. */
export function readHostRecord(directory: string): HostRecord | null {
  try {
    return schema.parse(JSON.parse(readFileSync(join(directory, FILE), 'utf8')));
  } catch {
    return null; // not written yet, removed just now, or by another version
  }
}
