// The passphrase that pgBackRest encrypts a repository with: one line of a file.

import { readFile } from 'node:fs/promises';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { quote } from '../../lib/shell-word.ts';

/** Throws `secret-unreadable`. */
export async function passphraseIn(service: string, file: string): Promise<string> {
  let absent = false;
  try {
    const text = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
    if (text !== '' && !/[\n\r]/.test(text)) return text;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    absent = errnoOf(error) === 'ENOENT';
  }
  const make = `(umask 077; openssl rand -base64 33 > ${quote(file)})`;
  throw new HoldfastError({
    code: 'secret-unreadable',
    operation: 'read the passphrase of the pgBackRest repository of',
    subject: service,
    message: absent ? `${file} is not there` : `${file} does not hold a passphrase in one line that can be read`,
    hint: `Restore it from where you keep it. Only where the repository is new, make one: ${make}, and keep it in another place as well: without it nothing comes out of the repository.`,
    retry: 'later',
  });
}
