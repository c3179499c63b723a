// Restores into staging directories and proves it there: restic has read back what it wrote, and the listing of the snapshot
// is what is on disk. Nothing is put in place here.

import type { Duration } from '../../domain/duration.ts';
import type { StepContext } from '../../domain/plan.ts';
import { jobName } from '../../domain/naming.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import type { ItemError } from '../../tools/restic/error-lines.ts';
import { resticLs } from '../../tools/restic/ls.ts';
import type { SnapshotNode } from '../../tools/restic/node.ts';
import { type RestoreRequest, type RestoreSummary, resticRestore } from '../../tools/restic/restore.ts';
import { pastLocks } from '../repository/restic-locks.ts';
import type { Observed } from '../snapshots/observe-snapshots.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { requireSpace } from './destination.ts';
import { type Listing, type Placement, RestoredListing } from './restored-listing.ts';

export interface RestoreOrder {
  /** Which snapshot, of which repository. */
  readonly chosen: Observed;
  /** Null for a snapshot that is of no service. */
  readonly service: string | null;
  /** Everything that the snapshot holds is restored. */
  readonly whole: boolean;
  /** restic reads back and compares every restored file. */
  readonly verify: boolean;
}

export interface Proof {
  readonly place: Placement;
  readonly roots: readonly string[];
  /** Paths of which each must be found in the snapshot. */
  readonly wanted: readonly string[];
  /** What must be there, when that is known; else the snapshot is listed. */
  readonly nodes?: readonly SnapshotNode[];
}

export interface Proven extends Listing {
  /** What restic could not restore. */
  readonly errors: readonly ItemError[];
  readonly shortcomings: readonly string[];
}

type Request = Pick<RestoreRequest, 'subpath' | 'includes' | 'target'>;

/** Throws `not-restored` unless everything is there, as the snapshot has it. */
export async function restoreAndProve(
  order: RestoreOrder & { readonly allowIncomplete?: boolean },
  requests: readonly Request[],
  proof: Proof,
  toolbox: Toolbox,
  context: StepContext,
): Promise<Proven> {
  const access = await accessTo(toolbox, order.chosen.repository, context.signal);
  const unseen = new Set(proof.wanted);
  const listing = new RestoredListing(proof.place);
  const errors = await pastLocks(access, context, async (retryLock) => {
    const work = { access, order, retryLock, context };
    const expect = (node: SnapshotNode): void => {
      unseen.delete(node.path);
      listing.expect(node);
    };
    if (!proof.nodes) return await restoreWhileListing(work, requests, expect);
    const problems = await restoreAll(work, requests);
    for (const node of proof.nodes) expect(node);
    return problems;
  });
  const found = await listing.finish(proof.roots, context.signal);
  if (unseen.size > 0) throw notInSnapshot(order, [...unseen]);
  const shortcomings = [
    ...errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)),
    ...found.differences,
  ];
  if (shortcomings.length > 0 && !order.allowIncomplete) throw notRestored(order, shortcomings, found);
  return { ...found, errors, shortcomings };
}

interface Work {
  readonly access: ResticAccess;
  readonly order: RestoreOrder;
  readonly retryLock: Duration | undefined;
  readonly context: StepContext;
}

/**
 * The listing opens the repository and loads its index meanwhile, which takes seconds; what it prints waits in its pipe until
 * everything that it names should be there.
 */
async function restoreWhileListing(
  work: Work,
  requests: readonly Request[],
  expect: (node: SnapshotNode) => void,
): Promise<readonly ItemError[]> {
  const { access, order, retryLock, context } = work;
  const restored = Promise.withResolvers<void>();
  const stop = new AbortController();
  const listed = resticLs(
    access,
    { snapshotId: order.chosen.snapshot.id, retryLock },
    { signal: AbortSignal.any([context.signal, stop.signal]), onNode: expect, readAfter: restored.promise },
  );
  listed.catch(() => {}); // told when it is waited for
  try {
    const errors = await restoreAll(work, requests);
    context.progress({ message: 'comparing with the snapshot' });
    restored.resolve();
    await listed.catch((error: unknown) => {
      if (errors.length === 0 || !(error instanceof HoldfastError) || !CANNOT_LIST.has(error.code)) throw error;
    });
    return errors;
  } catch (error) {
    stop.abort(error);
    await listed.catch(() => {}); // it is over before anything is cleaned up or tried again
    throw error;
  }
}

/** What the restore has told already, item by item. */
const CANNOT_LIST: ReadonlySet<ErrorCode> = new Set(['repository-damaged', 'tool-failed']);

async function restoreAll(work: Work, requests: readonly Request[]): Promise<ItemError[]> {
  const errors: ItemError[] = [];
  for (const request of requests) errors.push(...(await restore(work, request))); // oxlint-disable-line no-await-in-loop -- one disk, one repository
  return errors;
}

async function restore({ access, order, retryLock, context }: Work, request: Request): Promise<readonly ItemError[]> {
  const summary: RestoreSummary = await resticRestore(
    access,
    { ...request, snapshotId: order.chosen.snapshot.id, verify: order.verify, sparse: true, retryLock },
    {
      signal: context.signal,
      onProgress: ({ bytesDone, bytesTotal, filesDone, filesTotal }) =>
        context.progress({ bytesDone, bytesTotal, filesDone, filesTotal }),
    },
  );
  if (!summary.incomplete || summary.errors.length > 0) return summary.errors;
  return [{ path: '', message: 'restic did not restore everything, and did not say why', during: 'restore' }];
}

/** The size of the whole snapshot: more than enough where only a part of it is restored. */
export async function checkSpace(
  order: RestoreOrder & { includes?: readonly string[] },
  directory: string,
  context: StepContext,
): Promise<void> {
  const bytes = order.chosen.snapshot.summary?.bytesProcessed;
  if (bytes === undefined) context.warn('the snapshot does not say how large it is: free space was not checked');
  else if ((order.includes ?? []).length === 0) await requireSpace(directory, bytes, context.signal);
}

/** In a line. */
export const summarise = (sentences: readonly string[]): string =>
  sentences.slice(0, 3).join('; ') + (sentences.length > 3 ? `; and ${sentences.length - 3} more` : '');

const subjectOf = ({ service, chosen }: RestoreOrder): string =>
  service === null ? chosen.snapshot.id.slice(0, 8) : jobName(service, chosen.repository.name);

const notInSnapshot = (order: RestoreOrder, paths: readonly string[]): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'restore',
    subject: subjectOf(order),
    message: `snapshot ${order.chosen.snapshot.id.slice(0, 8)} does not hold ${paths.join(', ')}`,
    hint: 'Nothing was put in place. `holdfast ls` shows what a snapshot holds, `holdfast find` in which one something is.',
  });

const notRestored = (order: RestoreOrder, shortcomings: readonly string[], { differenceCount }: Listing): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'restore',
    subject: subjectOf(order),
    message: `what was restored is not what the snapshot holds: ${summarise(shortcomings)}${differenceCount > 100 ? ' (and more)' : ''}`,
    hint: 'Nothing was put in place. Try another snapshot or --repository; with --to, --allow-incomplete keeps what could be restored.',
    retry: 'later',
  });
