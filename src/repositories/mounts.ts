// What is mounted where, from the kernel's own list: reading it never touches the file systems themselves.

import { open, readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Mount, MountTable } from '../domain/mount.ts';
import { errnoOf } from '../lib/errors.ts';

/** Every mount in this process's namespace, in the order in which they were made. */
export const mounts = async (): Promise<Mount[]> => parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));

/** Those of one process, in its own namespace; null when it is gone. */
export async function mountsOfProcess(pid: number): Promise<Mount[] | null> {
  try {
    return parseMounts(await readFile(`/proc/${pid}/mountinfo`, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

export interface Led {
  /** Without links. */
  readonly path: string;
  /** The id of the mount that it is in: what no list of mounts can get wrong. */
  readonly mount: number;
}

/** Where the kernel leads whoever opens `path`, which is there and answers; null when this user may not know. */
export async function leadsTo(path: string): Promise<Led | null> {
  try {
    await using handle = await open(path, O_PATH);
    const info = await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8');
    const [, mount] = /^mnt_id:\s*(\d+)$/m.exec(info) ?? [];
    return mount === undefined ? null : { path: await readlink(`/proc/self/fd/${handle.fd}`), mount: Number(mount) };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

/** open(2): neither reads nor waits for anything. Node.js has no name for it. */
const O_PATH = 0o10000000;

/** Absolute paths of every mount. */
export const mountPoints = async (): Promise<ReadonlySet<string>> => new Set((await mounts()).map(({ path }) => path));

/** proc_pid_mountinfo(5), with its octal escapes taken back. The fields behind the dash come after a number of optional ones. */
export const parseMounts = (mountinfo: string): Mount[] =>
  mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [id, parent, device = '', root = '', path, options = ''] = before.split(' ').map(unescaped);
    const [type = '', source = ''] = after.split(' ').map(unescaped);
    if (path === undefined) return [];
    const readOnly = options.split(',').includes('ro');
    return [{ id: Number(id), parent: Number(parent), device, root, path, readOnly, type, source }];
  });

const unescaped = (field: string): string =>
  field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));

/** The one that holds this normalised path. */
export const mountOf = (path: string, all: readonly Mount[]): Mount | null => new MountTable(all).holderOf(path);

const BY_UUID = '/dev/disk/by-uuid';

/** The UUID of the file system on a device, which stays when the disk is put into another machine; null where nobody knows. */
export async function uuidOf(device: string): Promise<string | null> {
  if (!device.startsWith('/dev/')) return null;
  const names = await readdir(BY_UUID).catch(() => []); // there is none without udev
  const targets = await Promise.all(names.map((name) => readlink(`${BY_UUID}/${name}`).catch(() => '')));
  return names[targets.findIndex((target) => basename(target) === basename(device))] ?? null;
}
