// Files that hold secrets and must not be readable by everybody. Looked at each time the configuration is loaded: modes
// change without the configuration changing.

import { statSync } from 'node:fs';
import { errnoOf } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { ConfigProblem } from './configuration.ts';

export interface SecretFile {
  readonly secret: string;
  /** What is told when it is open to everybody. */
  readonly problem: ConfigProblem;
}

export const exposureOf = (secret: string): string =>
  `everybody on this machine can read ${secret}; close it: chmod 600 ${shellWord(secret)}`;

export const exposedSecrets = (files: readonly SecretFile[]): ConfigProblem[] =>
  files.filter(({ secret }) => isOpen(secret)).map(({ problem }) => problem);

/** False when it is not there (it may come with the boot) or may not be looked at: `doctor` tells about that. */
function isOpen(file: string): boolean {
  try {
    return (statSync(file).mode & 0o007) !== 0;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
