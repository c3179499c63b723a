// A restore of one database never loads into one that is there, whatever kind of server it is.

import { HoldfastError } from '../../lib/errors.ts';

/** Throws `refused`; `compare`: what to do once it is there beside the other one. */
export function requireFree(
  subject: string,
  { databases }: { readonly databases: readonly { readonly name: string }[] },
  name: string,
  compare: string,
): void {
  if (!databases.some((each) => each.name === name)) return;
  throw new HoldfastError({
    code: 'refused',
    operation: 'restore a database of',
    subject,
    message: `the server has a database ${name}, and a restore never loads into one that is there`,
    hint: `Give it another name with --as NAME, compare, and ${compare}.`,
  });
}
