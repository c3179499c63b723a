// Whether two directory trees are the same: names (as bytes), types, modes, owners, times, link targets, hard links, and every
// byte of every file. It trusts nothing that a backup or a restore said.

import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';

interface Entry {
  readonly path: Buffer;
  readonly stats: BigIntStats;
}

/** By path below the root, as latin1 text: it holds any bytes. */
type Tree = ReadonlyMap<string, Entry>;

/** Sentences about entries of `found`, none when it is the same as `expected`. */
export async function treeDifferences(expected: string, found: string, signal: AbortSignal): Promise<string[]> {
  const [wanted, there] = await Promise.all([readTree(expected), readTree(found)]);
  const differences = [...there.keys()]
    .filter((name) => !wanted.has(name))
    .map((name) => `${shown(name)} was not there before`);
  const [wantedLinks, links] = [hardLinks(wanted), hardLinks(there)];
  for (const [name, original] of wanted) {
    signal.throwIfAborted();
    const copy = there.get(name);
    if (!copy) differences.push(`${shown(name)} is missing`);
    else {
      const wrong = attributes(original.stats, copy.stats);
      if (wantedLinks.get(name) !== links.get(name)) wrong.push('hard link');
      if (wrong.length === 0 && !(await sameContent(original, copy))) wrong.push('content'); // oxlint-disable-line no-await-in-loop -- two files at a time in memory
      if (wrong.length > 0)
        differences.push(`${shown(name)}: ${wrong.join(', ')} ${wrong.length > 1 ? 'differ' : 'differs'}`);
    }
  }
  return differences;
}

const shown = (name: string): string => (name === '' ? 'the folder itself' : Buffer.from(name, 'latin1').toString());

async function readTree(root: string): Promise<Tree> {
  const tree = new Map<string, Entry>();
  const visit = async (path: Buffer, name: string): Promise<void> => {
    const stats = await lstat(path, { bigint: true });
    tree.set(name, { path, stats });
    if (!stats.isDirectory()) return;
    const children = await readdir(path, { encoding: 'buffer' });
    await Promise.all(
      children.map((child) =>
        visit(Buffer.concat([path, Buffer.from('/'), child]), `${name === '' ? '' : `${name}/`}${child.toString('latin1')}`),
      ),
    );
  };
  await visit(Buffer.from(root), '');
  return new Map([...tree].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function attributes(a: BigIntStats, b: BigIntStats): string[] {
  if ((a.mode & TYPE) !== (b.mode & TYPE)) return ['type'];
  const wrong: string[] = [];
  if (a.mode !== b.mode) wrong.push('mode');
  if (a.uid !== b.uid || a.gid !== b.gid) wrong.push('owner');
  if (a.mtimeNs !== b.mtimeNs) wrong.push('time');
  if (!a.isDirectory() && a.size !== b.size) wrong.push('size');
  return wrong;
}
const TYPE = 0o170_000n;

/** For each name of a file with several, the first of them. */
function hardLinks(tree: Tree): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  const links = new Map<string, string>();
  for (const [name, { stats }] of tree) {
    if (stats.isDirectory() || stats.nlink < 2n) continue;
    const inode = `${stats.dev}:${stats.ino}`;
    if (!first.has(inode)) first.set(inode, name);
    links.set(name, first.get(inode) ?? name);
  }
  return links;
}

async function sameContent(a: Entry, b: Entry): Promise<boolean> {
  if (a.stats.isSymbolicLink()) {
    const [one, other] = await Promise.all([a, b].map(({ path }) => readlink(path, { encoding: 'buffer' })));
    return one !== undefined && other !== undefined && one.equals(other);
  }
  if (!a.stats.isFile()) return true;
  const [one, other] = await Promise.all([a, b].map(({ path }) => readFile(path)));
  return one !== undefined && other !== undefined && one.equals(other);
}
