// A lock as a restic would have left it that had another number, or made it at another time: no restic can be told either.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Cost, derivedKey, parseKey, seal, unseal } from './restic-crypto.ts';

export interface ForgedLock {
  readonly pid: number;
  /** How long ago it was made or refreshed, in minutes. */
  readonly minutes: number;
  readonly exclusive?: boolean;
  /** Default: this one. */
  readonly host?: string;
  readonly user?: string;
}

/** Puts it into a repository with one key; answers with its id. */
export function forgeLock(repository: string, password: string, lock: ForgedLock): string {
  const [name = ''] = readdirSync(join(repository, 'keys'));
  const file = JSON.parse(readFileSync(join(repository, 'keys', name), 'utf8')) as Cost & { salt: string; data: string }; // restic's format
  const user = derivedKey(password, Buffer.from(file.salt, 'base64'), file);
  const master = parseKey(unseal(user, Buffer.from(file.data, 'base64')));
  const text = JSON.stringify({
    time: new Date(Date.now() - lock.minutes * 60_000).toISOString(),
    exclusive: lock.exclusive ?? false,
    hostname: lock.host ?? hostname(),
    username: lock.user ?? 'root',
    pid: lock.pid,
  });
  const sealed = seal(master, text);
  const id = createHash('sha256').update(sealed).digest('hex');
  writeFileSync(join(repository, 'locks', id), sealed, { mode: 0o600 });
  return id;
}
