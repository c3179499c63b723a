// How many names one command line takes.

/** No name in ZFS is longer than 255 bytes: these are 1 MB, of the 2 MB that the kernel takes together with the environment. */
const AT_ONCE = 4000;

/** In their order, in as few parts as calls are needed. */
export function inCalls<Name>(names: readonly Name[]): Name[][] {
  const parts: Name[][] = [];
  for (let from = 0; from < names.length; from += AT_ONCE) parts.push(names.slice(from, from + AT_ONCE));
  return parts;
}
