// The step that moves a service's directory onto its dataset: stopped, copied, compared, exchanged, started, asked. Until the exchange is
// decided everything is undone in reverse order, after a crash, too; a service that is not well afterwards is put back at once.

import type { MigrateConfig } from '../../config/configuration.ts';
import { describeBytes, type Bytes } from '../../domain/bytes.ts';
import type { DatasetDecision } from '../../domain/dataset-decision.ts';
import { elapsed, formatInstant, type Instant, later } from '../../domain/instant.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { setMode, setOwner } from '../../tools/util-linux/own.ts';
import { copyTree, diskUsage } from '../../tools/util-linux/copy-tree.ts';
import { syncFileSystem } from '../../tools/util-linux/sync.ts';
import { availableFor, unmountDataset } from '../../tools/zfs/destroy.ts';
import { compareTrees, type TreeComparison } from '../restore/compare-trees.ts';
import { holdStopped } from '../restore/unit-effect.ts';
import { unwell, whyUnwell } from './health.ts';
import { holdNewDataset } from './new-dataset.ts';
import { asideOf, temporaryOf } from './places.ts';
import { putBack, runsNow } from './put-back.ts';
import { goLive } from './swap-dataset.ts';
import { usersOf } from './users-of.ts';

export interface Move {
  readonly service: string;
  readonly unit: string | null;
  readonly dataset: string;
  readonly path: string;
  /** That of the dataset as it would be made, and what belongs to its mountpoint. */
  readonly decision: DatasetDecision;
  readonly migrate: MigrateConfig;
}

/** Throws whatever kept it from being moved, with everything as it was; `failed` when the service was put back. */
export async function moveOver(move: Move, context: StepContext): Promise<StepResult> {
  const { service, unit, dataset, path, migrate } = move;
  const aside = asideOf(path, context.runId);
  const began = context.now();
  const moved: Moved[] = [];
  let reason: string | null = null;
  try {
    await stopAndMove(move, aside, context, (what) => moved.push(what));
  } catch (error) {
    // The data is in place all the same; what failed is starting the unit again.
    if (moved.length === 0 || !(error instanceof HoldfastError) || error.operation !== 'start') throw error;
    reason = `${error.subject} did not start: ${error.message}`;
  }
  const startedAt = context.now();
  const [done] = moved;
  if (!done) throw new HoldfastError({ code: 'bug', operation: 'migrate', subject: service, message: 'nothing was moved' });
  const { comparison, wasRunning, since } = done;
  if (reason === null && unit !== null && wasRunning) {
    context.progress({ message: 'waiting until the service is well' });
    reason = await whyUnwellOrUnknown(unit, migrate, context.signal);
  }
  if (unit !== null && !wasRunning) context.warn(`${unit} did not run before, and was not started`);
  const result = {
    service,
    dataset,
    path,
    oldAt: aside,
    entries: comparison.entries,
    files: comparison.files,
    bytes: comparison.bytes,
    attributesCompared: comparison.attributesCompared,
    awaySeconds: elapsed(began, startedAt) / 1000,
  };
  if (reason !== null) {
    const { keptAt, written } = await putBack({ unit, dataset, path, aside, since, start: wasRunning }, context);
    const error = unwell(
      service,
      unit,
      `${reason}; it is back on the directory that it had, and ${dataset} is kept, not mounted, with what was written meanwhile (${written.entries} entries)`,
    );
    return { outcome: 'failed', reason: error.message, error, result: { ...result, oldAt: path, rolledBack: true, keptAt } };
  }
  const until = formatInstant(later(since, migrate.keepOld));
  return { outcome: 'succeeded', result: { ...result, rolledBack: false, keptUntil: until } };
}

/** What cannot be known is not well. */
async function whyUnwellOrUnknown(unit: string, migrate: MigrateConfig, signal: AbortSignal): Promise<string | null> {
  try {
    return await whyUnwell(unit, migrate, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return `whether it is well cannot be known: ${error.message}`;
  }
}

interface Moved {
  readonly comparison: TreeComparison;
  readonly wasRunning: boolean;
  readonly since: Instant;
}

/** What is held is undone in reverse order when this ends; from `moved` on that is only the start of the unit. */
async function stopAndMove(
  { service, unit, dataset, path, decision }: Move,
  aside: string,
  context: StepContext,
  moved: (what: Moved) => void,
): Promise<void> {
  const { signal } = context;
  const temporary = temporaryOf(path, context.runId);
  context.progress({ message: unit === null ? 'looking who uses it' : `stopping ${unit}` });
  const wasRunning = await runsNow(unit, signal);
  await using _unit = await holdStopped(context, unit);
  await assertUnused(service, path);
  const properties = decision.changes.find(({ kind }) => kind === 'create');
  await using _dataset = await holdNewDataset(context, {
    dataset,
    properties: properties?.kind === 'create' ? properties.properties : {},
    temporary,
    aside,
  });
  await assertRoom(dataset, path, signal);
  context.progress({ message: 'copying' });
  await copyTree(path, temporary, signal);
  context.progress({ message: 'comparing every byte and attribute' });
  const comparison = await compareTrees(path, temporary, signal);
  assertSame(comparison, service, path);
  if (!comparison.attributesCompared)
    context.warn('extended attributes and access control lists were copied, and not compared: getfattr is not installed');
  for (const change of decision.changes) {
    if (change.kind === 'own') await setOwner(temporary, change, signal); // oxlint-disable-line no-await-in-loop -- two at most
    if (change.kind === 'mode') await setMode(temporary, change.mode, signal); // oxlint-disable-line no-await-in-loop
  }
  await syncFileSystem(temporary, signal);
  await assertUnused(service, path);
  signal.throwIfAborted(); // the last time: from here on it is a matter of moments, and of all or nothing
  context.progress({ message: 'exchanging the directory for the dataset' });
  await unmountDataset(dataset, signal);
  const since = context.now();
  await goLive(context, { dataset, path, aside, unit });
  moved({ comparison, wasRunning, since });
}

async function assertUnused(service: string, path: string): Promise<void> {
  const users = await usersOf(path);
  if (users.length === 0) return;
  throw refused(
    service,
    `its files are still in use: ${users.slice(0, 3).join(', ')}`,
    'Stop what that is; a unit that starts it again belongs to the service, and a container must be stopped with it.',
  );
}

async function assertRoom(dataset: string, path: string, signal: AbortSignal): Promise<void> {
  const [size, free] = [await diskUsage(path, signal), (await availableFor(dataset, signal)) as Bytes];
  if (size <= free) return;
  throw new HoldfastError({
    code: 'no-space',
    operation: 'copy',
    subject: path,
    message: `it takes ${describeBytes(size)}, and there are ${describeBytes(free)} for ${dataset}`,
    hint: 'See what takes the room (zfs list -o space), or raise its quota.',
    retry: 'later',
  });
}

function assertSame({ differenceCount, differences }: TreeComparison, service: string, path: string): void {
  if (differenceCount === 0) return;
  const more = differenceCount > 3 ? ` and ${differenceCount - 3} more` : '';
  throw refused(
    service,
    `the copy is not what ${path} holds: ${differences.slice(0, 3).join('; ')}${more}`,
    'Something wrote to it meanwhile, or the dataset does not take it as it is declared (access control lists need acltype: posix).',
  );
}

const refused = (service: string, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code: 'refused', operation: 'migrate', subject: service, message, hint, retry: 'later' });
