// Mounts as a kernel would make them, one after the other.

import fc from 'fast-check';
import type { DatasetState } from '../../../src/domain/dataset.ts';
import { type Mount, MountTable } from '../../../src/domain/mount.ts';

export interface Mounting extends Partial<Omit<Mount, 'id' | 'parent'>> {
  readonly path: string;
}

/** Each is put on what is seen at its path then; each is a file system of its own unless it says otherwise. */
export function mounted(mountings: readonly Mounting[]): Mount[] {
  const made: Mount[] = [];
  for (const [index, { path, ...parts }] of mountings.entries()) {
    const id = 20 + index;
    const parent = new MountTable(made).holderOf(path)?.id ?? 1;
    const own = { device: `0:${id}`, root: '/', type: 'ext4', source: `/dev/disk${id}`, readOnly: false };
    made.push({ id, parent, path, ...own, ...parts });
  }
  return made;
}

export const ROOT: Mounting = { path: '/', source: '/dev/sda1' };
export const zfs = (source: string, path: string): Mounting => ({ path, type: 'zfs', source });

export const dataset = (name: string, mountpoint: string, parts: Partial<DatasetState> = {}): DatasetState => ({
  name,
  type: 'filesystem',
  used: 2048,
  mountpoint,
  canmount: 'on',
  mounted: false,
  lockedBy: null,
  ...parts,
});

export const datasets = (...all: readonly DatasetState[]) =>
  ({ kind: 'told', datasets: new Map(all.map((each) => [each.name, each])) }) as const;

const name = fc.constantFrom('a', 'b', 'bb');
/** '/', '/a', '/bb/a', ...: few enough that mounts meet. */
export const somePath = fc.array(name, { maxLength: 3 }).map((names) => `/${names.join('/')}`);
export const someMountPoints = fc.array(
  somePath.filter((path) => path !== '/'),
  { maxLength: 8 },
);
