// The control groups of the lab: every process that it starts is in one below holdfast-lab/RUN, so that all of them can be
// ended at once without knowing any. The hierarchy is mounted only where it is used, in a mount namespace of its own: some
// machines have it elsewhere, or not mounted.

import { run } from './command.ts';

/** Where `MOUNT` puts the hierarchy. */
export const CONTROL_GROUPS = '/sys/fs/cgroup';

export const groupOf = (runId: string, name?: string): string =>
  [CONTROL_GROUPS, 'holdfast-lab', runId, ...(name === undefined ? [] : [name])].join('/');

/** For sh, in a mount namespace of its own. */
export const MOUNT = `umount -R ${CONTROL_GROUPS} 2>/dev/null || :; mount -t cgroup2 holdfast-lab ${CONTROL_GROUPS}`;

/** cgroup.kill is the kernel's own: nothing can fork away from it. The groups are busy until the last process is gone. */
const REMOVE = `{ ${MOUNT}; } || exit
[ -d "$1" ] || exit 0
echo 1 >"$1/cgroup.kill"
while ! find "$1" -depth -type d -exec rmdir {} + 2>/dev/null && [ -d "$1" ]; do sleep 0.02; done`;
const REMOVE_PARENT = `rmdir "\${1%/*}" 2>/dev/null || :`;

/** Kills what is in it, or in that of one host, waits until it is gone, and removes it. Nothing happens when there is none. */
export async function removeGroup(runId: string, name?: string): Promise<void> {
  const script = name === undefined ? `${REMOVE}\n${REMOVE_PARENT}` : REMOVE; // other hosts of the run may be on their way
  await run({
    argv: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', groupOf(runId, name)],
    operation: 'end',
    subject: name === undefined ? `run ${runId} of the lab` : `${name} of run ${runId} of the lab`,
  });
}
