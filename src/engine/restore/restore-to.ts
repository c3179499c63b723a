// Getting a snapshot back into a new directory: staged beside it, proven there, and only then renamed to its name.

import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contains } from '../../config/repository-url.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { syncDirectory } from '../../lib/durable-file.ts';
import { literalPattern } from '../../tools/restic/pattern.ts';
import { syncFileSystem } from '../../tools/util-linux/sync.ts';
import type { Toolbox } from '../toolbox.ts';
import { setAttributes } from './attributes.ts';
import { checkDestination, type Surroundings } from './destination.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { checkSpace, type RestoreOrder, restoreAndProve } from './prove.ts';
import { siblingName } from './restore-places.ts';
import { resultOf } from './restore-result.ts';
import type { Placement } from './restored-listing.ts';
import { holdStaging } from './staging.ts';

export interface RestoreTo extends RestoreOrder {
  /** Absolute. */
  readonly directory: string;
  /** Absolute paths in the snapshot, each with everything below it; everything when empty. */
  readonly includes: readonly string[];
  /** Put what could be restored in place although some of it could not: `partial`. */
  readonly allowIncomplete: boolean;
  readonly surroundings: Surroundings;
}

/** Restores below a new directory; the absolute paths of the snapshot are recreated there. */
export async function restoreTo(order: RestoreTo, toolbox: Toolbox, context: StepContext): Promise<StepResult> {
  const { directory, includes } = order;
  const { path, existing } = await checkDestination(directory, order.surroundings);
  const parent = dirname(path);
  await checkSpace(order, parent, context);
  const staging = join(parent, siblingName(path, 'restoring', context.runId));
  await using _staging = await holdStaging(context, staging);
  const place: Placement = (entry) =>
    includes.length === 0 || includes.some((each) => entry === each || contains(each, entry) || contains(entry, each))
      ? staging + entry
      : null;
  const request = { target: staging, includes: includes.map(literalPattern) };
  const proven = await restoreAndProve(order, [request], { place, roots: [staging], wanted: includes }, toolbox, context);
  if (existing) await setAttributes(staging, existing);
  await syncFileSystem(staging, context.signal);
  context.signal.throwIfAborted();
  try {
    await rename(staging, path); // over an empty directory, or nothing: the kernel refuses anything else
    await syncDirectory(parent);
  } catch (error) {
    throw fileSystemFailure(
      error,
      'put the restored data in place at',
      path,
      'Something appeared there meanwhile: choose another directory.',
    );
  }
  return resultOf(order, proven, { to: path }, proven.shortcomings, context);
}
