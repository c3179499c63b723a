// The secrets of a repository, for masking only: what anything else that runs beside a backup may print of them.

import type { RepositoryConfig } from '../config/configuration.ts';
import { readSmallFile } from '../tools/util-linux/read-file.ts';
import { parseEnvironment, passwordFile } from './access.ts';

/** The files that hold them: their names are no secret. Throws as `passwordFile`. */
export const secretFilesOf = ({ name, password, environmentFile }: RepositoryConfig): string[] =>
  [passwordFile(name, password), environmentFile].filter((file) => file !== null);

/** Every line of these files, and every value where lines are KEY=VALUE. One that cannot be read here keeps its secrets. */
export async function secretsIn(files: readonly string[], signal: AbortSignal): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => readSmallFile(file, signal).catch(() => '')));
  signal.throwIfAborted();
  return texts.flatMap((text) => [...text.split('\n').map((line) => line.trim()), ...Object.values(parseEnvironment(text))]);
}
