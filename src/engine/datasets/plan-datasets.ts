// The plan of `holdfast datasets apply`: a step for each dataset that is not as declared, the one above first. A step is done when
// ZFS, asked again, has nothing left to differ; one with an obstacle changes nothing.

import type { DeclaredDataset } from '../../domain/dataset.ts';
import { type DatasetChange, type DatasetDecision, decideDatasets } from '../../domain/dataset-decision.ts';
import { duration } from '../../domain/duration.ts';
import { stepId } from '../../domain/naming.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { contains } from '../../lib/path.ts';
import { setMode, setOwner } from '../../tools/util-linux/own.ts';
import { createDataset, inheritProperty, mountDataset, setProperties } from '../../tools/zfs/change.ts';
import { compared } from './compared.ts';
import { describeChange } from './describe.ts';
import { observeStorage } from './observe-storage.ts';

/** `warnings`: what is there and not declared. */
export function planDatasets(
  host: string,
  declared: readonly DeclaredDataset[],
  decisions: readonly DatasetDecision[],
  warnings: readonly string[],
): Plan {
  const differing = decisions.filter(({ changes, obstacles }) => changes.length + obstacles.length > 0);
  return {
    kind: 'datasets-apply',
    host,
    limits: {},
    warnings,
    steps: inOrder(differing).map(({ decision, after }) => {
      const step = stepFor(decision, declared);
      return after.length === 0 ? step : { ...step, needs: after.map((name) => stepId.dataset(name)) };
    }),
  };
}

interface Placed {
  readonly decision: DatasetDecision;
  /** Datasets whose steps come before. */
  readonly after: readonly string[];
}

/** After what is above it by name, and after what is mounted above it: that would hide it. Names win where both cannot be. */
function inOrder(decisions: readonly DatasetDecision[]): Placed[] {
  const placed = new Map<string, Placed>();
  const begun = new Set<string>();
  const place = (decision: DatasetDecision): void => {
    if (begun.has(decision.dataset)) return;
    begun.add(decision.dataset);
    const above = decisions.filter((other) => isAbove(other, decision));
    above.forEach(place);
    const after = above.map(({ dataset }) => dataset).filter((dataset) => placed.has(dataset));
    placed.set(decision.dataset, { decision, after });
  };
  decisions.forEach(place);
  return [...placed.values()];
}

const isAbove = (one: DatasetDecision, other: DatasetDecision): boolean =>
  other.dataset.startsWith(`${one.dataset}/`) ||
  (one !== other &&
    !one.dataset.startsWith(`${other.dataset}/`) &&
    one.mountpoint !== null &&
    other.mountpoint !== null &&
    contains(one.mountpoint, other.mountpoint));

function stepFor(decision: DatasetDecision, declared: readonly DeclaredDataset[]): Step {
  const { dataset, service, changes, obstacles } = decision;
  const sentences = changes.map((change) => describeChange(change, decision));
  const creates = changes.some(({ kind }) => kind === 'create');
  return {
    id: stepId.dataset(dataset),
    title: `${creates ? 'Create' : 'Change'} ${dataset}`,
    ...(service === null ? {} : { service }),
    weight: 'counted',
    locks: [{ name: 'datasets', mode: 'exclusive' }],
    timeout: duration(15, 'm'),
    foreseen: { dataset, changes: sentences, obstacles: obstacles.map(({ message, hint }) => ({ message, hint })) },
    async run(context) {
      const { signal } = context;
      refuse(decision);
      const now = await decideAnew(dataset, declared, signal); // what came before may have changed what is there
      if (now) {
        refuse(now);
        await makeChanges(now, signal);
      }
      await proveIt(decision, declared, signal);
      const evidence = [compared(dataset, service, [], context.now())];
      return { outcome: 'succeeded', result: { dataset, changes: sentences }, evidence };
    },
  };
}

/** Throws `refused` where there is an obstacle. */
function refuse({ dataset, changes, obstacles }: DatasetDecision): void {
  const [obstacle] = obstacles;
  if (!obstacle) return;
  throw new HoldfastError({
    code: 'refused',
    operation: changes.some(({ kind }) => kind === 'create') ? 'create' : 'change',
    subject: dataset,
    message: obstacles.map(({ message }) => message).join('; '),
    hint: obstacle.hint,
    retry: 'later',
  });
}

const decideAnew = async (
  dataset: string,
  declared: readonly DeclaredDataset[],
  signal: AbortSignal,
): Promise<DatasetDecision | undefined> =>
  decideDatasets(declared, await observeStorage(declared, signal)).find((each) => each.dataset === dataset);

/** Properties are set together; a mountpoint that changes takes the dataset along. */
async function makeChanges({ dataset, changes, mountpoint }: DatasetDecision, signal: AbortSignal): Promise<void> {
  const set = Object.fromEntries(changes.flatMap((each) => (each.kind === 'set' ? [[each.property, each.value]] : [])));
  const made = changes.find((each) => each.kind === 'create');
  if (made) await createDataset(dataset, made.properties, signal);
  if (Object.keys(set).length > 0) await setProperties(dataset, set, signal);
  for (const change of changes) await makeOne(change, dataset, mountpoint, signal); // oxlint-disable-line no-await-in-loop -- in order
}

async function makeOne(
  change: DatasetChange,
  dataset: string,
  mountpoint: string | null,
  signal: AbortSignal,
): Promise<void> {
  if (change.kind === 'inherit') await inheritProperty(dataset, change.property, signal);
  if (change.kind === 'mount') await mountDataset(dataset, signal);
  if (mountpoint === null) return;
  if (change.kind === 'own') await setOwner(mountpoint, change, signal);
  if (change.kind === 'mode') await setMode(mountpoint, change.mode, signal);
}

/** Exit codes are not asked: ZFS is. */
async function proveIt(
  { dataset, service }: DatasetDecision,
  declared: readonly DeclaredDataset[],
  signal: AbortSignal,
): Promise<void> {
  const seen = await observeStorage(declared, signal);
  const left = decideDatasets(declared, seen).find((each) => each.dataset === dataset);
  const words = left
    ? [...left.changes.map((change) => describeChange(change, left)), ...left.obstacles.map((each) => each.message)]
    : [];
  const exists = seen.datasets.has(dataset);
  if (exists && words.length === 0) return;
  throw new HoldfastError({
    code: 'failed',
    operation: 'prove',
    subject: service ?? dataset,
    message: exists ? `zfs did as it was told, and still it should ${words.join(', ')}` : 'it was made, and is not there',
    hint: `Compare: zfs get all ${dataset}`,
    retry: 'later',
  });
}
