// What should be mounted here: as the administrator says.

import { readFile } from 'node:fs/promises';
import { normalPath } from '../config/repository-url.ts';
import { errnoOf } from '../lib/errors.ts';

/** fstab(5): what the administrator says should be mounted. */
export const parseFstab = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([source = '', target = '']) => !source.startsWith('#') && target.startsWith('/'))
    .map(([, target = '']) =>
      target.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))),
    )
    .map(normalPath);

export async function declaredMounts(): Promise<readonly string[]> {
  try {
    return parseFstab(await readFile('/etc/fstab', 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return []; // NixOS containers and the like have none
  }
}
