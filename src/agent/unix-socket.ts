// The agent's Unix socket: made beside its place, given to its group, and then put there by a rename, so that nobody ever meets it
// with another mode, and what a dead agent left there is replaced. Only who is the only agent may do that (alone.ts).

import { chmodSync, chownSync, lstatSync, renameSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { errnoOf, HoldfastError } from '../lib/errors.ts';

/** `group`: null for nobody but the owner. Listens, and takes the name away again when disposed. */
export async function listenAt(server: Server, path: string, group: number | null): Promise<Disposable> {
  const draft = `${path}.new`;
  if (isThere(path) === 'something else') throw occupied(path);
  clearForSocket(draft);
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  const before = process.umask(0o177);
  server.listen(draft, () => listening.resolve());
  process.umask(before);
  try {
    await listening.promise;
    if (group !== null) {
      chownSync(draft, -1, group);
      chmodSync(draft, 0o660);
    }
    renameSync(draft, path);
  } catch (error) {
    throw cannotListen(path, error);
  }
  server.off('error', listening.reject);
  const { ino } = lstatSync(path);
  return {
    [Symbol.dispose]: () => {
      // whoever lost his place to another agent leaves what that one has put there
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
    },
  };
}

/** Takes away a socket that a dead agent left, and nothing else: throws where something else lies. */
export function clearForSocket(path: string): void {
  if (isThere(path) === 'something else') throw occupied(path);
  rmSync(path, { force: true });
}

function isThere(path: string): 'nothing' | 'a socket' | 'something else' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'nothing' : stat.isSocket() ? 'a socket' : 'something else';
}

const occupied = (path: string): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'listen on',
    subject: path,
    message: 'there is something that is no socket',
    hint: 'Look what it is and move it away, or choose another place with `agent.socket`.',
  });

const cannotListen = (path: string, error: unknown): HoldfastError =>
  new HoldfastError({
    code: ['EACCES', 'EPERM'].includes(errnoOf(error) ?? '') ? 'permission-denied' : 'failed',
    operation: 'listen on',
    subject: path,
    message: error instanceof Error ? error.message : String(error),
    hint: 'Run as root, or choose a place that this user may write to with `agent.socket`.',
    cause: error,
  });
