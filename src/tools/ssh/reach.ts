// Whether the ssh server of another machine answers. Its address and port are what ssh itself would use (~/.ssh/config);
// nobody logs in.

import { connect } from 'node:net';
import { duration } from '../../domain/duration.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

export interface RemoteHost {
  readonly user: string | null;
  readonly host: string;
}

const LIMIT = duration(10, 's');

/** 'backup@nas-1:backup/forge' as zfs tools write it; null for a pool of this machine. */
export function remoteHostOf(destination: string): RemoteHost | null {
  const match = /^(?:([^@:/\s]+)@)?([^@:/\s]+):/.exec(destination);
  return match?.[2] === undefined ? null : { user: match[1] ?? null, host: match[2] };
}

export const configArgs = ({ user, host }: RemoteHost): [string, ...string[]] => [
  'ssh',
  '-G',
  ...(user === null ? [] : ['-l', user]),
  '--',
  host,
];

/** 'hostname 192.0.2.1' and 'port 22' among the lines of `ssh -G`; what it does not say is the name itself, and 22. */
export function parseAddress(stdout: string, { host }: RemoteHost): { readonly host: string; readonly port: number } {
  const value = (key: string): string | undefined => new RegExp(`^${key} (.+)$`, 'm').exec(stdout)?.[1];
  return { host: value('hostname') ?? host, port: Number(value('port') ?? 22) };
}

/** Another machine or program stands in between: only ssh itself could get there. */
export const hasProxy = (stdout: string): boolean => /^proxy(?:jump|command) (?!none$)/m.test(stdout);

/** Answers with the address. Throws `failed` when nobody answers there within 10 s. What is behind a proxy is not tried. */
export async function reachHost(remote: RemoteHost, signal: AbortSignal): Promise<string> {
  const asked = await runProcess(
    { argv: configArgs(remote), operation: 'reach', subject: remote.host },
    { signal, timeout: LIMIT },
  );
  if (asked.exitCode !== 0) throw noAnswer(remote, asked.stderrTail.at(-1) ?? 'ssh does not say where it is');
  if (hasProxy(asked.stdout)) return 'behind a proxy: not tried';
  const address = parseAddress(asked.stdout, remote);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ ...address, signal, timeout: LIMIT });
  using _socket = { [Symbol.dispose]: () => socket.destroy() };
  socket.once('connect', resolve);
  socket.once('timeout', () => reject(noAnswer(remote, 'no answer within 10 s')));
  socket.once('error', (error) =>
    reject(signal.aborted ? signal.reason : noAnswer(remote, errnoOf(error) ?? error.message)),
  );
  await promise;
  return `${address.host}:${address.port} answers`;
}

const noAnswer = ({ host }: RemoteHost, reason: string): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'reach',
    subject: host,
    message: `${host} does not answer: ${reason}`,
    hint: `See whether it runs, and whether the network does: ssh ${host} true`,
    retry: 'later',
  });
