// A drill of a PostgreSQL server: a backup with the log after it, restored and recovered in scratch by a server that can reach nobody,
// looked through, and timed. Whatever it comes to, the archive of production must be as it was.

import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { jobName } from '../../domain/naming.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { mostOf } from '../../domain/server-backup.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import type { RecoveryLog } from '../../tools/postgresql/recovery-log.ts';
import { filesOf } from '../../tools/util-linux/owned-files.ts';
import { requireRoom } from '../drill/scratch.ts';
import { holdStaging } from '../restore/staging.ts';
import type { ArchiveState } from './archive-state.ts';
import type { Engine } from './engine.ts';
import { lookThrough, type Looked } from './look-through.ts';
import { recoverPrivately, type RecoveryOrder, recoveryPlace, restoreCluster } from './recovered-cluster.ts';
import { type DrillFigures, evidenceOf, resultOf } from './server-drill-result.ts';

export interface ServerDrillOrder {
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
  readonly recovery: RecoveryOrder;
  readonly state: ArchiveState;
  readonly pick: string;
  /** A directory that the user of the server can get to. */
  readonly scratch: string;
}

/** Throws `not-restored` for a drill that failed, after that was recorded. What only could not be tried leaves no record. */
export async function drillServer(order: ServerDrillOrder, context: StepContext): Promise<StepResult> {
  const { recovery, state, service } = order;
  const { access } = recovery;
  await requireRoom(order.scratch, { files: 0, bytes: mostOf(recovery.reach.backup) }, context.signal);
  const figures = await withArchiveUntouched(state, access, context, () => perform(order, context));
  const evidence = evidenceOf(order, figures, context.now());
  if (figures.failures.length === 0) return resultOf(order, figures, evidence, context);
  context.record([evidence]);
  throw new HoldfastError({
    code: 'not-restored',
    operation: 'drill',
    subject: jobName(service.name, nameOfRepository(recovery.repository)),
    message: `${recovery.reach.backup.label}: ${figures.failures.join('; ')}`,
    hint: 'Do not expire anything there. Try an older backup (--pick oldest), look at the live server, and take a full backup.',
    retry: 'later',
    tool:
      figures.lines.length === 0
        ? undefined
        : { name: 'drill', exitCode: null, stderrTail: figures.lines.slice(0, MOST_LINES) },
  });
}

const MOST_LINES = 50;

async function perform(order: ServerDrillOrder, context: StepContext): Promise<DrillFigures> {
  const { recovery } = order;
  const root = `${order.scratch}/.holdfast-drill-${context.runId}-${order.recovery.repository}`;
  await using _staging = await holdStaging(context, root, { owner: recovery.access.user });
  const place = recoveryPlace(root);
  const begin = performance.now();
  const since = (): number => (performance.now() - begin) / 1000;
  let log: RecoveryLog;
  let looked: Looked;
  let rtoSeconds: number;
  try {
    const restored = await restoreCluster(recovery, place, context);
    await using server = await recoverPrivately(recovery, place, restored, context);
    rtoSeconds = since();
    log = server.log;
    looked = await lookThrough(order, server, { ...restored, data: place.data }, context);
  } catch (error) {
    if (!(error instanceof HoldfastError) || !ABOUT_THE_BACKUP.has(error.code)) throw error;
    const lines = error.tool?.stderrTail ?? [];
    return { seconds: null, rtoSeconds: null, log: null, looked: null, failures: [error.message], lines };
  }
  const seconds = since();
  await filesOf(recovery.access.user, context.signal).remove(place.data);
  const invalid = looked.validations.filter(({ ok }) => ok === false);
  return {
    seconds,
    rtoSeconds,
    log,
    looked,
    failures: [...looked.problems, ...invalid.map(({ type, subject, message }) => `${type} ${subject}: ${message ?? ''}`)],
    lines: looked.lines,
  };
}

/** Anything else says something of this machine, the network or a permission, and nothing of what was backed up. */
const ABOUT_THE_BACKUP: ReadonlySet<ErrorCode> = new Set(['not-restored', 'repository-damaged', 'damaged']);

/**
 * A drill that archives would begin a timeline in the archive of production, which the next restore follows: what was committed since
 * is lost then. So it is looked whether there is one, also when the drill failed.
 */
async function withArchiveUntouched<Result>(
  state: ArchiveState,
  access: Engine,
  context: StepContext,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = new Set(state.timelines);
  const assert = async (): Promise<void> => {
    const fresh = (await access.timelines(state, context.signal)).filter((timeline) => !before.has(timeline));
    if (fresh.length > 0) throw touched(access, state.repository, fresh);
  };
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    if (!context.signal.aborted) await assert();
    throw error;
  }
  await assert();
  return result;
}

const touched = ({ subject }: Engine, repository: number, timelines: readonly number[]): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'drill',
    subject: jobName(subject, nameOfRepository(repository)),
    message: `the archive has timeline ${timelines.join(', ')} since the drill began, and had it not before`,
    hint: 'If production was promoted meanwhile, drill again. If not: what archives there? The next restore would follow it; name the right one with --timeline.',
  });
