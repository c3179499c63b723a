// Getting a snapshot back: into a staging directory on the final file system, proven there, and only then put in place. A
// success is recorded only after restic has verified the content and the listing of the snapshot matches what is on disk.

import { chmod, chown, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ServiceConfig } from '../../config/configuration.ts';
import { contains } from '../../config/repository-url.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { formatInstant } from '../../domain/instant.ts';
import { jobName } from '../../domain/naming.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { resticLs } from '../../tools/restic/ls.ts';
import { literalPattern } from '../../tools/restic/pattern.ts';
import { type RestoreRequest, type RestoreSummary, resticRestore } from '../../tools/restic/restore.ts';
import { syncFileSystem } from '../../tools/util-linux/sync.ts';
import { checkDestination, checkLivePlace, type LivePlace, requireSpace, type Surroundings } from './destination.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { syncDirectory } from './moves.ts';
import type { Observed } from '../snapshots/observe-snapshots.ts';
import { promoteEntries } from './promote-entries.ts';
import { promote } from './promote.ts';
import { asideOf, entrySwapOf, siblingName, stagingOf, swapOf } from './restore-places.ts';
import { type Listing, type Placement, RestoredListing } from './restored-listing.ts';
import { holdStaging } from './staging.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { holdStopped } from './unit-effect.ts';

export interface RestoreOrder {
  /** Which snapshot, of which repository. */
  readonly chosen: Observed;
  /** Null for a snapshot that is of no service. */
  readonly service: string | null;
  /** restic reads back and compares every restored file. */
  readonly verify: boolean;
}

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
  if (existing && process.getuid?.() === 0) await chown(staging, existing.uid, existing.gid);
  if (existing) await chmod(staging, existing.mode);
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

export interface RestoreInPlace extends RestoreOrder {
  readonly service: string;
  readonly unit: ServiceConfig['unit'];
  /** Live paths that the snapshot holds. */
  readonly paths: readonly string[];
  /** Why the service is not wholly restored, if it is not. */
  readonly shortcomings: readonly string[];
}

/** Replaces the live data; what was there is kept beside it. */
export async function restoreInPlace(order: RestoreInPlace, toolbox: Toolbox, context: StepContext): Promise<StepResult> {
  const places = await Promise.all(order.paths.map((path) => checkLivePlace(path)));
  for (const { path, keepsDirectory } of places) {
    // oxlint-disable-next-line no-await-in-loop -- a handful
    await checkSpace(order, keepsDirectory ? path : dirname(path), context);
  }
  let restored: Listing | null = null;
  const reasons = [...order.shortcomings];
  try {
    await stageAndSwap(order, places, toolbox, context, (listing) => (restored = listing));
  } catch (error) {
    // The data is in place all the same; what failed is starting the unit again.
    if (!restored || !(error instanceof HoldfastError) || error.operation !== 'start') throw error;
    reasons.push(`the data is in place, but ${error.subject} did not start: ${error.message}`);
  }
  if (!restored)
    throw new HoldfastError({ code: 'bug', operation: 'restore', subject: order.service, message: 'nothing was restored' });
  const kept = places
    .filter(({ exists }) => exists)
    .map((place) => ({ path: place.path, keptAt: asideOf(place, context.runId) }));
  return resultOf(order, restored, { inPlace: order.paths, kept }, reasons, context);
}

async function stageAndSwap(
  order: RestoreInPlace,
  places: readonly LivePlace[],
  toolbox: Toolbox,
  context: StepContext,
  swapped: (listing: Listing) => void,
): Promise<void> {
  await using staged = new AsyncDisposableStack();
  for (const place of places) staged.use(await holdStaging(context, stagingOf(place, context.runId))); // oxlint-disable-line no-await-in-loop -- in order
  const requests = places.map((place) => ({
    subpath: dirname(place.path),
    includes: [literalPattern(`/${basename(place.path)}`)],
    target: stagingOf(place, context.runId),
  }));
  const place: Placement = (entry) => {
    const home = places.find(({ path }) => entry === path || contains(path, entry));
    return home ? join(stagingOf(home, context.runId), basename(home.path)) + entry.slice(home.path.length) : null;
  };
  const roots = requests.map(({ target }) => target);
  const listing = await restoreAndProve(order, requests, { place, roots, wanted: order.paths }, toolbox, context);
  for (const root of roots) await syncFileSystem(root, context.signal); // oxlint-disable-line no-await-in-loop -- a handful
  await using _unit = await holdStopped(context, order.unit);
  for (const each of places) {
    if (!each.keepsDirectory) continue;
    await promoteEntries(context, entrySwapOf(each, context.runId)); // oxlint-disable-line no-await-in-loop -- one after the other
  }
  await promote(
    context,
    places.filter(({ keepsDirectory }) => !keepsDirectory).map((each) => swapOf(each, context.runId)),
  );
  swapped(listing);
}

interface Proof {
  readonly place: Placement;
  readonly roots: readonly string[];
  /** Paths of which each must be found in the snapshot. */
  readonly wanted: readonly string[];
}

interface Proven extends Listing {
  readonly shortcomings: readonly string[];
}

/** Throws `not-restored` unless everything is there, as the snapshot has it. */
async function restoreAndProve(
  order: RestoreOrder & { readonly allowIncomplete?: boolean },
  requests: readonly Pick<RestoreRequest, 'subpath' | 'includes' | 'target'>[],
  { place, roots, wanted }: Proof,
  toolbox: Toolbox,
  context: StepContext,
): Promise<Proven> {
  const { signal } = context;
  const { repository, snapshot } = order.chosen;
  const access = await accessTo(toolbox, repository);
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
async function checkSpace(
  order: RestoreOrder & { includes?: readonly string[] },
  directory: string,
  context: StepContext,
): Promise<void> {
  const bytes = order.chosen.snapshot.summary?.bytesProcessed;
  if (bytes === undefined) context.warn('the snapshot does not say how large it is: free space was not checked');
  else if ((order.includes ?? []).length === 0) await requireSpace(directory, bytes, context.signal);
}

function resultOf(
  order: RestoreOrder,
  listing: Listing,
  where: NonNullable<StepResult['result']>,
  shortcomings: readonly string[],
  context: StepContext,
): StepResult {
  const { repository, snapshot, partial } = order.chosen;
  const verified = order.verify ? 'content and listing' : 'listing';
  const complete = shortcomings.length === 0;
  if (listing.files === 0) context.warn(`snapshot ${snapshot.id.slice(0, 8)} holds no files there`);
  const figures = { files: listing.files, entries: listing.entries, bytes: listing.bytes, verified };
  const evidence: Evidence[] =
    order.service === null
      ? []
      : [
          {
            kind: 'restore',
            service: order.service,
            repository: repository.name,
            snapshotId: snapshot.id,
            at: context.now(),
            complete: complete && !partial,
            detail: { tool: 'restic', ...figures, ...where },
          },
        ];
  return {
    outcome: complete ? 'succeeded' : 'partial',
    reason: complete ? null : summarise(shortcomings),
    evidence,
    result: {
      service: order.service,
      repository: repository.name,
      snapshotId: snapshot.id,
      snapshotTime: formatInstant(snapshot.time),
      ...where,
      ...figures,
      differences: shortcomings.slice(0, 100),
    },
  };
}

const summarise = (sentences: readonly string[]): string =>
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
