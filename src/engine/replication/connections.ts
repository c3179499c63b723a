// The far ends of targets: one connection to each machine, made when it is first needed, shared, and closed at the end.

import { type Connection, connect } from '../../tools/ssh/connection.ts';
import { remoteHostOf } from '../../tools/ssh/reach.ts';
import { HERE, type ZfsEnd } from '../../tools/zfs/end.ts';

export interface Connections extends AsyncDisposable {
  /** Throws as `connect`; a machine that refused is asked once only. */
  endOf(destination: string): Promise<ZfsEnd>;
}

/** `signal` ends them all. */
export function openConnections(signal: AbortSignal): Connections {
  const made = new Map<string, Promise<Connection>>();
  return {
    async endOf(destination) {
      const remote = remoteHostOf(destination);
      if (remote === null) return HERE;
      const key = `${remote.user ?? ''}@${remote.host}`;
      const known = made.get(key) ?? connect(remote, signal);
      made.set(key, known);
      return await known;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...made.values()].map(async (each) => await (await each)[Symbol.asyncDispose]()));
    },
  };
}
