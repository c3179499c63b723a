// The sample of a snapshot, from its listing: files for all the others, and those that validators look at.

import { posix } from 'node:path';
import type { Bytes } from '../../domain/bytes.ts';
import type { Amount } from '../../domain/drill.ts';
import type { StepContext } from '../../domain/plan.ts';
import { Sample } from '../../domain/sample.ts';
import { normalPath } from '../../config/repository-url.ts';
import { resticLs } from '../../tools/restic/ls.ts';
import type { SnapshotNode } from '../../tools/restic/node.ts';
import { pastLocks } from '../repository/restic-locks.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { filesOf } from '../validators/validate.ts';
import type { DrillOrder } from './drill-step.ts';

export interface Drawn {
  readonly files: readonly SnapshotNode[];
  /** They and the directories that they are in: what must be on disk then, and nothing else. */
  readonly nodes: readonly SnapshotNode[];
  readonly sample: Amount;
  readonly all: Amount;
  /** How long the listing took: see `extrapolate`. */
  readonly seconds: number;
}

/** What restic prints for bytes that are not UTF-8: such a file cannot be named in a pattern. */
const NAMELESS = '\uFFFD';

export async function drawSample(
  order: Pick<DrillOrder, 'chosen' | 'config'>,
  count: number,
  toolbox: Toolbox,
  context: StepContext,
): Promise<Drawn> {
  const { repository, snapshot } = order.chosen;
  const { backup, protection } = order.config;
  const home = normalPath(backup.paths[0] ?? '/');
  const needed = new Set(protection.validators.flatMap((validator) => filesOf(validator, home) ?? []));
  const access = await accessTo(toolbox, repository, context.signal);
  context.progress({ message: 'drawing a sample' });
  return await pastLocks(access, context, async (retryLock) => {
    const begin = performance.now();
    const sample = new Sample<SnapshotNode>(count, context.runId);
    const wanted: SnapshotNode[] = [];
    const all = { files: 0, bytes: 0 };
    const onNode = (node: SnapshotNode): void => {
      if (node.type !== 'file') return;
      all.files += 1;
      all.bytes += node.size;
      if (needed.has(node.path)) wanted.push(node);
      else if (!node.path.includes(NAMELESS)) sample.add(node);
    };
    await resticLs(access, { snapshotId: snapshot.id, retryLock }, { signal: context.signal, onNode });
    const files = [...wanted, ...sample.chosen()];
    return {
      files,
      nodes: [...directoriesOf(files), ...files],
      sample: { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) },
      all,
      seconds: (performance.now() - begin) / 1000,
    };
  });
}

function directoriesOf(files: readonly SnapshotNode[]): SnapshotNode[] {
  const found = new Set<string>();
  for (const { path } of files) {
    for (let above = posix.dirname(path); above !== '/' && !found.has(above); above = posix.dirname(above)) found.add(above);
  }
  const unknown = { type: 'dir', size: 0 as Bytes, mode: 0, mtime: null, uid: 0, gid: 0 }; // only that it is there is looked at
  return [...found].map((path) => ({ ...unknown, path }));
}
