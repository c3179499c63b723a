// The secrets of a repository, for keeping them out of text only: of what programs print, and of what is kept.

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

/** What is certainly a secret: the password, and variables that are called so. One that cannot be read here keeps its secrets. */
export async function namedSecrets({ password, environmentFile }: RepositoryConfig, signal: AbortSignal): Promise<string[]> {
  const read = async (file: string | null): Promise<string> =>
    file === null ? '' : await readSmallFile(file, signal).catch(() => '');
  const [text, environment] = await Promise.all([
    read(password.kind === 'file' ? password.path : null),
    read(environmentFile),
  ]);
  signal.throwIfAborted();
  const variables = Object.entries(parseEnvironment(environment));
  const secret = variables.filter(([name]) => /PASS|SECRET|KEY|TOKEN/i.test(name)).map(([, value]) => value);
  return [...text.split('\n').map((line) => line.trim()), ...secret].filter((each) => each !== '');
}
