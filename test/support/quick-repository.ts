// An empty restic repository (format 2) whose key is derived in no time. `restic init` makes keys that cost half a second of
// CPU at each opening: right for people, and most of the time of a test. Nothing else about it differs.
// Format: https://restic.readthedocs.io/en/stable/100_references.html

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { derivedKey, keyJson, randomKey, seal } from './restic-crypto.ts';

const COST = { N: 2, r: 1, p: 1 };

/** Makes the repository in `directory`, which is created. */
export function makeQuickRepository(directory: string, password: string): void {
  for (const name of ['data', 'index', 'keys', 'locks', 'snapshots']) mkdirSync(join(directory, name), { recursive: true });
  for (let byte = 0; byte < 256; byte += 1) mkdirSync(join(directory, 'data', byte.toString(16).padStart(2, '0')));
  const master = randomKey();
  const salt = randomBytes(64);
  const user = derivedKey(password, salt, COST);
  const keyFile = JSON.stringify({
    created: new Date().toISOString(),
    username: 'test',
    hostname: 'test',
    kdf: 'scrypt',
    ...COST,
    salt: salt.toString('base64'),
    data: seal(user, keyJson(master)).toString('base64'),
  });
  const id = createHash('sha256').update(keyFile).digest('hex');
  writeFileSync(join(directory, 'keys', id), keyFile);
  const config = { version: 2, id: randomBytes(32).toString('hex'), chunker_polynomial: '25b468838dcb75' };
  writeFileSync(join(directory, 'config'), seal(master, JSON.stringify(config)));
}
