// zfs program: many snapshots of one pool destroyed by one process and in one transaction group, of however many datasets; `zfs destroy`
// takes those of one dataset a call, and each call waits for the pool. It is what `zfs destroy` runs itself, without "all or none": what
// cannot go (held, cloned, in use) stays, and the others go. Only root may.

import { duration } from '../../domain/duration.ts';
import { fullName, type ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { askZfs, type ZfsCommand } from './ask.ts';

/** Each by its full name: no range, nothing beneath, and nothing that is no snapshot. */
const PROGRAM = `
args = ...
for _, name in ipairs(args["argv"]) do
  zfs.sync.destroy(name)
end
`;

/** While it runs the pool writes nothing else. */
const AT_ONCE = 1000;
const LIMIT = duration(10, 'm');

/** '-': the program is read from standard input. */
export const programArgs = (
  pool: string,
  snapshots: readonly Pick<ZfsSnapshot, 'dataset' | 'name'>[],
): ZfsCommand['argv'] => ['zfs', 'program', pool, '-', ...snapshots.map(fullName)];

/** Those that can go, all of this pool. Which these were it does not say: a listing does. Throws as `askZfs`. */
export async function destroyWhatCanGo(
  pool: string,
  snapshots: readonly Pick<ZfsSnapshot, 'dataset' | 'name'>[],
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < snapshots.length; from += AT_ONCE) {
    const argv = programArgs(pool, snapshots.slice(from, from + AT_ONCE));
    const command = { argv, stdin: PROGRAM, operation: 'destroy', subject: `snapshots in ${pool}` };
    await askZfs(command, signal, LIMIT); // oxlint-disable-line no-await-in-loop -- ZFS does one at a time
  }
}
