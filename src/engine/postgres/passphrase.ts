// The passphrase that pgBackRest encrypts a repository with: one line of a file.

import { readFile } from 'node:fs/promises';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';

/** Throws `secret-unreadable`. */
export async function passphraseIn(service: string, file: string): Promise<string> {
  try {
    const text = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
    if (text !== '' && !/[\n\r]/.test(text)) return text;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  throw new HoldfastError({
    code: 'secret-unreadable',
    operation: 'read the passphrase of the pgBackRest repository of',
    subject: service,
    message: `${file} does not hold a passphrase in one line that can be read`,
    hint: 'Restore it from where you keep it.',
    retry: 'later',
  });
}
