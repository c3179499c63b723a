// What should be mounted here: as the administrator says.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** What the administrator's own mount units mount; those that come with systemd, and may be asleep, are no word of his. */
export async function mountUnits(directory = '/etc/systemd/system'): Promise<readonly string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.mount'));
    const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
    return texts.flatMap((text) => {
      const [, where = ''] = /^\s*Where\s*=\s*(\/.*?)\s*$/m.exec(text) ?? [];
      return where === '' ? [] : [normalPath(where)];
    });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}
