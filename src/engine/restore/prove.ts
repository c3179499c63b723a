// Restores into staging directories and proves it there: restic has read back what it wrote, and the listing of the snapshot
// is what is on disk. Nothing is put in place here.

import type { StepContext } from '../../domain/plan.ts';
import { jobName } from '../../domain/naming.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { resticLs } from '../../tools/restic/ls.ts';
import { type RestoreRequest, type RestoreSummary, resticRestore } from '../../tools/restic/restore.ts';
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
}

export interface Proven extends Listing {
  readonly shortcomings: readonly string[];
}

/** Throws `not-restored` unless everything is there, as the snapshot has it. */
export async function restoreAndProve(
  order: RestoreOrder & { readonly allowIncomplete?: boolean },
  requests: readonly Pick<RestoreRequest, 'subpath' | 'includes' | 'target'>[],
  { place, roots, wanted }: Proof,
  toolbox: Toolbox,
  context: StepContext,
): Promise<Proven> {
  const { signal } = context;
  const { repository, snapshot } = order.chosen;
  const access = await accessTo(toolbox, repository, signal);
  const problems: string[] = [];
  for (const request of requests) {
    // oxlint-disable-next-line no-await-in-loop -- one disk, one repository
    problems.push(...(await restore(access, { ...request, snapshotId: snapshot.id, verify: order.verify }, context)));
  }
  context.progress({ message: 'comparing with the snapshot' });
  const listing = new RestoredListing(place);
  const unseen = new Set(wanted);
  await resticLs(
    access,
    { snapshotId: snapshot.id },
    {
      signal,
      onNode: (node) => {
        unseen.delete(node.path);
        listing.expect(node);
      },
    },
  );
  const found = await listing.finish(roots, signal);
  if (unseen.size > 0) throw notInSnapshot(order, [...unseen]);
  const shortcomings = [...problems, ...found.differences];
  if (shortcomings.length > 0 && !order.allowIncomplete) throw notRestored(order, shortcomings, found);
  return { ...found, shortcomings };
}

async function restore(access: ResticAccess, request: RestoreRequest, context: StepContext): Promise<string[]> {
  const summary: RestoreSummary = await resticRestore(
    access,
    { ...request, sparse: true },
    {
      signal: context.signal,
      onProgress: ({ bytesDone, bytesTotal, filesDone, filesTotal }) =>
        context.progress({ bytesDone, bytesTotal, filesDone, filesTotal }),
    },
  );
  if (!summary.incomplete) return [];
  const told = summary.errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return told.length > 0 ? told : ['restic did not restore everything, and did not say why'];
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
