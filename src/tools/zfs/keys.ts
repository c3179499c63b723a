// Keys of encrypted datasets: where one is read from, and loading it.

import { askZfs } from './ask.ts';
import { getProperties } from './get.ts';

/** 'file:///root/key' of a dataset of this machine, or of the one that it has its key from; null where it is in no file. Throws as `askZfs`. */
export async function keyFileOf(dataset: string, signal: AbortSignal): Promise<string | null> {
  const valueOf = async (name: string, property: string): Promise<string> =>
    (await getProperties([name], signal)).get(name)?.get(property)?.value ?? '-';
  const root = await valueOf(dataset, 'encryptionroot');
  if (root === '-') return null;
  const location = await valueOf(root, 'keylocation');
  return location.startsWith('file://') ? location : null;
}

export const loadKeyArgs = (dataset: string, location: string): readonly [string, ...string[]] => [
  'zfs',
  'load-key',
  '-L',
  location,
  dataset,
];

/** From elsewhere than the dataset itself says. Throws as `askZfs`, also where it is another's key. */
export const loadKey = async (dataset: string, location: string, signal: AbortSignal): Promise<void> =>
  void (await askZfs({ argv: loadKeyArgs(dataset, location), operation: 'load the key of', subject: dataset }, signal));
