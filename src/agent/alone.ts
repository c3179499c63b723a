// One agent for a socket, and one for a state directory: whoever comes second is told who was first. Both are locks that end with
// their holder however that ends, so that what a dead agent left is nobody's.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { duration } from '../domain/duration.ts';
import { errnoOf, HoldfastError } from '../lib/errors.ts';
import { limitTime } from '../lib/time-limit.ts';
import { acquireFileLock, type HeldLock } from '../tools/util-linux/flock.ts';

/** A free lock is there within this time on a busy machine, too. */
const AT_ONCE = duration(2, 's');

/** Aborted when a lock was lost: then another agent may begin. */
export interface Alone extends AsyncDisposable {
  readonly lost: AbortSignal;
}

/** Throws `busy` with the process that is the agent already. */
export async function beTheOnlyAgent(socket: string, stateDir: string, signal: AbortSignal): Promise<Alone> {
  await using held = new AsyncDisposableStack();
  const lost: AbortSignal[] = [];
  for (const [file, subject, mode] of [
    [join(stateDir, 'locks', 'agent.lock'), stateDir, 0o700],
    [`${socket}.lock`, socket, 0o755],
  ] as const) {
    makeDirectory(dirname(file), mode, socket);
    const lock = held.use(await take(file, subject, signal)); // oxlint-disable-line no-await-in-loop -- one after the other
    lost.push(lock.lost);
    writeFileSync(file, `${process.pid}\n`);
  }
  const all = held.move();
  return { lost: AbortSignal.any(lost), [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function makeDirectory(directory: string, mode: number, socket: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode });
  } catch (error) {
    throw new HoldfastError({
      code: errnoOf(error) === 'EACCES' ? 'permission-denied' : 'failed',
      operation: 'start',
      subject: 'the agent',
      message: `${directory} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
      hint: `Run as root, or write another place for ${socket} with \`agent.socket\`.`,
      cause: error,
    });
  }
}

async function take(file: string, subject: string, signal: AbortSignal): Promise<HeldLock> {
  using limit = limitTime(AT_ONCE, () => taken(file, subject));
  return await acquireFileLock({ file, mode: 'exclusive', subject }, AbortSignal.any([signal, limit.signal]));
}

const taken = (file: string, subject: string): HoldfastError =>
  new HoldfastError({
    code: 'busy',
    operation: 'start',
    subject: 'the agent',
    message: `there is an agent for ${subject} already (pid ${holderOf(file)})`,
    hint: 'One is enough for a host. See what it says: systemctl status holdfast-agent',
    retry: 'later',
  });

function holderOf(file: string): string {
  try {
    return /^\d+$/m.exec(readFileSync(file, 'utf8'))?.[0] ?? 'unknown';
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 'unknown';
  }
}
