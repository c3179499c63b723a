// Sends one dataset to one target until nothing is left to send: decides, sends, looks again. What counts is what both sides list
// afterwards, no exit code.

import type { ReplicationTarget } from '../../config/configuration.ts';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { duration } from '../../domain/duration.ts';
import { replicationLock, stepId } from '../../domain/naming.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { type Broken, wordsOfBroken } from '../../domain/replication-broken.ts';
import { placeOf } from '../../domain/replication-names.ts';
import {
  decideReplication,
  isOfSyncoid,
  isPassing,
  leftAfter,
  type ReplicationDecision,
  sentBetween,
} from '../../domain/replication.ts';
import type { HeldService } from '../../domain/empty-start.ts';
import type { Adoption } from '../../domain/snapshot-policy.ts';
import { fullName, type ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { heldError } from '../recover/empty-starts.ts';
import type { JsonObject } from '../../lib/json.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { Pace } from '../../process/meter.ts';
import { runPipe } from '../../process/run-pipe.ts';
import { HERE, type ZfsEnd } from '../../tools/zfs/end.ts';
import { abandonReceive, makeHolder, renameDataset } from '../../tools/zfs/keep.ts';
import { listPoints } from '../../tools/zfs/points.ts';
import { markedArgs, type Receiving } from '../../tools/zfs/stranded.ts';
import { receiveArgs, sendArgs, sizeOf, type Stream, streamFailure } from '../../tools/zfs/stream.ts';
import type { Connections } from './connections.ts';
import { holdForSending, keepBase } from './keep-base.ts';
import { observePair, type Pair } from './observe.ts';
import { pastStranded } from './past-stranded.ts';
import { pruneReplica } from './prune-replica.ts';

export interface Sending {
  readonly host: string;
  readonly target: ReplicationTarget;
  readonly dataset: string;
  readonly connections: Connections;
  /** The service that runs on nothing there, since it was planned, too. */
  readonly heldBy: (signal: AbortSignal) => Promise<HeldService | null>;
  /** A replica that nothing can be sent to any more is set aside, and everything sent anew. */
  readonly startOver: boolean;
  /** Of all datasets of the target together. */
  readonly pace: Pace | null;
  readonly adopt: Adoption;
}

/** Whatever was to be sent is there by then, or never will be. Each that passes may be gone around by two more. */
const MOST_ROUNDS = 8;
/** How long nothing may arrive. A receiving pool that frees much is silent for minutes. */
const STALL = duration(30, 'm');

export const replicateStep = (sending: Sending, replica: string, foreseen: JsonObject, needs: readonly string[]): Step => ({
  id: stepId.replicate(sending.dataset, sending.target.name),
  title: `Send ${sending.dataset} to ${sending.target.name}`,
  needs,
  lanes: [replicationLock(sending.target.name)],
  locks: [{ name: replicationLock(sending.target.name, replica), mode: 'exclusive' }],
  weight: 'counted',
  foreseen,
  doomed: foreseen['action'] === 'broken',
  run: (context) => replicate(sending, context),
});

async function replicate(sending: Sending, context: StepContext): Promise<StepResult> {
  const { target, dataset, connections, host } = sending;
  const { signal } = context;
  const end = await connections.endOf(target.destination);
  const sent: JsonObject[] = [];
  let total = 0;
  let most = MOST_ROUNDS;
  for (let round = 0; round < most; round += 1) {
    /* oxlint-disable no-await-in-loop -- one after the other is the point */
    const held = await sending.heldBy(signal);
    if (held !== null) throw heldError(held, 'replicate', dataset);
    const pair = await observePair(dataset, target.destination, end, signal);
    if (round === 0) most += 2 * pair.source.snapshots.filter(isPassing).length;
    const decision = decideReplication(pair.source, pair.target, target);
    if (decision.kind === 'nothing')
      return { outcome: 'skipped', reason: `${dataset} has no snapshot to send: nothing takes any`, result: null };
    if (decision.kind === 'current') {
      await keepBase(pair, { host, target: target.name, end }, signal);
      const pruned = await pruneReplica(pair, sending, end, context);
      const { name, guid } = decision.base.point;
      const { dataset: replica } = pair.target;
      return {
        outcome: 'succeeded',
        result: { dataset, target: target.name, replica, common: name, guid, bytesSent: total, sent, pruned },
      };
    }
    if (decision.kind === 'broken') await setAside(decision.broken, pair, sending, end, context);
    else if (decision.kind === 'abandon') {
      context.warn(`what was half received of ${pair.target.dataset} is dropped: ${decision.why}`);
      await pastStranded(
        receivingOf(pair, sending),
        end,
        context,
        async () => await abandonReceive(end, pair.target.dataset, signal),
      );
    } else {
      const again = { context, before: total };
      const receiving = receivingOf(pair, sending);
      const bytes = await pastStranded(receiving, end, context, async () => await send(decision, pair, sending, end, again));
      if (bytes === null) continue;
      total += bytes;
      sent.push({ kind: decision.kind, to: decision.to.name, bytes });
    }
    /* oxlint-enable no-await-in-loop */
  }
  throw new HoldfastError({
    code: 'failed',
    operation: 'replicate',
    subject: dataset,
    message: `after ${most} streams there is still something to send: snapshots come faster than they go`,
    retry: 'later',
  });
}

const receivingOf = ({ target: { dataset } }: Pair, { host, target }: Sending): Receiving => ({
  host,
  target: target.name,
  replica: dataset,
});

const isSetAside = ({ why }: Broken, startOver: boolean): boolean => startOver && why !== 'locked';

/** Throws `refused` with what is wrong, unless it is to be started over. */
async function setAside(
  broken: Broken,
  { source, target: { dataset: replica } }: Pair,
  { target, startOver }: Sending,
  end: ZfsEnd,
  context: StepContext,
): Promise<void> {
  if (!isSetAside(broken, startOver)) {
    const { message, hint } = wordsOfBroken(broken, source.dataset, replica, redo(source.dataset, target.name));
    throw new HoldfastError({
      code: 'refused',
      operation: 'replicate',
      subject: source.dataset,
      message,
      hint,
      retry: 'later',
    });
  }
  const aside = `${replica}.before-${context.runId.toLowerCase()}`;
  await renameDataset(end, replica, aside, context.signal);
  context.warn(
    `the replica that was there is kept as ${aside}; once the new one is proven: zfs destroy -r ${shellWord(aside)}`,
  );
}

/** The command that mends a broken chain. */
export const redo = (dataset: string, target: string): string =>
  `holdfast replicate ${shellWord(dataset)} --target ${shellWord(target)} --start-over`;

type Sendable = Extract<ReplicationDecision, { readonly to: ZfsSnapshot }>;

export function streamOf(decision: Sendable, { dataset }: Pick<Pair['source'], 'dataset'>): Stream {
  if (decision.kind === 'resume') return { kind: 'resume', token: decision.token.text };
  const { to, raw } = decision;
  if (decision.kind === 'full') return { kind: 'full', to: fullName(to), raw };
  const { point, snapshot } = decision.base;
  const from = snapshot ? fullName(snapshot) : `${dataset}#${point.name}`;
  return { kind: 'incremental', from, to: fullName(to), all: decision.all, raw };
}

/** Answers with the bytes that went through; null: nothing was sent, for some of it is gone since it was looked at. */
async function send(
  decision: Sendable,
  pair: Pair,
  sending: Sending,
  end: ZfsEnd,
  { context, before }: { readonly context: StepContext; readonly before: number },
): Promise<Bytes | null> {
  const { source, target: replica, type } = pair;
  const { target, pace } = sending;
  const { signal } = context;
  if (!(await holdForSending(source, neededFor(decision, source), target.name, signal))) return null;
  if (decision.kind === 'full') await makeHolders(replica.dataset, end, signal);
  const stream = streamOf(decision, source);
  const size = await sizeOf(stream, source.dataset, signal);
  const message = describeStream(decision);
  const { writer, reader, bytes } = await runPipe(
    { argv: HERE.argv(sendArgs(stream)), operation: 'send', subject: source.dataset, env: { LC_ALL: 'C' } },
    {
      argv: end.argv(markedArgs(end, receivingOf(pair, sending), receiveArgs(replica.dataset, type))),
      operation: 'receive',
      subject: replica.dataset,
      env: { LC_ALL: 'C' },
    },
    {
      signal,
      stall: STALL,
      pace,
      onBytes: (sum) =>
        context.progress({
          bytesDone: before + sum,
          ...(size === null ? {} : { bytesTotal: Math.max(before + size, before + sum) }),
          message,
        }),
    },
  );
  if (writer?.exitCode !== 0 || reader.exitCode !== 0) throw streamFailure(source.dataset, end, { writer, reader });
  return bytes;
}

/** Those of syncoid are not held: it destroys its own, and says so loudly when it cannot. */
function neededFor(decision: Sendable, source: Pair['source']): ZfsSnapshot[] {
  const more =
    decision.kind === 'incremental'
      ? [...(decision.base.snapshot === null ? [] : [decision.base.snapshot]), ...sentBetween(source, decision)]
      : [];
  return [decision.to, ...more].filter((each) => !isOfSyncoid(each));
}

/** 'going on with daily-3', 'daily-1 to daily-3' */
function describeStream(decision: Sendable): string {
  if (decision.kind === 'resume') return `going on with ${decision.to.name}`;
  return decision.kind === 'full' ? decision.to.name : `${decision.base.point.name} to ${decision.to.name}`;
}

/** The datasets above a first replica: places that hold it, never mounted. */
async function makeHolders(replica: string, end: ZfsEnd, signal: AbortSignal): Promise<void> {
  const above = replica.slice(0, replica.lastIndexOf('/'));
  if (above === '' || (await listPoints(end, [above], false, signal)).has(above)) return;
  await makeHolder(end, above, signal);
}

/** What a dry run tells. */
export function foreseenOf(
  decision: ReplicationDecision,
  pair: Pair,
  { target, startOver }: Pick<Sending, 'target' | 'startOver'>,
  size: Bytes | null,
): JsonObject {
  const { source, target: replica } = pair;
  const place = placeOf(target.destination);
  const common = {
    dataset: source.dataset,
    target: target.name,
    replica: replica.dataset,
    host: place.host,
    action: decision.kind,
    sizeBytes: size,
  };
  if (decision.kind === 'broken') {
    const told = wordsOfBroken(decision.broken, source.dataset, replica.dataset, redo(source.dataset, target.name));
    if (!isSetAside(decision.broken, startOver)) return { ...common, ...told };
    const message = `${told.message}. The replica is kept as ${replica.dataset}.before-RUN, and everything is sent anew`;
    return { ...common, action: 'start-over', message, hint: null };
  }
  return { ...common, message: sentence(decision, pair, size), hint: null };
}

function sentence(decision: Exclude<ReplicationDecision, { kind: 'broken' }>, { source }: Pair, size: Bytes | null): string {
  const much = size === null ? '' : `, ${describeBytes(size)}`;
  switch (decision.kind) {
    case 'full':
      return `for the first time: ${decision.to.name}${laterWords(source, decision.to)}${much}`;
    case 'incremental':
      return `${decision.base.point.name}${decision.base.snapshot === null ? ' (a bookmark)' : ''} to ${decision.to.name}${laterWords(source, decision.to)}${much}`;
    case 'resume':
      return `go on with ${decision.to.name}, which was cut off${laterWords(source, decision.to)}${much}`;
    case 'abandon':
      return `drop what is half received, for ${decision.why}, and send anew`;
    case 'current':
      return 'nothing to send; its base is not kept yet';
    default:
      return 'it has no snapshot to send: nothing takes any';
  }
}

function laterWords(source: Pair['source'], to: ZfsSnapshot): string {
  const { length } = leftAfter(source, to);
  return length === 0 ? '' : `, then ${length === 1 ? 'the later one' : `${length} later ones`}`;
}
