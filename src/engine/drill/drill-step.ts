// One drill: a snapshot restored into scratch, held against a second copy, validated, and timed. It never touches live data,
// and nothing of it stays. That it could not be tried is no drill that failed: then nothing is recorded.

import { realpath } from 'node:fs/promises';
import { serverDirectories } from '../../config/server-directories.ts';
import type { BackupConfig, ServiceConfig } from '../../config/configuration.ts';
import { normalPath } from '../../config/repository-url.ts';
import type { DrillPick } from '../../domain/drill.ts';
import { jobName } from '../../domain/naming.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { LockBroker } from '../../repositories/broker.ts';
import type { Surroundings } from '../restore/destination.ts';
import { type Proven, type RestoreOrder, restoreAndProve, summarise } from '../restore/prove.ts';
import type { TriedDumps } from '../dumps/tried-dumps.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import type { RestoredService, Validation } from '../validators/restored.ts';
import { filesOf, subjectOf, validate } from '../validators/validate.ts';
import { type Findings, evidenceOf, failureOf, NEEDS_ALL, resultOf } from './drill-result.ts';
import { inCalls } from './in-calls.ts';
import { assertKnown, isAboutContent } from './known.ts';
import { holdScratch, openScratchRoot, requireRoom, type Scratch, SCRATCH_HINT } from './scratch.ts';
import { compareWithSecond, type Compared, type SecondCopy } from './second-copy.ts';
import { drawSample, type Drawn } from './draw-sample.ts';

/** Looks at restored data beside the validators: what it says is wrong with it, in sentences. */
export type Inspector = (service: string, root: string) => Promise<readonly string[]>;

export interface DrillOrder extends RestoreOrder {
  readonly service: string;
  readonly config: ServiceConfig & { readonly backup: BackupConfig };
  readonly pick: Exclude<DrillPick, 'rotate'>;
  /** How many files; null for all. */
  readonly sampleFiles: number | null;
  readonly second: SecondCopy | null;
  /** Why there is no second copy to hold it against; null where there is one, or none is wanted. */
  readonly noSecond: HoldfastError | null;
  readonly demanded: boolean;
  /** Let what was restored stay when the drill failed. */
  readonly keep: boolean;
  readonly scratch: string;
  readonly surroundings: Surroundings;
  /** What commands that validate must not read. */
  readonly hidden: readonly string[];
  readonly inspect?: Inspector | undefined;
  /** Tries the dumps of its database server; null where it has none. `root`: what was restored. */
  readonly tryDumps: ((root: string, context: StepContext) => Promise<TriedDumps>) | null;
}

export interface DrillWorld {
  readonly toolbox: Toolbox;
  readonly broker: LockBroker;
}

/** Throws `not-restored` for a drill that failed, after that was recorded. */
export async function drill(order: DrillOrder, world: DrillWorld, context: StepContext): Promise<StepResult> {
  if (order.demanded && order.noSecond) throw order.noSecond;
  const root = await openScratchRoot(order.scratch, order.surroundings);
  if (order.sampleFiles === null) await checkRoom(order, null, root, context);
  await using scratch = await holdScratch(root, jobName(order.service, order.chosen.repository.name), context);
  const drawn = await draw(order, scratch, root, world.toolbox, context);
  if (drawn !== null && typeof drawn !== 'string') await checkRoom(order, drawn, root, context);
  const findings =
    typeof drawn === 'string' ? nothingRestored(drawn, null, 0) : await perform(order, drawn, scratch, root, world, context);
  const evidence = evidenceOf(order, findings, context.now());
  if (findings.failures.length === 0) return resultOf(order, findings, evidence, context);
  context.record([evidence]);
  throw failureOf(order, findings, order.keep ? await scratch.keep(context) : null);
}

const PART_HINT = `${SCRATCH_HINT} Or restore a part only: --sample N.`;

async function checkRoom(order: DrillOrder, drawn: Drawn | null, root: string, context: StepContext): Promise<void> {
  const { summary } = order.chosen.snapshot;
  if (drawn) await requireRoom(root, drawn.sample, context.signal, PART_HINT);
  else if (summary)
    await requireRoom(root, { files: summary.totalFiles, bytes: summary.bytesProcessed }, context.signal, PART_HINT);
  else context.warn('the snapshot does not say how large it is: free space was not checked');
}

const nothingRestored = (why: string, drawn: Drawn | null, restoreSeconds: number): Findings => ({
  drawn,
  restored: { files: 0, bytes: 0 },
  restoreSeconds,
  validateSeconds: null,
  compared: null,
  validations: [],
  loaded: null,
  failures: [why],
  lines: [],
});

/** Null where all is restored; a sentence where what the snapshot holds cannot even be listed. */
async function draw(
  order: DrillOrder,
  scratch: Scratch,
  root: string,
  toolbox: Toolbox,
  context: StepContext,
): Promise<Drawn | string | null> {
  const { sampleFiles } = order;
  if (sampleFiles === null) return null;
  const [cache] = scratch.caches;
  return await unlessDamaged(order, root, { ...toolbox, cache }, context, (cold) =>
    drawSample(order, sampleFiles, cold, context),
  );
}

/** The work's result, or a sentence where the repository cannot give what it holds. Throws what says nothing about that. */
async function unlessDamaged<Result>(
  { chosen: { repository } }: DrillOrder,
  root: string,
  toolbox: Toolbox,
  { signal }: StepContext,
  work: (toolbox: Toolbox) => Promise<Result>,
): Promise<Result | string> {
  try {
    return await work(toolbox);
  } catch (error) {
    if (!(error instanceof HoldfastError) || !isAboutContent(error)) throw error;
    await assertKnown([], repository, root, await accessTo(toolbox, repository, signal), signal);
    return `it cannot be restored: ${error.message}`;
  }
}

async function perform(
  order: DrillOrder,
  drawn: Drawn | null,
  scratch: Scratch,
  root: string,
  world: DrillWorld,
  context: StepContext,
): Promise<Findings> {
  const begin = performance.now();
  const [, cache] = scratch.caches;
  const proven = await restoreIt(order, drawn, scratch, root, { ...world.toolbox, cache }, context);
  const restoreSeconds = (performance.now() - begin) / 1000;
  if (typeof proven === 'string') return nothingRestored(proven, drawn, restoreSeconds);
  const restored = { files: proven.files, bytes: proven.bytes };
  const failures =
    proven.shortcomings.length === 0
      ? []
      : [`it did not come back as it is in the snapshot: ${summarise(proven.shortcomings)}`];
  if (failures.length > 0)
    return { ...nothingRestored('', drawn, restoreSeconds), restored, failures, lines: proven.shortcomings };

  const compared = order.second === null ? null : await compare(order, order.second, drawn, scratch, root, world, context);
  if (order.noSecond) context.warn(`it was not held against a second copy: ${order.noSecond.message}`);
  const tried = await tryAll(order, drawn, scratch, context);
  const beginning = performance.now();
  const validated = await validateAll(order, drawn, scratch, world.toolbox, context);
  const validateSeconds = (performance.now() - beginning) / 1000;
  const validations = [...validated, ...(tried?.validations ?? [])];
  const inspected = order.inspect ? await order.inspect(order.service, scratch.data) : [];
  const invalid = validations.filter(({ ok }) => ok === false);
  return {
    drawn,
    restored,
    restoreSeconds: restoreSeconds + (tried?.loadSeconds ?? 0),
    validateSeconds,
    compared,
    validations,
    loaded: tried?.loaded ?? null,
    failures: [
      ...(tried?.problems ?? []),
      ...(compared && compared.differenceCount > 0 ? [differing(order, compared)] : []),
      ...invalid.map(({ type, subject, message }) => `${type} ${subject}: ${message ?? ''}`),
      ...inspected,
    ],
    lines: [
      ...(tried?.lines ?? []),
      ...(compared?.differences ?? []).map((path) => `differs: ${path}`),
      ...invalid.flatMap(({ lines }) => lines),
    ],
  };
}

/** What came back, or why nothing can. Throws what says nothing about the repository's content. */
function restoreIt(
  order: DrillOrder,
  drawn: Drawn | null,
  scratch: Scratch,
  root: string,
  toolbox: Toolbox,
  context: StepContext,
): Promise<Proven | string> {
  const { repository } = order.chosen;
  const target = scratch.data;
  const requests = drawn === null ? [{ target }] : inCalls(drawn.files).map((includes) => ({ target, includes }));
  const place = (path: string): string => target + path;
  const proof = { place, roots: [target], wanted: [], ...(drawn === null ? {} : { nodes: drawn.nodes }) };
  return unlessDamaged(order, root, toolbox, context, async (cold) => {
    const proven = await restoreAndProve({ ...order, allowIncomplete: true }, requests, proof, cold, context);
    if (proven.shortcomings.length === 0) return proven;
    await assertKnown(proven.errors, repository, root, await accessTo(cold, repository, context.signal), context.signal);
    return proven;
  });
}

/** Null where there was nothing to compare, or the other repository could not be asked and did not have to be. */
async function compare(
  order: DrillOrder,
  second: SecondCopy,
  drawn: Drawn | null,
  scratch: Scratch,
  root: string,
  world: DrillWorld,
  context: StepContext,
): Promise<Compared | null> {
  const { name } = second.repository;
  const paths = drawn === null ? null : new Set(drawn.files.map(({ path }) => path));
  const places = { first: scratch.data, second: scratch.second, root, paths };
  try {
    const compared = await compareWithSecond(second, places, order.config.backup, world, context);
    if (compared.problems.length > 0) {
      const told = `${name} could not give back all of its copy: ${summarise(compared.problems)}`;
      if (second.demanded && compared.differenceCount === 0) throw notCompared(order, second, told);
      context.warn(`${told}; \`holdfast drill ${order.service} --repository ${name}\` looks at that one`);
    } else if (compared.files === 0) {
      context.warn(`no file is in ${name} with the same time and size: nothing was compared`);
    }
    return compared;
  } catch (error) {
    context.signal.throwIfAborted();
    if (second.demanded || !(error instanceof HoldfastError)) throw error;
    context.warn(`it was not held against ${name}: ${error.message}`);
    return null;
  }
}

async function validateAll(
  order: DrillOrder,
  drawn: Drawn | null,
  scratch: Scratch,
  toolbox: Toolbox,
  context: StepContext,
): Promise<Validation[]> {
  const { backup, protection } = order.config;
  const home = normalPath(backup.paths[0] ?? '/');
  const root = await realpath(scratch.data);
  const restored: RestoredService = {
    service: order.service,
    snapshotId: order.chosen.snapshot.id,
    place: (path) => root + path,
    roots: [root],
    scratch: null,
    home,
    hidden: order.hidden,
    user: toolbox.user,
  };
  const validations: Validation[] = [];
  for (const validator of protection.validators) {
    if (validator.type === 'sql' && serverDirectories(order.config).length > 0) continue; // asked of its server, which comes back in a way of its own
    context.progress({ message: `validating: ${validator.type} ${subjectOf(validator)}` });
    if (drawn !== null && validator.type !== 'sql' && filesOf(validator, home) === null) {
      const { type } = validator;
      context.warn(`${type} ${subjectOf(validator)} needs all of the data, and was left out with a sample`);
      validations.push({ type, subject: subjectOf(validator), ok: null, message: NEEDS_ALL, lines: [] });
      continue;
    }
    validations.push(await validate(validator, restored, context.signal)); // oxlint-disable-line no-await-in-loop -- in the order of the configuration, each on what the one before left
  }
  return validations;
}

/** Null where there are none, or too little was restored. */
async function tryAll(
  { tryDumps, service }: DrillOrder,
  drawn: Drawn | null,
  scratch: Scratch,
  context: StepContext,
): Promise<TriedDumps | null> {
  if (tryDumps === null) return null;
  if (drawn === null) return await tryDumps(scratch.data, context);
  context.warn(`the databases of ${service} need all of the data, and were left out with a sample`);
  return null;
}

const differing = ({ chosen, second }: DrillOrder, { differences, differenceCount }: Compared): string =>
  `${differenceCount === 1 ? 'a file differs' : `${differenceCount} files differ`} between ${chosen.repository.name} (${chosen.snapshot.id.slice(0, 8)}) and ${second?.repository.name ?? ''} (${second?.snapshot.id.slice(0, 8) ?? ''}), of the same time and size: ${summarise(differences)}`;

const notCompared = (order: DrillOrder, { repository }: SecondCopy, message: string): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'compare with',
    subject: repository.name,
    message,
    hint: `See what is wrong with ${repository.name}: \`holdfast drill ${order.service} --repository ${repository.name}\`. Nothing was found wrong with ${order.chosen.repository.name}.`,
    retry: 'later',
  });
