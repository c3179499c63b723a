// A restored server that was put into service is asked what it is: that it came out of recovery, that it is the cluster, on the timeline
// and at the point that were planned, and that it archives. Nothing is taken back here: what is there may be in use already.

import { realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { type Duration, duration, formatDuration } from '../../domain/duration.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import { historyName } from '../../domain/timeline.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { Activity, childOf, processorTime } from '../../process/activity.ts';
import { processOf } from '../../process/identity.ts';
import { askLiveServer, literal, type LiveServer, liveServer } from '../../tools/postgresql/live-server.ts';
import { type ServerState, serverState } from '../../tools/postgresql/settings.ts';
import { forgetRecovery } from './forget-recovery.ts';
import { postmasterOf } from './private-server.ts';
import type { RecoveryOrder } from './recovered-cluster.ts';
import type { RecoverySettings } from './recovery-settings.ts';

export interface ServiceOrder {
  readonly recovery: Omit<RecoveryOrder, 'durable'>;
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
  /** Where the data is, without links. */
  readonly data: string;
  readonly settings: RecoverySettings;
  /** How long nothing may be done, and how long no server may be there. */
  readonly patience?: { readonly idle: Duration; readonly absent: Duration };
}

export interface InService {
  /** The one that it has begun. */
  readonly timeline: number;
  /** Where it left the one before, in the server's words. */
  readonly point: string;
  /** What could not be proven, in sentences: the data is right all the same. */
  readonly doubts: readonly string[];
}

const PATIENCE = { idle: duration(15, 'm'), absent: duration(1, 'm') };
const AGAIN = duration(500, 'ms');

/** Throws `failed` where it is not what was planned, or does not come out of recovery. */
export async function proveInService(order: ServiceOrder, context: StepContext): Promise<InService> {
  try {
    return await prove(order, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code === 'failed') throw error;
    throw problem(order, `what it is could not be asked: ${error.message}`, error.hint ?? 'Ask it by hand.', error);
  }
}

async function prove(order: ServiceOrder, context: StepContext): Promise<InService> {
  const { service, postgres, recovery } = order;
  const server = await liveServer(postgres, service.name, context.signal);
  const state = await untilRecovered(order, server, context);
  const timeline = Number.parseInt(state.current?.slice(0, 8) ?? '', 16);
  const point = await pointOf(order, server, timeline, context.signal);
  const doubts = [
    ...(await forgetRecovery(order.settings, server, context.signal)),
    ...(await archivingOf(state, recovery, context)),
  ];
  return { timeline, point, doubts };
}

/** Nothing tells when recovery is over: it is asked again and again, as long as something is done. */
async function untilRecovered(order: ServiceOrder, server: LiveServer, context: StepContext): Promise<ServerState> {
  const { data, patience = PATIENCE } = order;
  const { signal } = context;
  let recovering: number | null = null;
  const activity = new Activity(() => (recovering === null ? 0 : processorTime([recovering])));
  let seen = performance.now();
  let silence = 'nothing answers';
  for (;;) {
    /* oxlint-disable no-await-in-loop -- until it answers */
    try {
      const state = await serverState(server, signal);
      await requireThisCluster(order, state);
      if (!state.inRecovery) return state;
      silence = 'it is in recovery';
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError) || (error.code !== 'source-missing' && error.code !== 'timed-out')) throw error;
      silence = error.message;
    }
    context.progress({ message: `waiting until the server has recovered (${silence})` });
    const postmaster = await postmasterOf(data);
    const runs = postmaster !== null && processOf(postmaster) !== null;
    recovering = runs ? childOf(postmaster, /\bstartup\b/) : null;
    if (recovering !== null) seen = performance.now();
    else if (performance.now() - seen > patience.absent)
      throw problem(
        order,
        runs ? `the server lets nobody in: ${silence}` : `no server runs on it (${silence})`,
        runs ? 'See its own log, and its pg_hba.conf.' : 'See its own log for why it ended, and start it again.',
      );
    if (activity.idle() > patience.idle)
      throw problem(
        order,
        `the server has done nothing for ${formatDuration(patience.idle)}, and is not out of recovery: ${silence}`,
        'See its log: which file of the archive does it wait for? Recovery goes on by itself when it gets that.',
      );
    await delay(AGAIN, undefined, { signal });
    /* oxlint-enable no-await-in-loop */
  }
}

/** Throws `failed` where the one that answers is another. */
async function requireThisCluster(order: ServiceOrder, { systemId, dataDirectory }: ServerState): Promise<void> {
  const wanted = order.recovery.cluster.systemId;
  const where = await realpath(dataDirectory).catch(() => dataDirectory);
  if (where !== order.data)
    throw problem(
      order,
      `the server that answers keeps its data in ${dataDirectory}`,
      'Do socket and port of the service name the right server? Stop the other one, or mend them.',
    );
  if (systemId !== wanted)
    throw problem(order, `the server that answers is another cluster: ${systemId} instead of ${wanted}`, STOP_IT);
}

const STOP_IT = 'Stop the server, and find out who has put what there. What was there before is kept beside it.';

/** From the history that the server has written of its timeline: where it left which other one, and why. */
async function pointOf(order: ServiceOrder, server: LiveServer, timeline: number, signal: AbortSignal): Promise<string> {
  const { at, reach, timeline: planned } = order.recovery;
  const from = planned === 'current' ? Number.parseInt(reach.last.slice(0, 8), 16) : planned;
  const name = historyName(timeline);
  const lines = await askLiveServer(server, `SELECT pg_read_file(${literal(`pg_wal/${name}`)}, 0, 1000000, true)`, {
    signal,
  });
  const [, parent, lsn, why] = /^(\d+)\s+([0-9A-F]+\/[0-9A-F]+)\s+(.*)$/.exec(lines.at(-1) ?? '') ?? [];
  if (timeline <= from || parent === undefined || lsn === undefined || why === undefined)
    throw problem(
      order,
      `it is on timeline ${timeline}, of which it does not say where it came from (${name}), and was to leave ${from}`,
      STOP_IT,
    );
  const point = `timeline ${parent} at ${lsn}, ${why}`;
  if (Number(parent) !== from) throw problem(order, `it left ${point}, and was to leave timeline ${from}`, STOP_IT);
  if (at !== null && !why.startsWith('before '))
    throw problem(order, `it left ${point}, and was to stop at ${formatInstant(at)}`, STOP_IT);
  if (at === null) {
    const [file = ''] = await askLiveServer(server, `SELECT pg_walfile_name('${lsn}')`, { signal });
    if (file.slice(8) < reach.last.slice(8))
      throw problem(
        order,
        `it left ${point}, in ${file}, and the archive goes on to ${reach.last}: what was committed after that is not in it`,
        'Stop the server, see in its log why it did not get the rest, and restore again. What was there before is kept beside it.',
      );
  }
  return point;
}

/** That its log comes into every repository is tried, not supposed. */
async function archivingOf(
  { archiveMode }: ServerState,
  { access }: Pick<RecoveryOrder, 'access'>,
  context: StepContext,
): Promise<string[]> {
  if (archiveMode === 'off') return ['it does not archive: archive_mode is off'];
  context.progress({ message: 'seeing that it archives' });
  try {
    await access.check(context.signal);
    return [];
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return [`that it archives is not proven (${error.message}): ${access.byHand.check}`];
  }
}

const problem = (
  { recovery: { access }, data }: ServiceOrder,
  message: string,
  hint: string,
  cause?: HoldfastError,
): HoldfastError =>
  new HoldfastError({
    code: 'failed', // no other repository changes that: the data is in place
    operation: 'put into service what was restored of',
    subject: access.subject,
    message: `what was restored is in place at ${data}, but ${message}`,
    hint,
    retry: 'never',
    tool: cause?.tool,
    cause,
  });
