// `stanza-create` and `check`. Never `stanza-upgrade`: it takes a fresh cluster for the next version of the old one, whose
// backups its own then expire.

import { duration } from '../../domain/duration.ts';
import { invokePgBackRest, type Invocation, type PgBackRest, type PgBackRestOptions } from './invoke.ts';

export const CREATE: Invocation = { args: ['stanza-create'], operation: 'create the stanza of' };

/** Has the server switch to a new WAL file, and waits until every repository has the old one. */
export const CHECK: Invocation = { args: ['check'], operation: 'check the archiving of' };

const LIMIT = duration(5, 'm');

/** In every repository; nothing where it is there already. */
export async function createStanza(access: PgBackRest, options: PgBackRestOptions): Promise<void> {
  await invokePgBackRest(access, CREATE, { timeout: LIMIT, ...options });
}

export async function checkStanza(access: PgBackRest, options: PgBackRestOptions): Promise<void> {
  await invokePgBackRest(access, CHECK, { timeout: LIMIT, ...options });
}
