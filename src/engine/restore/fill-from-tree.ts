// Fills the staging from a tree that is seen somewhere and never changes, such as a snapshot that is mounted: copied, or shared by the
// file system where that can, and compared by content and attributes.

import { type Bytes } from '../../domain/bytes.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { cloneTree } from '../../tools/util-linux/copy-tree.ts';
import { compareTrees, type TreeComparison } from './compare-trees.ts';
import { requireSpace } from './destination.ts';
import type { Filling, StagedPlace } from './filling.ts';
import { summarise } from './prove.ts';
import type { Listing } from './restored-listing.ts';

export interface Tree {
  readonly service: string;
  /** 'tank/app@daily-1' */
  readonly name: string;
  readonly at: Instant;
  /** Before a live path: where that is in the tree. */
  readonly root: string;
  /** What a copy of it takes; null where it takes next to nothing. */
  readonly room: Bytes | null;
  /** What kind of source it is of, for evidence. */
  readonly source: JsonObject;
  readonly ifNotGood: string;
}

export function fillFromTree(tree: Tree): Filling {
  const began = performance.now();
  return {
    id: tree.name,
    copy: `snapshot ${tree.name}`,
    ifNotGood: tree.ifNotGood,
    async requireRoom(directory, { signal }) {
      if (tree.room !== null) await requireSpace(directory, tree.room, signal);
    },
    async stage(places, context) {
      const compared: TreeComparison[] = [];
      for (const place of places) compared.push(await fillOne(tree, place, context)); // oxlint-disable-line no-await-in-loop -- one disk
      if (compared.some(({ attributesCompared }) => !attributesCompared))
        context.warn(
          'extended attributes and access control lists were copied, and not compared: getfattr is not installed',
        );
      return together(compared);
    },
    comesTo: (listing, where, reasons, context) => {
      const seconds = (performance.now() - began) / 1000;
      return resultOf(tree, { ...listing, seconds }, where, reasons, context);
    },
  };
}

async function fillOne(
  { service, name, root }: Tree,
  { real, staged, path }: StagedPlace,
  context: StepContext,
): Promise<TreeComparison> {
  context.progress({ message: `copying ${path}` });
  await cloneTree(root + real, staged, context.signal);
  context.progress({ message: `comparing every byte and attribute of ${path}` });
  const comparison = await compareTrees(root + real, staged, context.signal);
  if (comparison.differenceCount === 0) return comparison;
  throw new HoldfastError({
    code: 'not-restored',
    operation: 'restore',
    subject: service,
    message: `what was copied is not what ${name} holds: ${summarise(comparison.differences)}`,
    hint: 'Nothing was put in place. A dataset that does not take access control lists needs acltype: posix.',
    retry: 'later',
  });
}

/** Each with the directory or file itself. */
const together = (compared: readonly TreeComparison[]): Listing => ({
  entries: compared.reduce((sum, { entries }) => sum + entries + 1, 0),
  files: compared.reduce((sum, { files }) => sum + files, 0),
  bytes: compared.reduce((sum, { bytes }) => sum + bytes, 0) as Bytes, // of sizes
  differences: [],
  differenceCount: 0,
});

function resultOf(
  { service, name, at, source }: Tree,
  { files, entries, bytes, seconds }: Listing & { readonly seconds: number },
  where: JsonObject,
  reasons: readonly string[],
  context: StepContext,
): StepResult {
  const complete = reasons.length === 0;
  const from = { ...source, snapshot: name, snapshotTime: formatInstant(at) };
  const figures = { files, entries, bytes, seconds, verified: 'content and attributes' };
  return {
    outcome: complete ? 'succeeded' : 'partial',
    reason: complete ? null : summarise(reasons),
    evidence: [
      {
        kind: 'restore',
        service,
        repository: '',
        snapshotId: '',
        at: context.now(),
        complete,
        detail: { tool: 'cp', ...from, ...figures, ...where },
      },
    ],
    result: { service, repository: null, ...from, ...where, ...figures },
  };
}
