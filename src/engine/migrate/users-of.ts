// Who uses what is in a directory: open files, working directories, memory maps, and mounts that show it elsewhere (a container's). Read
// from /proc, which asks no file system anything.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { errnoOf } from '../../lib/errors.ts';
import { isWithin } from '../../lib/path.ts';
import { mountOf, mounts, mountsOfProcess } from '../../repositories/mounts.ts';

/** One for each process: 'sonarr (pid 812)'. This process and what it may not look at are not among them. */
export async function usersOf(path: string): Promise<string[]> {
  const own = await mounts();
  const mount = mountOf(path, own);
  const inside = mount && {
    device: mount.device,
    root: `${mount.root === '/' ? '' : mount.root}${path.slice(mount.path === '/' ? 0 : mount.path.length)}`,
  };
  const namespace = await linkAt('self', 'ns/mnt');
  const seen = new Set<string>(); // namespaces in which it was found, or not
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
    /* oxlint-disable no-await-in-loop -- one process after the other: it is a look, not a search */
    const other = await linkAt(pid, 'ns/mnt');
    const isNew = other !== namespace && other !== '' && !seen.has(other);
    if (isNew) seen.add(other);
    const shown = isNew && inside ? ((await mountsOfProcess(Number(pid))) ?? []) : [];
    const bound = shown.some(({ device, root }) => device === inside?.device && isWithin(inside.root, root));
    if (bound || (await hasOpen(pid, path))) found.push(`${await nameOf(pid)} (pid ${pid})`);
    /* oxlint-enable no-await-in-loop */
  }
  return found;
}

async function hasOpen(pid: string, path: string): Promise<boolean> {
  const links = ['cwd', 'root', ...(await namesAt(`/proc/${pid}/fd`)).map((fd) => `fd/${fd}`)];
  const targets = await Promise.all(links.map((link) => linkAt(pid, link)));
  if (targets.some((target) => isWithin(path, target))) return true;
  const maps = await gone(readFile(`/proc/${pid}/maps`, 'utf8'), '');
  return maps.split('\n').some((line) => line.includes(` ${path}/`));
}

const nameOf = async (pid: string): Promise<string> =>
  (await gone(readFile(`/proc/${pid}/comm`, 'utf8'), 'a process')).trim();
const linkAt = async (pid: string, name: string): Promise<string> =>
  (await gone(readlink(`/proc/${pid}/${name}`), '')).replace(/ \(deleted\)$/, '');
const namesAt = (directory: string): Promise<string[]> => gone(readdir(directory), []);

/** Processes come and go, and some are not for everybody to look at. */
async function gone<Value>(read: Promise<Value>, instead: Value): Promise<Value> {
  try {
    return await read;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return instead;
  }
}
