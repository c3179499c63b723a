// Getting a copy back to where it belongs: staged on the final file system, proven there, and then exchanged for what
// is there, which is kept. The live data is not touched before that.

import { mkdtemp, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryConfig, ServiceConfig, ValidatorConfig } from '../../config/configuration.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { syncFileSystem } from '../../tools/util-linux/sync.ts';
import { endKept, STARTED_EMPTY } from '../recover/empty-starts.ts';
import type { Toolbox } from '../toolbox.ts';
import { ofCopy } from './copy-error.ts';
import { type Filling, type StagedPlace, stagedIn } from './filling.ts';
import { type LeftOut, leftOutOf } from './left-out.ts';
import { assertSettled, checkLivePlaces } from './live-place.ts';
import { exists } from './moves.ts';
import { statOf } from './path-facts.ts';
import { promote } from './promote.ts';
import { companionSwapsOf, entrySwapOf, homeOf, type LivePlace, stagingOf, swapOf } from './restore-places.ts';
import type { Listing } from './restored-listing.ts';
import { holdStaging } from './staging.ts';
import type { Swap } from './swap-paths.ts';
import { holdStopped } from './unit-effect.ts';
import { validateStaged } from './validate-staged.ts';

export interface RestoreInPlace {
  readonly service: string;
  readonly unit: ServiceConfig['unit'];
  /** What its backup leaves out: restic's patterns. */
  readonly exclude: readonly string[];
  /** Live paths that the copy holds. */
  readonly paths: readonly string[];
  /** Why the service is not wholly restored, if it is not. */
  readonly shortcomings: readonly string[];
  /** They must find it good before it takes its place; empty where it is not to be asked. */
  readonly validators: readonly ValidatorConfig[];
  /** What a command among them must not read. */
  readonly hidden: readonly string[];
  /** Everything that is configured: nothing of others is moved away. */
  readonly services: readonly ServiceConfig[];
  readonly repositories: readonly RepositoryConfig[];
}

/** Replaces the live data; what was there is kept beside it. */
export async function restoreInPlace(
  order: RestoreInPlace,
  filling: Filling,
  toolbox: Toolbox,
  context: StepContext,
): Promise<StepResult> {
  const { runId } = context;
  const places = await checkLivePlaces(order.paths, { ...order, stateDir: toolbox.stateDir });
  const leftOut = await leftOutOf(places, order.exclude, runId);
  let restored: Listing | null = null;
  const reasons = [...order.shortcomings];
  try {
    for (const place of places) {
      // oxlint-disable-next-line no-await-in-loop -- a handful
      await assertSettled(place, toolbox.journal);
      await filling.requireRoom(homeOf(place), context); // oxlint-disable-line no-await-in-loop
    }
    await stageAndSwap(order, filling, places, toolbox, context, (listing) => (restored = listing));
  } catch (error) {
    // The data is in place all the same; what failed is starting the unit again.
    if (!restored || !(error instanceof HoldfastError) || error.operation !== 'start') {
      context.warn(await whatIsThere(places, runId));
      throw error;
    }
    reasons.push(`the data is in place, but ${error.subject} did not start: ${error.message}`);
  }
  if (!restored)
    throw new HoldfastError({ code: 'bug', operation: 'restore', subject: order.service, message: 'nothing was restored' });
  endKept(toolbox.journal, STARTED_EMPTY, order.service, context.now()); // its data is there again
  for (const { path, keptAt } of leftOut)
    context.warn(`${path} is left out of the backup: it is in the old data now, ${keptAt}`);
  return filling.comesTo(
    restored,
    { inPlace: order.paths, kept: asJson(await keptOf(places, runId)), leftOut: asJson(leftOut) },
    reasons,
    context,
  );
}

async function stageAndSwap(
  order: RestoreInPlace,
  filling: Filling,
  places: readonly LivePlace[],
  toolbox: Toolbox,
  context: StepContext,
  swapped: (listing: Listing) => void,
): Promise<void> {
  const { runId } = context;
  await using staged = new AsyncDisposableStack();
  for (const place of places) staged.use(await holdStaging(context, stagingOf(place, runId))); // oxlint-disable-line no-await-in-loop -- in order
  const staging = places.map((place): StagedPlace => {
    const { staged: data } = swapOf(place, runId);
    return { path: place.path, real: place.real, staging: stagingOf(place, runId), staged: data };
  });
  const roots = staging.map((each) => each.staging);
  const listing = await ofCopy('get', () => filling.stage(staging, context));
  if (order.validators.length > 0) await ofCopy('validate', () => askValidators(order, filling, staging, toolbox, context));
  for (const root of roots) await syncFileSystem(root, context.signal); // oxlint-disable-line no-await-in-loop -- a handful
  await using _unit = await holdStopped(context, order.unit);
  context.signal.throwIfAborted(); // the last time: from here on it is a matter of moments, and of all or nothing
  const entries = places.filter(({ keepsDirectory }) => keepsDirectory).map((each) => entrySwapOf(each, runId));
  await promote(context, { entries, swaps: await swapsOf(places, runId) });
  swapped(listing);
}

/** Throws `not-restored` for the first that says no. */
async function askValidators(
  { service, validators, hidden, paths }: RestoreInPlace,
  filling: Filling,
  staging: readonly StagedPlace[],
  { user }: Toolbox,
  context: StepContext,
): Promise<void> {
  const roots = await Promise.all(staging.map(async (each) => await realpath(each.staging)));
  const scratch = await mkdtemp(join(roots[0] ?? '', '.validators-')); // removed with the staging
  const restored = {
    service,
    snapshotId: filling.id,
    place: stagedIn(staging),
    roots,
    scratch,
    home: paths[0] ?? '/',
    hidden,
    user,
  };
  await validateStaged(validators, restored, filling, context);
}

async function swapsOf(places: readonly LivePlace[], runId: string): Promise<Swap[]> {
  const swaps = await Promise.all(
    places
      .filter(({ keepsDirectory }) => !keepsDirectory)
      .map(async (place) => {
        const swap = swapOf(place, runId);
        const isFile = (await statOf(swap.staged))?.isFile() === true;
        return isFile ? [swap, ...companionSwapsOf(place, runId)] : [swap];
      }),
  );
  return swaps.flat();
}

const asJson = (found: readonly LeftOut[]): JsonObject[] => found.map((each) => ({ ...each }));

/** What was moved aside, with where it is. */
async function keptOf(places: readonly LivePlace[], runId: string): Promise<LeftOut[]> {
  const moved = places.flatMap((place) => [
    { path: place.path, keptAt: swapOf(place, runId).aside },
    ...(place.keepsDirectory ? [] : companionSwapsOf(place, runId).map(({ path, aside }) => ({ path, keptAt: aside }))),
  ]);
  const there = await Promise.all(moved.map(({ keptAt }) => exists(keptAt)));
  const found = moved.filter((_, index) => there[index]);
  return [...new Map(found.map((each) => [each.keptAt, each])).values()]; // what is beside a file may be a place of its own
}

/** In one sentence, whatever happened. */
async function whatIsThere(places: readonly LivePlace[], runId: string): Promise<string> {
  const states = await Promise.all(
    places.map(async (place) => {
      const { leaving, entering, aside } = entrySwapOf(place, runId);
      if ((await exists(leaving)) || (await exists(entering)))
        return `${place.path} is half replaced, and nothing is lost: the next start of Holdfast goes on with it`;
      const replaced = await exists(place.exists ? aside : place.real);
      return replaced ? `${place.path} holds the restored data` : null;
    }),
  );
  const changed = states.filter((state) => state !== null);
  return changed.length === 0 ? 'the live data is as it was' : changed.join('; ');
}
