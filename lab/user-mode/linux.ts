// The command line of a kernel that is a program (User-Mode Linux). Pure.
// Source: https://docs.kernel.org/virt/uml/user_mode_linux_howto_v2.html

import type { Bytes } from '../../src/domain/bytes.ts';
import type { Duration } from '../../src/domain/duration.ts';
import { shellWord } from '../../src/lib/shell-word.ts';

export interface UserModeHardware {
  readonly name: string;
  /** What it boots from: a raw image; with `base` only the changes to that one, which is left as it is. */
  readonly root: { readonly file: string; readonly base: string | null };
  /** A file system that is mounted at /opt/holdfast. */
  readonly release: string;
  readonly memory: Bytes;
  /** How far its clock is from that of this machine. */
  readonly clockOffset: Duration;
}

/** The first serial line is its standard input and output; its console is a file. `library` is loaded in front of the C library. */
export function userModeScript(hardware: UserModeHardware, console: string, library: string | null): string {
  const preload = library === null ? [] : ['env', `LD_PRELOAD=${library}`];
  const words = [...preload, ...userModeArguments(hardware)].map(shellWord);
  return `#!/bin/sh\nexec 3<&0 4>&1 </dev/null >'${console}' 2>&1\nexec ${words.join(' ')}\n`;
}

function userModeArguments({ name, root, release, memory, clockOffset }: UserModeHardware): string[] {
  const ahead = Math.round(clockOffset / 1000); // whole seconds
  return [
    'linux.uml',
    `mem=${Math.ceil(memory / 1024 / 1024)}M`,
    // `c`: without a lock on its files, for others boot from the same base and release, and none of them writes there.
    `ubd0c=${root.base === null ? root.file : `${root.file},${root.base}`}`,
    `ubd1cr=${release}`,
    ...'con=null con0=null,fd:1 ssl=null ssl0=fd:3,fd:4'.split(' '),
    ...'root=/dev/ubda rw quiet panic=-1'.split(' '),
    `systemd.hostname=${name}`,
    'systemd.mount-extra=/dev/ubdb:/opt/holdfast:ext4:ro',
    `systemd.set_credential_binary=systemd.extra-unit.${AGENT_UNIT}:${Buffer.from(AGENT).toString('base64')}`,
    `systemd.wants=${AGENT_UNIT}`,
    ...NO_ZFS.map((unit) => `systemd.mask=${unit}`),
    'init=/bin/sh',
    '--',
    '-c',
    // The kernel has no clock that is set for it, and takes this machine's.
    `"date --set=@$(($(date +%s) + ${ahead})) >/dev/null; exec /sbin/init"`,
  ];
}

const AGENT_UNIT = 'lab-agent.service';
const AGENT = `[Service]
ExecStart=qemu-ga --method=isa-serial --path=/dev/ttyS0
StandardOutput=null
StandardError=null
`;

/** Its kernel does not have it. */
const NO_ZFS = ['zfs-load-module.service', 'zfs-import-cache.service', 'zfs-mount.service', 'zfs-zed.service'];
