// Replicas on targets of replication as sources of lost data: asked over the one connection, received beside the live dataset, looked
// into, and copied from. The replica itself is only ever read.

import type { ReplicationTarget } from '../../../config/configuration.ts';
import { duration } from '../../../domain/duration.ts';
import { formatInstant } from '../../../domain/instant.ts';
import { MountTable } from '../../../domain/mount.ts';
import type { StepContext } from '../../../domain/plan.ts';
import { chooseSet, type Found, likelySet, setsOf, type SnapshotSet } from '../../../domain/recovery-snapshots.ts';
import { isSentTo, placeOf, replicaOf } from '../../../domain/replication-names.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { mounts } from '../../../repositories/mounts.ts';
import type { HeldView } from '../../../tools/util-linux/held-view.ts';
import { type DatasetContent, listContents } from '../../../tools/zfs/contents.ts';
import type { ZfsEnd } from '../../../tools/zfs/end.ts';
import { keyFileOf, loadKey } from '../../../tools/zfs/keys.ts';
import { type Connections, openConnections } from '../../replication/connections.ts';
import { roomFor } from './local-snapshots.ts';
import { lookInto, type Looked, viewOf } from './look-into.ts';
import { type Origins, originsOf } from './origins.ts';
import { receive } from './receive.ts';
import { holdReceived } from './received.ts';
import { answered, type Lost, noTree, type Offer, type OpenTree, type SourceAnswer } from './source.ts';

export const replicaSource = (target: Pick<ReplicationTarget, 'name'>): string => `replica ${target.name}`;

/** Listing what is there. */
const LIMIT = duration(2, 'm');
/** A snapshot that turns out to be empty costs what it holds: nearly nothing. */
const MOST_RECEIVED = 5;

/** Those that are sent all of these. */
export const targetsOf = (targets: readonly ReplicationTarget[], datasets: readonly string[]): ReplicationTarget[] =>
  targets.filter((target) => datasets.every((dataset) => isSentTo(target, dataset)));

/** Of one target. Throws as `connect` and `listContents`. */
export async function askReplica(
  lost: Lost,
  origins: Origins,
  target: ReplicationTarget,
  connections: Connections,
  signal: AbortSignal,
): Promise<SourceAnswer> {
  const name = replicaSource(target);
  const look = await lookAt(target, origins, await connections.endOf(target.destination), signal);
  if ('said' in look) return answered(name, look.said, look.reason);
  const set = likelySet(look.sets);
  if (set === null) return answered(name, 'nothing', `${named(look)} has no snapshot`);
  const snapshot = `${look.replicas[0] ?? ''}@${set.name}`;
  const offer: Offer = {
    source: { source: 'replica', target: target.name },
    name,
    snapshot,
    at: set.at,
    bytes: set.referenced,
    remarks: [],
    ifNotGood: `What is in it is not good, and ${target.name} may have an older one: zfs list -t snapshot ${look.replicas[0] ?? ''}`,
    open: async (context) => await open(lost, target, context),
  };
  const reason = `${snapshot} of ${formatInstant(set.at)}`;
  return { said: { name, said: 'found', reason, mayPass: false }, offer };
}

interface Look {
  /** In the order of the datasets. */
  readonly replicas: readonly string[];
  /** Of each that cannot be read there: where its key is, here. */
  readonly keys: ReadonlyMap<string, string>;
  /** Newest first. */
  readonly sets: readonly SnapshotSet[];
}

async function lookAt(
  { destination }: ReplicationTarget,
  { datasets }: Origins,
  end: ZfsEnd,
  signal: AbortSignal,
): Promise<Look | { readonly said: 'nothing' | 'unusable'; readonly reason: string }> {
  const root = placeOf(destination).dataset;
  const replicas = datasets.map((dataset) => replicaOf(root, dataset));
  const contents = await listContents(end, replicas, signal, LIMIT);
  const there = replicas.flatMap((replica) => contents.get(replica) ?? []);
  if (there.length === 0) {
    await requirePool(root, end, signal);
    return { said: 'nothing', reason: `there is no ${replicas.join(' and ')} on ${end.host ?? 'this machine'}` };
  }
  if (there.length < replicas.length) return { said: 'unusable', reason: `it has only a part of ${replicas.join(', ')}` };
  const keys = new Map<string, string>();
  for (const [index, replica] of replicas.entries()) {
    if (contents.get(replica)?.readable !== false) continue;
    const key = await keyFileOf(datasets[index] ?? '', signal); // oxlint-disable-line no-await-in-loop -- one, seldom two
    if (key === null) return { said: 'unusable', reason: encrypted(replica) };
    keys.set(replica, key);
  }
  return { replicas, keys, sets: setsOf(there.map(({ snapshots }: DatasetContent) => snapshots)) };
}

const encrypted = (replica: string): string =>
  `${replica} is encrypted, and its key is loaded neither there nor in a file here: send it back raw by hand (zfs send -w), and load its key`;

/** What is away has not gone. */
async function requirePool(root: string, end: ZfsEnd, signal: AbortSignal): Promise<void> {
  const [pool = root] = root.split('/');
  if ((await listContents(end, [pool], signal, LIMIT)).has(pool)) return;
  throw new HoldfastError({
    code: 'failed',
    operation: 'look at',
    subject: root,
    message: `the pool ${pool} is not imported on ${end.host ?? 'this machine'}`,
    hint: 'See there: zpool import',
    retry: 'later',
  });
}

async function open({ service, paths }: Lost, target: ReplicationTarget, context: StepContext): Promise<OpenTree> {
  const { signal } = context;
  const origins = await originsOf(paths, new MountTable(await mounts()));
  if ('why' in origins) throw noTree('receive', service.name, origins.why);
  await using stack = new AsyncDisposableStack();
  const end = await stack.use(openConnections(signal)).endOf(target.destination);
  const look = await lookAt(target, origins, end, signal);
  if ('said' in look) throw noTree('receive', service.name, look.reason);
  const looked = new Map<string, Found>();
  const came = new Map<string, Received>();
  for (let choice = chooseSet(look.sets, looked); ; choice = chooseSet(look.sets, looked)) {
    if (choice.kind === 'none') throw noTree('receive', service.name, `no snapshot of ${named(look)} has its data`);
    if (choice.kind === 'chosen') {
      const received = came.get(choice.set.name);
      if (received === undefined) throw noTree('receive', service.name, `${choice.set.name} is gone`);
      return await treeOf(received, choice.set, look, stack.move(), signal); // oxlint-disable-line no-await-in-loop -- it ends here
    }
    if (came.size === MOST_RECEIVED)
      throw noTree('receive', service.name, `${MOST_RECEIVED} snapshots of ${named(look)} came, and none has its data`);
    const { at } = choice;
    const received = stack.use(await receiveSet(at, origins, look, end, came.size, context)); // oxlint-disable-line no-await-in-loop -- the next only when this one will not do
    came.set(at.name, received);
    const { found } = received.looked;
    for (const { name } of found === 'nothing' ? asSmall(look.sets, at) : [at]) looked.set(name, found);
  }
}

async function treeOf(
  { view, looked: { there } }: Received,
  { name, at }: SnapshotSet,
  look: Look,
  held: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<OpenTree> {
  await using stack = held;
  const room = await roomFor(view, there, signal);
  const all = stack.move();
  return {
    name: `${look.replicas[0] ?? ''}@${name}`,
    at,
    root: view.root,
    there,
    room,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const named = ({ replicas }: Look): string => replicas.join(' and ');

/** What refers to no more than one that is empty is empty. */
const asSmall = (sets: readonly SnapshotSet[], { referenced }: SnapshotSet): SnapshotSet[] =>
  sets.filter((set) => set.referenced <= referenced);

interface Received extends AsyncDisposable {
  readonly view: HeldView;
  readonly looked: Looked;
}

async function receiveSet(
  { name, referenced }: SnapshotSet,
  origins: Origins,
  { replicas, keys }: Look,
  end: ZfsEnd,
  number: number,
  context: StepContext,
): Promise<Received> {
  await using stack = new AsyncDisposableStack();
  const [first = ''] = origins.datasets;
  const { holder } = stack.use(await holdReceived(context, first, number));
  const into = (dataset: string): string => `${holder}/${origins.datasets.indexOf(dataset)}`;
  let before = 0;
  for (const [index, dataset] of origins.datasets.entries()) {
    const replica = replicas[index] ?? '';
    const key = keys.get(replica);
    /* oxlint-disable no-await-in-loop -- one line */
    before += await receive(
      { end, snapshot: `${replica}@${name}`, raw: key !== undefined, into: into(dataset), size: referenced, before },
      context,
    );
    if (key !== undefined) await loadKey(into(dataset), key, context.signal);
    /* oxlint-enable no-await-in-loop */
  }
  const view = stack.use(await viewOf(origins, (dataset) => `${into(dataset)}@${name}`, context.signal));
  const looked = await lookInto(view, origins, context.signal);
  const all = stack.move();
  return { view, looked, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
