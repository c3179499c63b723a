// The plan of `holdfast restore` for a PostgreSQL server from the offsite copy of its pgBackRest repository, with nothing else. Which
// copy is observed while planning; what can be had out of it is known for certain only when it is there.

import { dirname } from 'node:path';
import { formatInstant, type Instant, parseInstant } from '../../domain/instant.ts';
import { repositoryLock, serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, StepContext, StepResult } from '../../domain/plan.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import { checkDestination } from '../restore/destination.ts';
import type { PlanningWorld } from '../restore/plan-restore.ts';
import { selectRepository } from '../select.ts';
import { candidatesOf, chooseSnapshot, type Choice } from '../snapshots/choose-snapshot.ts';
import { listSnapshots, recordedCompleteness } from '../snapshots/observe-snapshots.ts';
import type { Toolbox } from '../toolbox.ts';
import { pgBackRestOf, PROGRAM } from './access.ts';
import { asFromCopy } from './as-from-copy.ts';
import { chooseMoment } from './choose-moment.ts';
import { type CopyOrder, holdCopiedRepository } from './copied-repository.ts';
import { recoveryOf, type ServerScene, type ServerWish } from './plan-restore.ts';
import { restoreDatabase } from './restore-database.ts';
import { requireReachable, restoreServerTo } from './restore-to.ts';
import { pgBackRestEngine } from './pgbackrest-engine.ts';
import { scratchFor } from '../drill/scratch-for.ts';

/** Whether what is named is the repository of restic that receives the copies of that server. */
export const isCopyOf = ({ service }: Pick<ServerScene, 'service'>, repository: string | undefined): boolean =>
  repository !== undefined && service.backup?.serverCopy !== undefined && service.backup.repositories.includes(repository);

/** Throws what stands in the way of a look at the copies, or of the destination. */
export async function planCopyRestore(
  scene: ServerScene,
  wish: ServerWish & { readonly repository: string },
  toolbox: Toolbox,
  world: PlanningWorld,
): Promise<Plan> {
  const { service, postgres, config, host } = scene;
  const copy = service.backup?.serverCopy;
  const repository = selectRepository(config, wish.repository);
  if (copy === undefined || (wish.to === null && wish.database === undefined))
    throw notInPlace(service.name, repository.name);
  await pgBackRestVersion(PROGRAM, world.signal);
  const access = await pgBackRestOf({ service, postgres }, world.signal);
  const to = wish.to === null ? null : (await checkDestination(wish.to, scene)).path;
  if (to !== null) await requireReachable(dirname(to), access, world.signal);
  const snapshots = await listSnapshots(repository, { ...world, toolbox });
  const { snapshot, remarks } = choose(scene, snapshots, wish, repository.name, toolbox, world.now);
  const order: CopyOrder = { service: service.name, postgres, copy, repository, snapshot, access };
  const label = isLabel(wish.label) ? wish.label : undefined;
  const run = async (context: StepContext): Promise<StepResult> => {
    const scratch = to === null ? await scratchFor(config, postgres, access, context.signal) : dirname(to);
    await using copied = await holdCopiedRepository(order, scratch, toolbox, context);
    return await asFromCopy(order, copied.seconds, context, async (own) => {
      const engine = pgBackRestEngine(copied.access, postgres);
      const moment = await chooseMoment(engine, [COPY], { ...wish, label }, context.signal);
      for (const remark of moment.remarks) context.warn(remark);
      const recovery = recoveryOf(engine, postgres, moment, wish);
      if (to !== null)
        return await restoreServerTo({ recovery, service: service.name, directory: to, surroundings: scene }, own);
      const { name = '', as = '' } = wish.database ?? {};
      const wanted = { recovery: { ...recovery, durable: false }, service, postgres, database: name, as, scratch };
      return await restoreDatabase(wanted, own);
    });
  };
  const state = wish.at === null ? 'as new as it can be had' : `as it was at ${formatInstant(wish.at)}`;
  const where = to === null ? '' : ` to ${to}`;
  const known = recordedMoments(toolbox, service.name, repository.name).get(snapshot.id);
  return {
    kind: 'restore',
    host,
    limits: {},
    warnings: remarks,
    steps: [
      {
        id: stepId.restore(service.name, repository.name),
        title: `Restore ${wish.database ? `the database ${wish.database.name} of ` : ''}${service.name} ${state} from its copy in ${repository.name} alone (${snapshot.id.slice(0, 8)} of ${formatInstant(snapshot.time)})${where}`,
        stage: 'restore',
        service: service.name,
        repository: repository.name,
        weight: 'critical',
        foreseen: { moments: known ? [{ repository: repository.name, from: known.from, to: known.to }] : [] },
        locks: [
          { name: serviceLock(service.name), mode: 'shared' },
          { name: repositoryLock(repository.name), mode: 'shared' },
        ],
        run,
      },
    ],
  };
}

/** The number of the repository that came out of the copy. */
const COPY = 1;

/** Of a backup of pgBackRest, not of a snapshot. */
const isLabel = (text: string | undefined): text is string => text !== undefined && /^\d{8}-\d{6}F/.test(text);

/** For a moment the first copy that was made after it: what a later one has is less, as far back as that. */
function choose(
  { service, host }: ServerScene,
  snapshots: readonly Snapshot[],
  { at, label }: ServerWish,
  repository: string,
  toolbox: Toolbox,
  now: Instant,
): Choice {
  const complete = recordedCompleteness(toolbox, service.name, repository);
  const known = { repository, complete, now };
  const wish = { service: service.name, host };
  if (label !== undefined && !isLabel(label)) return chooseSnapshot(snapshots, { ...wish, id: label }, known);
  const moments = recordedMoments(toolbox, service.name, repository);
  const reachesTo = ({ id, time }: Snapshot): Instant => parseInstant(moments.get(id)?.to ?? '') ?? time;
  const after = at === null ? [] : candidatesOf(snapshots, wish, known).filter((each) => reachesTo(each) >= at);
  const first = after.at(-1);
  return chooseSnapshot(snapshots, first ? { ...wish, id: first.id } : wish, known);
}

/** By snapshot, from and until when the server can be had out of it, as far as that is on record here. */
function recordedMoments(
  { journal }: Toolbox,
  service: string,
  repository: string,
): ReadonlyMap<string, { readonly from: string; readonly to: string }> {
  const facts = journal.evidence({ service, repository, kind: 'backup', complete: true, limit: 10_000 });
  return new Map(
    facts.flatMap(({ snapshotId, detail: { restorableFrom: from, restorableUntil: to } }) =>
      typeof from === 'string' && typeof to === 'string' ? [[snapshotId, { from, to }] as const] : [],
    ),
  );
}

const notInPlace = (service: string, repository: string): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'restore',
    subject: service,
    message: `from the copy in ${repository} alone it is restored into a directory of its own, not in place`,
    hint: `holdfast restore ${service} --repository ${repository} --to DIR. Where the pgBackRest repository and the data of the server are both lost: holdfast recover ${service} on a new host brings back one, and then the other; holdfast recovery-kit ${repository} says how to do it by hand`,
  });

/** What keeps every repository of pgBackRest from giving anything back. */
const NOT_THERE: ReadonlySet<ErrorCode> = new Set([
  'repository-unreachable',
  'repository-missing',
  'repository-damaged',
  'snapshot-missing',
  'not-mounted',
]);

/** The same error, which says that there is a copy as well where it is of use. */
export function sayingTheCopy({ service }: Pick<ServerScene, 'service'>, wish: ServerWish, error: unknown): unknown {
  const [into] = service.backup?.serverCopy ? service.backup.repositories : [];
  if (!(error instanceof HoldfastError) || into === undefined) return error;
  if (wish.repository !== undefined || !NOT_THERE.has(error.code)) return error;
  const { code, operation, subject, message, retry, tool } = error;
  const copy = `Copies of the repository are in ${into}: holdfast restore ${service.name} --repository ${into} --to DIR`;
  return new HoldfastError({
    code,
    operation,
    subject,
    message,
    hint: [error.hint, copy].filter(Boolean).join(' '),
    retry,
    tool,
    cause: error,
  });
}
