// How a consistent view of a service's data is obtained: the contract of plain files, SQLite databases and (later) snapshots.

import type { JsonObject } from '../lib/json.ts';
import type { StepContext } from '../domain/plan.ts';
import type { Bind } from '../tools/util-linux/mount-namespace.ts';

/** What restic reads. The paths are always the live ones, so that a restore puts everything where it belongs. */
export interface SourceView {
  readonly binds: readonly Bind[];
  /** Absolute paths under which the snapshot must hold what was copied: declared data, whatever an exclude says. */
  readonly expected: readonly string[];
  /** Absolute paths (not patterns) that must not be read: they belong to something that stands in for them. */
  readonly leftOut: readonly string[];
  /** In what the view is not what was asked for, in sentences: a copy of it is incomplete. */
  readonly shortcomings: readonly string[];
  /** How the view was made, for the report. */
  readonly detail: JsonObject;
}

/**
 * `open` may make effects through `context.hold`; disposing the view undoes them. It throws a HoldfastError and leaves
 * nothing behind when a consistent view cannot be had: a view is never silently less than was asked for.
 */
export interface Source {
  open(context: StepContext): Promise<SourceView & AsyncDisposable>;
}
