// One entry of a snapshot as `ls` and `find` print it.
// Names are lossy: bytes that are not valid UTF-8 arrive as U+FFFD (see json-lines.ts), so a path is for showing and
// counting; two entries may even show the same path.

import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';

export interface SnapshotNode {
  readonly path: string;
  /** 'file', 'dir', 'symlink', 'fifo', 'socket', 'dev', 'chardev', 'irregular'. */
  readonly type: string;
  /** Of regular files; 0 for everything else. */
  readonly size: Bytes;
  /** The twelve Unix permission bits, set-user-id, set-group-id and sticky included. */
  readonly mode: number;
  readonly mtime: Instant | null;
  readonly uid: number;
  readonly gid: number;
}

export const nodeShape = z.object({
  path: z.string(),
  type: z.string(),
  size: z.number().int().nonnegative().default(0), // left out for an empty file
  mode: z.number().int().nonnegative().default(0),
  mtime: z.string().default(''),
  uid: z.number().int().nonnegative().default(0),
  gid: z.number().int().nonnegative().default(0),
});

export const toNode = (raw: z.infer<typeof nodeShape>): SnapshotNode => ({
  path: raw.path,
  type: raw.type,
  size: raw.size as Bytes, // restic counts bytes
  mode: unixMode(raw.mode),
  mtime: parseInstant(raw.mtime),
  uid: raw.uid,
  gid: raw.gid,
});

/** restic prints Go's file mode, which keeps the special bits elsewhere. */
const unixMode = (goMode: number): number =>
  (goMode & 0o777) |
  (goMode & (1 << 23) ? 0o4000 : 0) |
  (goMode & (1 << 22) ? 0o2000 : 0) |
  (goMode & (1 << 20) ? 0o1000 : 0);
