// What the lab looks at on the machine that it runs on. Nothing is changed.

import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { networkInterfaces, release } from 'node:os';
import { dirname } from 'node:path';
import type { Bytes } from '../src/domain/bytes.ts';
import { errnoOf } from '../src/lib/errors.ts';
import { DEBIAN_ARCHIVES } from './image/archive.ts';

/** A module is loaded when it is first used, and listed only then. */
export const hasFileSystem = (name: string): boolean =>
  new RegExp(`\\t${name}$`, 'm').test(contentOf('/proc/filesystems')) || hasModule(name);

const hasModule = (name: string): boolean => contentOf(`/lib/modules/${release()}/modules.dep`).includes(`/${name}.ko`);

export const availableMemory = (): Bytes =>
  (Number(/^MemAvailable: +(\d+) kB$/m.exec(contentOf('/proc/meminfo'))?.[1] ?? 0) * 1024) as Bytes; // it counts in KiB

export const hasProcessorFlag = (flag: string): boolean =>
  new RegExp(`^flags\\t.* ${flag}( |$)`, 'm').test(contentOf('/proc/cpuinfo'));

export function freeSpace(directory: string): Bytes {
  const { bavail, bsize } = statfsSync(directory);
  return (bavail * bsize) as Bytes; // blocks times their bytes
}

export const firstExisting = (path: string): string => (existsSync(path) ? path : firstExisting(dirname(path)));

/** Why nothing can be written there; null when it can. */
export function unwritable(directory: string): string | null {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return errnoOf(error) === 'EROFS' ? 'it is read-only' : String(errnoOf(error));
  }
}

/** Those of Debian that apt uses. */
export function archivesOfThisMachine(): string[] {
  try {
    return execFileSync('sh', DEBIAN_ARCHIVES, { encoding: 'utf8' }).split('\n').filter(Boolean);
  } catch {
    return []; // no apt
  }
}

export const isOnline = (): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // not there: it says nothing
  }
}
