// Which directories are mount points, from the kernel's own list: reading it never touches the file systems themselves.

import { readFile } from 'node:fs/promises';

/** Absolute paths of every mount in this process's namespace. */
export const mountPoints = async (): Promise<ReadonlySet<string>> =>
  parseMountPoints(await readFile('/proc/self/mountinfo', 'utf8'));

/** Field 5 of each line of proc_pid_mountinfo(5), with its octal escapes taken back. */
export const parseMountPoints = (mountinfo: string): ReadonlySet<string> =>
  new Set(
    mountinfo
      .split('\n')
      .map((line) => line.split(' ')[4])
      .filter((path) => path !== undefined)
      .map((path) =>
        path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))),
      ),
  );
