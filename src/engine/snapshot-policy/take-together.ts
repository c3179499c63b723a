// Many snapshots of one pool in one call, that is in one transaction group; more than fit in a call are taken by several. ZFS takes all
// of a call or none: what it names as the reason is left out, and the rest is tried again.

import { HoldfastError } from '../../lib/errors.ts';
import { inCalls } from '../../tools/zfs/names.ts';
import { takeSnapshots } from '../../tools/zfs/snapshots.ts';

type Take = typeof takeSnapshots;

/** Full names: no two of one dataset. Those that could not be taken with why; throws what concerns all, and when cancelled. */
export async function takeTogether(
  names: readonly string[],
  properties: Readonly<Record<string, string>>,
  signal: AbortSignal,
  take: Take = takeSnapshots,
): Promise<ReadonlyMap<string, HoldfastError>> {
  const failed = new Map<string, HoldfastError>();
  for (const some of inCalls(names)) {
    const refused = await takeCall(some, (left) => take(left, { properties }, signal)); // oxlint-disable-line no-await-in-loop -- each after the one before
    for (const [name, error] of refused) failed.set(name, error);
  }
  return failed;
}

async function takeCall(
  names: readonly string[],
  take: (names: readonly string[]) => Promise<void>,
): Promise<ReadonlyMap<string, HoldfastError>> {
  const failed = new Map<string, HoldfastError>();
  let left = names;
  while (left.length > 0) {
    const error = await tryIt(() => take(left)); // oxlint-disable-line no-await-in-loop -- each after the one before
    if (error === null) return failed;
    const named = namedIn(error, left);
    for (const name of named.size > 0 ? named : left) failed.set(name, error);
    left = named.size > 0 ? left.filter((name) => !named.has(name)) : [];
  }
  return failed;
}

/** Null: it was done. Throws what the next call would fail with, too. */
export async function tryIt(act: () => Promise<void>): Promise<HoldfastError | null> {
  try {
    await act();
    return null;
  } catch (error) {
    if (!(error instanceof HoldfastError) || !SPECIFIC.has(error.code)) throw error;
    return error;
  }
}

/** `bug`: the list of arguments was too long. */
const SPECIFIC: ReadonlySet<string> = new Set(['busy', 'no-space', 'tool-failed', 'failed', 'bug', 'permission-denied']);

/** Those that its last words are about: the snapshots, or in quotes the datasets that are gone. */
export function namedIn({ tool }: HoldfastError, names: readonly string[]): ReadonlySet<string> {
  const words = tool?.stderrTail ?? [];
  return new Set(
    names.filter((name) => {
      const dataset = `'${name.slice(0, name.indexOf('@'))}'`;
      return words.some((line) => mentions(line, name) || line.includes(dataset));
    }),
  );
}

/** Not as the beginning of a longer name. */
function mentions(line: string, name: string): boolean {
  const at = line.indexOf(name);
  return at >= 0 && !/^(?:[\w.-]|:\S)/.test(line.slice(at + name.length));
}
