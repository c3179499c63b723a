// Running a program with files bound over others in a private mount namespace: only that program sees them, and they are
// gone with it. An ordinary user gets the right from a user namespace in which its own uid stays its own.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

export interface Bind {
  readonly from: string;
  /** The existing file or directory that `from` is seen in place of. */
  readonly over: string;
}

/** Exit code of the wrapper when a bind fails; no program that is wrapped uses it. */
export const BIND_FAILED = 97;

// "$@" is FROM OVER ... -- PROGRAM ARGUMENT ...
const BIND_ALL = `while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit ${BIND_FAILED}; shift 2; done; shift`;

/** The argv that runs `argv` with every bind in place; `argv` itself when there is nothing to bind. Paths are absolute. */
export function withBinds(
  binds: readonly Bind[],
  argv: readonly [string, ...string[]],
  user: { readonly uid: number; readonly gid: number },
): readonly [string, ...string[]] {
  if (binds.length === 0) return argv;
  const pairs = binds.flatMap(({ from, over }) => [from, over]);
  const private_ = ['--mount', '--propagation', 'private'];
  if (user.uid === 0) return ['unshare', ...private_, 'sh', '-c', `${BIND_ALL}; exec "$@"`, 'sh', ...pairs, '--', ...argv];
  // Root in the outer namespace mounts; in the inner one the program is the user again. Credentials that change clear the
  // parent-death signal, so it is set once more.
  const asUser = `unshare --user --map-user=${user.uid} --map-group=${user.gid} setpriv --pdeathsig TERM --`;
  const script = `${BIND_ALL}; exec ${asUser} "$@"`;
  return ['unshare', '--map-root-user', ...private_, 'sh', '-c', script, 'sh', ...pairs, '--', ...argv];
}

/**
 * The first entry below these paths whose owner or group the program would see, and save, as nobody's: a user namespace that
 * an ordinary user may make knows that user's own two ids only. Null when there is none.
 */
export async function strangersEntry(
  paths: readonly string[],
  user: { readonly uid: number; readonly gid: number },
  signal: AbortSignal,
): Promise<string | null> {
  if (user.uid === 0) return null;
  const strangers = ['(', '!', '-uid', String(user.uid), '-o', '!', '-gid', String(user.gid), ')'];
  const { stdout } = await runProcess(
    {
      argv: ['find', ...paths, ...strangers, '-print', '-quit'],
      operation: 'look at the owners of',
      subject: paths.join(', '),
    },
    { signal, grace: duration(1, 's') },
  );
  return stdout === '' ? null : stdout.slice(0, -1); // its exit code is about what may not be read: restic tells that
}

/** Throws `unsupported` when this user may not make the namespaces that `withBinds` needs. */
export async function requireBinds(subject: string, user: { uid: number; gid: number }, signal: AbortSignal): Promise<void> {
  const argv = withBinds([{ from: '/dev/null', over: '/dev/null' }], ['true'], user);
  const { exitCode, stderrTail } = await runProcess(
    { argv, operation: 'make a private mount namespace for', subject },
    { signal, timeout: duration(10, 's') },
  );
  if (exitCode === 0) return;
  throw new HoldfastError({
    code: 'unsupported',
    operation: 'make a private mount namespace for',
    subject,
    message: 'this system does not allow it, so no consistent copy can be put in the place of what lives',
    hint: 'Run as root, allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or give the container CAP_SYS_ADMIN.',
    tool: { name: 'unshare', exitCode, stderrTail },
  });
}
