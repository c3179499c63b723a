// An empty restic repository (format 2) whose key is derived in no time. `restic init` makes keys that cost half a second of
// CPU at each opening: right for people, and most of the time of a test. Nothing else about it differs.
// Format: https://restic.readthedocs.io/en/stable/100_references.html

import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COST = { N: 2, r: 1, p: 1 };

interface Key {
  readonly encrypt: Buffer;
  readonly mac: { readonly k: Buffer; readonly r: Buffer };
}

/** Makes the repository in `directory`, which is created. */
export function makeQuickRepository(directory: string, password: string): void {
  for (const name of ['data', 'index', 'keys', 'locks', 'snapshots']) mkdirSync(join(directory, name), { recursive: true });
  for (let byte = 0; byte < 256; byte += 1) mkdirSync(join(directory, 'data', byte.toString(16).padStart(2, '0')));
  const master: Key = { encrypt: randomBytes(32), mac: { k: randomBytes(16), r: clamped(randomBytes(16)) } };
  const salt = randomBytes(64);
  const derived = scryptSync(password, salt, 64, COST);
  const user: Key = {
    encrypt: derived.subarray(0, 32),
    mac: { k: derived.subarray(32, 48), r: clamped(derived.subarray(48)) },
  };
  const secret = JSON.stringify({
    mac: { k: master.mac.k.toString('base64'), r: master.mac.r.toString('base64') },
    encrypt: master.encrypt.toString('base64'),
  });
  const keyFile = JSON.stringify({
    created: new Date().toISOString(),
    username: 'test',
    hostname: 'test',
    kdf: 'scrypt',
    ...COST,
    salt: salt.toString('base64'),
    data: seal(user, secret).toString('base64'),
  });
  const id = createHash('sha256').update(keyFile).digest('hex');
  writeFileSync(join(directory, 'keys', id), keyFile);
  const config = { version: 2, id: randomBytes(32).toString('hex'), chunker_polynomial: '25b468838dcb75' };
  writeFileSync(join(directory, 'config'), seal(master, JSON.stringify(config)));
}

/** nonce, AES-256-CTR, Poly1305-AES. */
function seal(key: Key, text: string): Buffer {
  const nonce = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', key.encrypt, nonce);
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const pad = createCipheriv('aes-128-ecb', key.mac.k, null).setAutoPadding(false);
  const s = pad.update(nonce);
  return Buffer.concat([nonce, sealed, poly1305(sealed, key.mac.r, s)]);
}

/** https://cr.yp.to/mac/poly1305-20050329.pdf */
function poly1305(message: Buffer, r: Buffer, s: Buffer): Buffer {
  const prime = (1n << 130n) - 5n;
  const factor = littleEndian(r);
  let sum = 0n;
  for (let start = 0; start < message.length; start += 16) {
    const block = message.subarray(start, start + 16);
    sum = ((sum + littleEndian(block) + (1n << BigInt(8 * block.length))) * factor) % prime;
  }
  const tag = (sum + littleEndian(s)) % (1n << 128n);
  return reversed(Buffer.from(tag.toString(16).padStart(32, '0'), 'hex'));
}

const littleEndian = (bytes: Buffer): bigint => BigInt(`0x${reversed(bytes).toString('hex')}`);
const reversed = (bytes: Buffer): Buffer => Buffer.from(bytes.toReversed());

function clamped(bytes: Buffer): Buffer {
  const r = Buffer.from(bytes);
  for (const index of [3, 7, 11, 15]) r[index] = (r[index] ?? 0) & 15;
  for (const index of [4, 8, 12]) r[index] = (r[index] ?? 0) & 252;
  return r;
}
