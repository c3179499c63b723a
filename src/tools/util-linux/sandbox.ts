// Running a program so that it can look at everything and change nothing but one directory: no network, no sockets of this
// host's services, no processes but its own, which end with it. It is made of unshare(1), mount(8) and setpriv(1). It keeps
// accidents in; it is no wall against somebody who means harm and runs as root.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

export interface Sandbox {
  /** The only directory, beside an empty /tmp, that can be written to. Absolute, without links on the way to it. */
  readonly writable: string;
  /** Where the program starts; absolute. */
  readonly cwd: string;
  /** Directories and files that are seen empty; what does not exist is passed over. */
  readonly hidden: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number };
}

type Argv = readonly [string, ...string[]];

/** What root keeps: to read and change files of any owner and to become another user, nothing that undoes a mount. */
const KEPT = ['chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid'].map((name) => `,+${name}`).join('');

/**
 * "$@" is WRITABLE CWD HIDDEN ... -- PROGRAM ARGUMENT ...; the shell is process 1 of its namespace: when it ends, so does
 * whatever is left. Every mount becomes read-only, and of a new /proc what sets the kernel; then what must
 * not be seen is covered. The writable directory is kept open
 * as descriptor 9, to be seen at its own path again when something above it has been covered. Of /run the links stay: on NixOS
 * the programs are found by them.
 */
const SCRIPT = String.raw`
set -e
trap 'echo "the sandbox could not be made" >&2; exit 97' EXIT
writable=$1 cwd=$2
shift 2
mount --bind "$writable" "$writable"
exec 9<"$writable"
mounts=$(sed 's/%/%%/g' /proc/self/mountinfo)
printf '%s\n' "$mounts" | while read -r _ _ _ _ point options _; do
  case $options in ro,* | ro) continue ;; esac
  point=$(printf "$point.")
  point=${'$'}{point%.}
  [ "$point" != "$writable" ] || continue
  flags=ro
  case ,$options, in *,relatime,* | *,noatime,*) ;; *) flags=ro,strictatime ;; esac
  for flag in nosuid nodev noexec noatime nodiratime relatime; do
    case ,$options, in *",$flag,"*) flags=$flags,$flag ;; esac
  done
  mount -o "remount,bind,$flags" "$point"
done
cover() { mount -t tmpfs -o "mode=$2,nosuid,nodev" tmpfs "$1"; }
mount -t proc proc /proc 2>/dev/null || cover /proc 555
for part in sys sysrq-trigger irq bus fs; do
  [ ! -e "/proc/$part" ] || { mount --bind "/proc/$part" "/proc/$part"; mount -o remount,bind,ro "/proc/$part"; }
done
set -- -- "$@"
for entry in /run/*; do
  [ ! -L "$entry" ] || set -- "$(readlink "$entry")" "$entry" "$@"
done
cover /run 755
while [ "$1" != -- ]; do
  ln -s "$1" "$2"
  shift 2
done
shift
cover /tmp 1777
mkdir /tmp/dev
mount -t tmpfs -o mode=755,nosuid tmpfs /tmp/dev
for device in null zero full random urandom; do
  : >"/tmp/dev/$device"
  mount --bind "/dev/$device" "/tmp/dev/$device"
done
ln -s /proc/self/fd /tmp/dev/fd
mount --move /tmp/dev /dev
rmdir /tmp/dev
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then cover "$1" 755; elif [ -e "$1" ]; then mount --bind /dev/null "$1"; fi
  shift
done
shift
mkdir -p "$writable"
mount --no-canonicalize --bind /proc/self/fd/9 "$writable"
exec 9<&-
cd "$cwd"
trap - EXIT
set +e
"$@"
exit $?
`;

/** The argv that runs `argv` in the sandbox. Signals do not reach the program; SIGKILL to its group ends everything. */
export function inSandbox({ writable, cwd, hidden, user }: Sandbox, argv: Argv): Argv {
  const isRoot = user.uid === 0;
  // unshare(1) blocks SIGTERM while it waits, and credentials that change clear the parent-death signal: it is set anew
  const dying: Argv = ['setpriv', '--pdeathsig=KILL', '--'];
  // In a user namespace root is needed to mount; the program is the user again, and has no power over the mounts.
  const start: Argv = isRoot ? dying : ['unshare', '--user', '--map-root-user', ...dying];
  const namespaces = [
    'unshare',
    '--mount',
    '--propagation=private',
    '--net',
    '--ipc',
    '--uts',
    '--pid',
    '--fork',
    '--kill-child=KILL',
  ];
  const powerless = isRoot
    ? ['setpriv', '--no-new-privs', `--bounding-set=-all${KEPT}`, '--inh-caps=-all', '--']
    : ['unshare', '--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`, 'setpriv', '--no-new-privs', '--'];
  return [...start, ...namespaces, 'sh', '-c', SCRIPT, 'sh', writable, cwd, ...hidden, '--', ...powerless, ...argv];
}

/** Throws `unsupported` when this user may not make the sandbox here. */
export async function requireSandbox(sandbox: Sandbox, subject: string, signal: AbortSignal): Promise<void> {
  const operation = 'make a sandbox for';
  const { exitCode, stderrTail } = await runProcess(
    { argv: inSandbox(sandbox, ['true']), operation, subject, env: { LC_ALL: 'C' } },
    { signal, timeout: duration(30, 's'), grace: duration(1, 's') },
  );
  if (exitCode === 0) return;
  throw new HoldfastError({
    code: 'unsupported',
    operation,
    subject,
    message: `this system does not allow it: ${stderrTail[0] ?? 'unshare did not say why'}`,
    hint: 'Run as root, allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or give the container CAP_SYS_ADMIN. Without a sandbox the command is not run.',
    tool: { name: 'unshare', exitCode, stderrTail },
  });
}
