// One connection to another machine that many commands go through (ssh's ControlMaster), for as long as it is held. It is a child
// of ours, and ends with us. What runs there gets no terminal, and no question is asked.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duration, type Duration } from '../../domain/duration.ts';
import { untilAborted } from '../../lib/abort.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { type ProcessResult, runProcess } from '../../process/run-process.ts';
import type { RemoteHost } from './reach.ts';

type Argv = readonly [string, ...string[]];

export interface Connection extends AsyncDisposable {
  readonly host: string;
  /** The command that runs another one there. */
  argv(command: Argv): Argv;
}

/** Where a user without a login shell would not find the programs of root. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';

/** A dead network is noticed within a minute. */
const OPTIONS = ['BatchMode=yes', 'ServerAliveInterval=15', 'ServerAliveCountMax=3', 'ConnectTimeout=20'] as const;
/** Of what may be configured for that host. */
const NOTHING_ELSE = ['ClearAllForwardings=yes', 'RequestTTY=no', 'RemoteCommand=none'] as const;
const options = (all: readonly string[]): string[] => all.flatMap((each) => ['-o', each]);
const user = ({ user: name }: RemoteHost): string[] => (name === null ? [] : ['-l', name]);

const READY = 'holdfast-connected';

/** Says READY once it listens. */
export const masterArgs = (remote: RemoteHost, socket: string): Argv => [
  'ssh',
  '-M',
  '-N',
  '-S',
  socket,
  ...options([...OPTIONS, 'ControlPersist=no', 'PermitLocalCommand=yes', `LocalCommand=echo ${READY}`, ...NOTHING_ELSE]),
  ...user(remote),
  '--',
  remote.host,
];

/** The environment is set by a program, not by the shell there, which may be any. */
export const throughArgs = (remote: RemoteHost, socket: string, command: Argv): Argv => [
  'ssh',
  '-S',
  socket,
  ...options(['ControlMaster=no', 'BatchMode=yes', 'PermitLocalCommand=no', ...NOTHING_ELSE]),
  ...user(remote),
  '--',
  remote.host,
  ['env', 'LC_ALL=C', `PATH=${PATH}`, ...command].map(shellWord).join(' '),
];

const LIMIT: Duration = duration(30, 's');

/** Throws `failed` when nobody may come in there within 30 s. */
export async function connect(remote: RemoteHost, signal: AbortSignal): Promise<Connection> {
  await using made = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-ssh-'));
  made.defer(async () => await rm(folder, { recursive: true, force: true }));
  const socket = join(folder, 'socket');
  const end = new AbortController();
  const ready = Promise.withResolvers<'ready'>();
  const ended = runProcess(
    // it says so by a shell: that of a service's user may be one that lets nobody in
    { argv: masterArgs(remote, socket), operation: 'connect to', subject: remote.host, env: { SHELL: '/bin/sh' } },
    {
      signal: AbortSignal.any([signal, end.signal]),
      grace: duration(2, 's'),
      onLine: (line) => line === READY && ready.resolve('ready'),
    },
  );
  made.defer(async () => {
    end.abort(new HoldfastError({ code: 'interrupted', operation: 'connect to', subject: remote.host, message: 'done' }));
    await ended.catch(() => {}); // of our own doing, or told to whoever waited for it
  });
  const limit = AbortSignal.timeout(LIMIT);
  const first = await untilAborted(Promise.race([ready.promise, ended]), AbortSignal.any([signal, limit])).catch(
    (error: unknown) => {
      if (limit.aborted && !signal.aborted) throw refused(remote, null);
      throw error;
    },
  );
  if (first !== 'ready') throw refused(remote, first);
  const held = made.move();
  return {
    host: remote.host,
    argv: (command) => throughArgs(remote, socket, command),
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

function refused(remote: RemoteHost, result: ProcessResult | null): HoldfastError {
  const place = `${remote.user === null ? '' : `${remote.user}@`}${remote.host}`;
  return new HoldfastError({
    code: 'failed',
    operation: 'connect to',
    subject: remote.host,
    message: result?.stderrTail.at(-1) ?? 'no answer within 30 s',
    hint: `It must work without a question, as the user that this runs as: ssh -o BatchMode=yes ${shellWord(place)} true`,
    retry: 'later',
    tool: result ? { name: 'ssh', exitCode: result.exitCode, stderrTail: result.stderrTail } : undefined,
  });
}
