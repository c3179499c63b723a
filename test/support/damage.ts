// Harm to the files of a repository, as disks, cables and people do it.

import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Full items, 'data/<64 hex>', of a kind, the largest file first. */
export function itemsOf(directory: string, kind: string): string[] {
  if (kind === 'config') return existsSync(join(directory, kind)) ? [kind] : [];
  const size = (item: string): number => lstatSync(pathOf(directory, item)).size;
  return readdirSync(join(directory, kind), { recursive: true, encoding: 'utf8' })
    .flatMap((name) => /[0-9a-f]{64}$/.exec(name) ?? [])
    .map((name) => `${kind}/${name}`)
    .toSorted((a, b) => size(b) - size(a));
}

export function pathOf(directory: string, item: string): string {
  const [kind = '', name = ''] = item.split('/');
  return kind === 'data' ? join(directory, kind, name.slice(0, 2), name) : join(directory, item);
}

export const DAMAGES = {
  flip: (path: string, random: () => number): void => {
    const content = readFileSync(path);
    const at = Math.floor(random() * content.length);
    content[at] = (content[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    rewrite(path, content);
  },
  cut: (path: string, random: () => number): void => {
    const content = readFileSync(path);
    rewrite(path, content.subarray(0, Math.floor(random() * content.length)));
  },
  swell: (path: string): void => rewrite(path, Buffer.concat([readFileSync(path), Buffer.from('more')])),
  empty: (path: string): void => {
    rewrite(path, Buffer.alloc(1));
    truncateSync(path);
  },
  delete: (path: string): void => rmSync(path),
} as const;

export type DamageKind = keyof typeof DAMAGES;

function rewrite(path: string, content: Uint8Array): void {
  rmSync(path);
  writeFileSync(path, content);
}

/** Always the same numbers for a seed: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
