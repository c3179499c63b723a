// A drill from the offsite copy of a server's repository alone: restic brings the repository back into scratch, and the server is
// recovered from nothing else, read and asked as in any drill.

import type { Configuration } from '../../config/configuration.ts';
import type { Drill, DrillPick } from '../../domain/drill.ts';
import { formatInstant } from '../../domain/instant.ts';
import { reachFor } from '../../domain/moments.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { placeOf } from '../../repositories/place.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import { isAboutContent } from '../drill/known.ts';
import type { Toolbox } from '../toolbox.ts';
import { pgBackRestOf, PROGRAM } from './access.ts';
import { asFromCopy } from './as-from-copy.ts';
import { type CopyOrder, holdCopiedRepository, notCome } from './copied-repository.ts';
import type { CopyJob } from './copy-repository.ts';
import { recoveryOf } from './plan-restore.ts';
import { pgBackRestEngine } from './pgbackrest-engine.ts';
import { scratchFor } from '../drill/scratch-for.ts';
import { drillServer } from './server-drill.ts';

export interface CopyDrill extends CopyJob {
  readonly config: Configuration;
  readonly snapshot: Snapshot;
  readonly pick: Exclude<DrillPick, 'rotate'>;
}

/** Throws `not-restored` for a drill that failed, after that was recorded. */
export async function drillCopy(of: CopyDrill, toolbox: Toolbox, context: StepContext): Promise<StepResult> {
  const { job, postgres, copy, config, snapshot, pick } = of;
  const { service, repository } = job;
  await pgBackRestVersion(PROGRAM, context.signal);
  const access = await pgBackRestOf({ service, postgres }, context.signal);
  const scratch = await scratchFor(config, postgres, access, context.signal);
  const order: CopyOrder = { service: service.name, postgres, copy, repository, snapshot, access };
  await using copied = await orFailed(order, context, isDamage, () =>
    holdCopiedRepository(order, scratch, toolbox, context),
  );
  const engine = pgBackRestEngine(copied.access, postgres);
  const state = await orFailed(order, context, isUnusable, () => engine.state(COPY, null, context.signal));
  const reach = reachFor(null, state.reaches);
  if (reach === null)
    throw failed(order, context, notCome(order, `none of its ${state.backups.length} backups can be restored`));
  const wish = { at: null, timeline: null };
  const recovery = {
    ...recoveryOf(engine, postgres, { state, reach, remarks: [], moments: [] }, wish),
    durable: false,
  };
  return await asFromCopy(order, copied.seconds, context, (own) =>
    drillServer({ service, postgres, recovery, state, pick, scratch }, own),
  );
}

/** The number of the repository that came out of the copy. */
const COPY = 1;

/** Of restic: anything else says something of the way to the copy, and nothing of what is in it. */
const isDamage = (error: HoldfastError): boolean => error.code === 'not-restored' || isAboutContent(error);

/** Of pgBackRest: the copy is in scratch, and nothing else is between the two. */
const isUnusable = ({ code }: HoldfastError): boolean => !ABOUT_THE_MACHINE.has(code);
const ABOUT_THE_MACHINE: ReadonlySet<ErrorCode> = new Set(['timed-out', 'no-space', 'tool-missing', 'permission-denied']);

async function orFailed<Result>(
  order: CopyOrder,
  context: StepContext,
  isFault: (error: HoldfastError) => boolean,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || !isFault(error)) throw error;
    throw failed(order, context, error.code === 'not-restored' ? error : notCome(order, error.message));
  }
}

/** On record before it is told. */
function failed(order: CopyOrder, context: StepContext, error: HoldfastError): HoldfastError {
  const { service, repository, snapshot } = order;
  const drill: Drill = {
    snapshotTime: formatInstant(snapshot.time),
    extent: 'whole',
    files: 0,
    bytes: 0,
    seconds: null,
    rtoSeconds: null,
    compared: null,
    validators: [],
    reason: error.message,
  };
  const detail = { ...drill, place: placeOf(repository) };
  const of = { service, repository: repository.name, snapshotId: snapshot.id };
  context.record([{ kind: 'drill', ...of, at: context.now(), complete: false, detail }]);
  return error;
}
