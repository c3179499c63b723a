// How data comes into the staging of a restore in place. There is one such restore, and a way of filling for each kind of copy:
// from a repository (fill-from-restic.ts) or from a tree that can be seen (fill-from-tree.ts).

import { contains } from '../../config/repository-url.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import type { Listing, Placement } from './restored-listing.ts';

/** One declared path on its way back. */
export interface StagedPlace {
  /** As it is declared. */
  readonly path: string;
  /** The same, without links on the way to it. */
  readonly real: string;
  /** A directory of this run, on the final file system; empty. */
  readonly staging: string;
  /** In there: where what belongs at `path` has to be. */
  readonly staged: string;
}

/** Changes nothing outside of the staging. */
export interface Filling {
  /** Of the copy, for programs. */
  readonly id: string;
  /** The same in words: 'snapshot ab12cd34'. */
  readonly copy: string;
  /** What to do where validators say that it is not good. */
  readonly ifNotGood: string;
  /** Throws `no-space` where there is not room enough. */
  requireRoom(directory: string, context: StepContext): Promise<void>;
  /** Throws `not-restored` unless all of it is there, and proven to be what the copy holds. */
  stage(places: readonly StagedPlace[], context: StepContext): Promise<Listing>;
  /** `reasons`: why it is not wholly restored, if it is not. */
  comesTo(
    listing: Listing,
    where: NonNullable<StepResult['result']>,
    reasons: readonly string[],
    context: StepContext,
  ): StepResult;
}

/** Where what belongs at a path is staged. */
export const stagedIn =
  (places: readonly StagedPlace[]): Placement =>
  (entry) => {
    const home = places.find(({ path }) => entry === path || contains(path, entry));
    return home ? home.staged + entry.slice(home.path.length) : null;
  };
