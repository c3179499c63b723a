// The plan of `holdfast snapshot take`: a step for each pool, which has succeeded when a listing shows every snapshot that was due.

import { duration } from '../../domain/duration.ts';
import { formatInstant } from '../../domain/instant.ts';
import { snapshotsLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepResult } from '../../domain/plan.ts';
import { dueKinds, newestOfKinds } from '../../domain/snapshot-due.ts';
import { POLICY_PROPERTY, policyMark, snapshotName } from '../../domain/snapshot-name.ts';
import type { SnapshotKind } from '../../domain/snapshot-policy.ts';
import { byAge, fullName, type ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { findSnapshots } from '../../tools/zfs/points.ts';
import { lookAgain, type ManagedDataset, notThere, type SnapshotScene } from './scene.ts';
import { takeTogether } from './take-together.ts';

export const TAKE = 'snapshot-take';

export function planTake(host: string, scene: SnapshotScene): Plan {
  return {
    kind: TAKE,
    host,
    limits: {},
    steps: [
      ...[...scene.pools].map(([pool, datasets]) => takeStep(pool, datasets, scene)),
      ...[...scene.silent].map(([pool, error]) => silentStep(stepId.takeSnapshots(pool), pool, error)),
      ...scene.missing.map((dataset) => missingStep(stepId.takeSnapshots(dataset), dataset)),
    ],
  };
}

export const missingStep = (id: string, dataset: string): Step => ({
  id,
  title: `Find ${dataset}`,
  weight: 'counted',
  foreseen: { dataset, missing: true },
  doomed: true,
  run: () => Promise.reject(notThere(dataset)),
});

export const silentStep = (id: string, pool: string, error: HoldfastError): Step => ({
  id,
  title: `Look at ${pool}`,
  weight: 'counted',
  foreseen: { pool, silent: error.message },
  run: () => Promise.reject(error),
});

/** Of one kind; `zfs snapshot` takes no two of one dataset in a call. */
export interface DueGroup {
  readonly kind: SnapshotKind;
  readonly mark: string;
  /** Full names. */
  readonly snapshots: readonly string[];
}

function takeStep(pool: string, datasets: readonly ManagedDataset[], scene: SnapshotScene): Step {
  const due = namesOf(dueGroups(datasets, scene));
  return {
    id: stepId.takeSnapshots(pool),
    title: due.length === 0 ? `Take snapshots in ${pool}: none is due` : `Take snapshots in ${pool}`,
    weight: 'counted',
    locks: [{ name: snapshotsLock(pool), mode: 'exclusive' }],
    timeout: duration(15, 'm'),
    foreseen: { pool, due },
    async run(context) {
      if (due.length === 0) return await take(pool, datasets, scene, context.signal);
      const now = { ...scene, now: context.now() }; // another may have had the lock until now, and have taken them
      return await take(pool, await lookAgain(datasets, context.signal), now, context.signal);
    },
  };
}

async function take(
  pool: string,
  datasets: readonly ManagedDataset[],
  scene: SnapshotScene,
  signal: AbortSignal,
): Promise<StepResult> {
  const groups = dueGroups(datasets, scene);
  const troubles = new Map<string, HoldfastError>();
  for (const { snapshots, mark } of groups) {
    const failed = await takeTogether(snapshots, { [POLICY_PROPERTY]: mark }, signal); // oxlint-disable-line no-await-in-loop -- one transaction after the other
    for (const [name, error] of failed) troubles.set(name, error);
  }
  const due = namesOf(groups);
  const taken = await proven(groups, signal);
  const names = new Set(taken.map(fullName));
  const missing = due.filter((name) => !names.has(name));
  const result = { pool, taken: [...names], missing, newest: newestOf(datasets, taken, scene) };
  if (missing.length === 0) return { outcome: 'succeeded', result };
  return { outcome: 'failed', error: notTaken(pool, missing, due.length, troubles), result };
}

const namesOf = (groups: readonly DueGroup[]): string[] => groups.flatMap(({ snapshots }) => snapshots);

export function dueGroups(datasets: readonly ManagedDataset[], scene: SnapshotScene): DueGroup[] {
  const due = datasets.flatMap(({ dataset, policy, snapshots }) => {
    const names = new Set(snapshots.map(({ name }) => name));
    return dueKinds(policy, snapshots, scene).map((kind) => ({ dataset, kind, names }));
  });
  return [...Map.groupBy(due, ({ kind }) => kind)].map(([kind, group]) => {
    const mark = policyMark(kind, scene.now, scene.zone);
    return {
      kind,
      mark,
      snapshots: group.map(({ dataset, names }) => fullName({ dataset, name: snapshotName(mark, scene.adopt, names) })),
    };
  });
}

/** Exit codes are not asked: a listing is, and whether what it shows is what was asked for. */
async function proven(groups: readonly DueGroup[], signal: AbortSignal): Promise<ZfsSnapshot[]> {
  const marks = new Map(groups.flatMap(({ snapshots, mark }) => snapshots.map((name) => [name, mark])));
  const found = await findSnapshots([...marks.keys()], signal);
  return found.filter((each) => each.properties[POLICY_PROPERTY] === marks.get(fullName(each)));
}

/** When the newest snapshot of the policy was taken, of each dataset of which some are; null: there is none. */
function newestOf(datasets: readonly ManagedDataset[], taken: readonly ZfsSnapshot[], { adopt }: SnapshotScene): JsonObject {
  const fresh = Map.groupBy(taken, ({ dataset }) => dataset);
  return Object.fromEntries(
    datasets
      .filter(({ policy }) => policy.autosnap)
      .map(({ dataset, snapshots }) => {
        const all = newestOfKinds([...snapshots, ...(fresh.get(dataset) ?? [])], adopt);
        const last = [...all.values()].toSorted(byAge).at(-1);
        return [dataset, last === undefined ? null : formatInstant(last.creation)];
      }),
  );
}

function notTaken(
  pool: string,
  missing: readonly string[],
  due: number,
  troubles: ReadonlyMap<string, HoldfastError>,
): HoldfastError {
  const [first = ''] = missing;
  const cause = troubles.get(first);
  const others = missing.length > 1 ? ` (and ${missing.length - 1} more)` : '';
  return new HoldfastError({
    code: 'snapshot-missing',
    operation: 'take snapshots in',
    subject: pool,
    message: `${missing.length} of ${due} snapshots are not there: ${first}${others}${cause ? `: ${cause.message}` : ', although zfs reported no failure'}`,
    hint: cause?.hint ?? `Try it by hand: zfs snapshot ${first}`,
    retry: 'later',
    ...(cause?.tool ? { tool: cause.tool } : {}),
  });
}
