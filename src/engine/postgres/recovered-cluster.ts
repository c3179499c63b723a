// A server as it was at a moment: restored from a backup into a directory of its own, its log replayed from the archive by a private
// server. Nothing of it reaches production, or its archive.

import { dirname, join } from 'node:path';
import { describeBytes } from '../../domain/bytes.ts';
import type { BaseBackup, Reach } from '../../domain/moments.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ServerBackup, ServerCluster } from '../../domain/server-backup.ts';
import type { TargetTimeline } from '../../domain/timeline.ts';
import { IDLE_LIMIT } from '../../process/run-process.ts';
import { type ServerPrograms, serverPrograms } from '../../tools/postgresql/programs.ts';
import { readRecoveryLog, type RecoveryLog } from '../../tools/postgresql/recovery-log.ts';
import { freeSpace } from '../../tools/util-linux/stat.ts';
import { filesOf } from '../../tools/util-linux/owned-files.ts';
import { dataDirectory, type ValidDirectory } from './data-directory.ts';
import type { Engine } from './engine.ts';
import { holdPrivateServer, type PrivateServer } from './private-server.ts';

export interface RecoveryOrder {
  readonly access: Engine;
  readonly repository: number;
  readonly cluster: ServerCluster;
  readonly reach: Reach<ServerBackup & BaseBackup>;
  /** Null: everything that the archive holds. */
  readonly at: Instant | null;
  readonly timeline: TargetTimeline;
  readonly processes: number | null;
  /** A superuser of the database. */
  readonly role: string;
  /** What is written survives a power cut: for data that stays. */
  readonly durable: boolean;
}

/** Where it is made: an empty directory of its owner's. */
export interface RecoveryPlace {
  readonly root: string;
  readonly data: string;
  readonly tablespaces: string;
}

export const recoveryPlace = (root: string, name = 'data'): RecoveryPlace => ({
  root,
  data: join(root, name),
  tablespaces: join(root, 'tablespaces'),
});

export interface Restored {
  readonly programs: ServerPrograms;
  readonly directory: ValidDirectory;
}

/** Puts the backup there. Throws `not-restored` where what came is not the cluster that was meant. */
export async function restoreCluster(order: RecoveryOrder, place: RecoveryPlace, context: StepContext): Promise<Restored> {
  const { access, repository, reach, cluster } = order;
  const { signal } = context;
  const programs = await serverPrograms(cluster.version, signal); // before hours of restoring
  const files = filesOf(access.user, signal);
  for (const directory of [place.data, place.tablespaces]) await files.makeDirectory(directory); // oxlint-disable-line no-await-in-loop -- two
  context.progress({ message: `restoring ${reach.backup.label}`, bytesTotal: reach.backup.size });
  await access.restore(
    {
      set: reach.backup.label,
      repository,
      directory: place.data,
      target: order.at,
      timeline: order.timeline,
      processes: order.processes,
      tablespaces: place.tablespaces,
    },
    { signal, idle: { limit: IDLE_LIMIT } },
  );
  await files.setMode(place.data, '700'); // it comes back as it was, and with more no server starts on it
  const found = await dataDirectory(place.data, signal);
  if (found.state !== 'valid')
    throw notRestored(
      order,
      `what was restored is no whole cluster: ${'why' in found ? found.why : `it is ${found.state}`}`,
    );
  if (found.control.systemId !== cluster.systemId)
    throw notRestored(
      order,
      `what was restored is another cluster: ${found.control.systemId} instead of ${cluster.systemId}`,
    );
  return {
    programs: found.major === programs.major ? programs : await serverPrograms(found.major, signal),
    directory: found,
  };
}

/** A server that has come to the moment, out of recovery, on a timeline of its own. */
export interface RecoveredServer extends PrivateServer {
  readonly log: RecoveryLog;
}

/** Throws `not-restored` with what the server said when it does not come so far. */
export async function recoverPrivately(
  order: RecoveryOrder,
  place: RecoveryPlace,
  restored: Restored,
  context: StepContext,
): Promise<RecoveredServer> {
  const lines: string[] = [];
  await using held = new AsyncDisposableStack();
  const server = held.use(
    await startRecovery(order, place, restored, { recovery_target_action: 'promote' }, lines, context),
  );
  const [inRecovery] = await server.sql('postgres', 'SELECT pg_is_in_recovery()', { signal: context.signal });
  const log = readRecoveryLog(lines);
  if (inRecovery !== 'f') throw notRestored(order, 'the server let clients in before it had recovered');
  if (order.at !== null && !log.reachedTarget)
    throw notRestored(order, 'it recovered, and not to the moment that was asked for');
  if (order.at === null && !log.files.has(order.reach.last))
    throw notRestored(order, `it recovered, and not as far as the archive goes: it did not get ${order.reach.last}`);
  const running = held.move();
  return { ...server, log, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/**
 * Replays the log up to the moment and stops there, still in recovery: whoever starts it goes on from there, and begins the new
 * timeline. Without a moment it stops where it is consistent.
 */
export async function recoverAndStop(
  order: RecoveryOrder,
  place: RecoveryPlace,
  restored: Restored,
  context: StepContext,
): Promise<RecoveryLog> {
  const lines: string[] = [];
  const target = order.at === null ? { recovery_target: 'immediate' } : {};
  try {
    await using _server = await startRecovery(
      order,
      place,
      restored,
      { ...target, recovery_target_action: 'shutdown' },
      lines,
      context,
    );
  } catch (error) {
    if (!lines.some((line) => line.includes('shutdown at recovery target'))) throw error;
    return readRecoveryLog(lines);
  }
  throw notRestored(order, 'the server did not stop at the moment that was asked for');
}

async function startRecovery(
  order: RecoveryOrder,
  place: RecoveryPlace,
  { programs, directory }: Restored,
  settings: Readonly<Record<string, string>>,
  lines: string[],
  context: StepContext,
): Promise<PrivateServer> {
  const { access, repository, role } = order;
  context.progress({ message: 'replaying the log' });
  const spec = {
    programs,
    data: place.data,
    owner: access.user,
    role,
    durable: order.durable,
    subject: `${access.subject} as it was`,
    settings: {
      ...directory.control.limits,
      restore_command: access.restoreCommand(repository, place.data),
      ...settings,
    },
    onLog: (line: string): void => void lines.push(line),
  };
  try {
    return await holdPrivateServer(spec, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code !== 'tool-failed') throw error;
    throw (await outOfRoom(order, place, lines, error, context.signal)) ?? explained(order, lines, error);
  }
}

/** Less than two files of the log: one comes, and one is written. */
const SCARCE = 32 * 1024 * 1024;

/**
 * Where the disk is full the server ends with whatever it was at: with a file of the log that could not be had, for instance. Null where
 * there is room.
 */
async function outOfRoom(
  { access }: RecoveryOrder,
  { data }: RecoveryPlace,
  lines: readonly string[],
  cause: HoldfastError,
  signal: AbortSignal,
): Promise<HoldfastError | null> {
  const said = lines.findLast((line) => /No space left on device|Disk quota exceeded/.test(line));
  const free = await freeSpace(data, signal);
  if (said === undefined && free >= SCARCE) return null;
  return new HoldfastError({
    code: 'no-space',
    operation: 'recover',
    subject: access.subject,
    message: `there is no room for the log that is replayed: ${describeBytes(free)} are free at ${dirname(data)}${said === undefined ? '' : ` (${said.trim()})`}`,
    hint: 'Make room there, and try again. Nothing was put in place.',
    retry: 'later',
    tool: { name: 'postgres', exitCode: cause.tool?.exitCode ?? null, stderrTail: lines.slice(-20) },
    cause,
  });
}

function explained(order: RecoveryOrder, lines: readonly string[], error: HoldfastError): HoldfastError {
  const { endedEarly, lastTransaction } = readRecoveryLog(lines);
  const wanted = order.at === null ? '' : formatInstant(order.at);
  const message = endedEarly
    ? `the archive holds nothing that was committed after ${lastTransaction ?? 'the backup'}: whether more was until ${wanted} is not known`
    : `the restored server does not start: ${lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? error.message}`;
  return new HoldfastError({
    code: 'not-restored',
    operation: 'recover',
    subject: order.access.subject,
    message,
    hint: endedEarly
      ? 'Leave out --at to have everything that the archive holds. If the server still runs, `SELECT pg_switch_wal()` there sends on what it has: then try again.'
      : 'Its last lines are above. Try an older backup (--snapshot), or another repository.',
    retry: 'later',
    tool: { name: 'postgres', exitCode: error.tool?.exitCode ?? null, stderrTail: lines.slice(-20) },
    cause: error,
  });
}

export const notRestored = ({ access, reach }: RecoveryOrder, message: string): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'restore',
    subject: access.subject,
    message,
    hint: `It came from ${reach.backup.label}. Nothing was put in place.`,
    retry: 'later',
  });
