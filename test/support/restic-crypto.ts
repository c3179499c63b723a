// How restic seals what it writes, for repositories and locks that are made without it.
// Format: https://restic.readthedocs.io/en/stable/100_references.html

import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';

export interface Key {
  readonly encrypt: Buffer;
  readonly mac: { readonly k: Buffer; readonly r: Buffer };
}

export interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

export const randomKey = (): Key => keyOf(randomBytes(64));

export const derivedKey = (password: string, salt: Buffer, { N, r, p }: Cost): Key =>
  keyOf(scryptSync(password, salt, 64, { N, r, p }));

const keyOf = (bytes: Buffer): Key => ({
  encrypt: bytes.subarray(0, 32),
  mac: { k: bytes.subarray(32, 48), r: clamped(bytes.subarray(48)) },
});

/** As it stands in a file of keys/, sealed. */
export const keyJson = ({ encrypt, mac }: Key): string =>
  JSON.stringify({
    mac: { k: mac.k.toString('base64'), r: mac.r.toString('base64') },
    encrypt: encrypt.toString('base64'),
  });

export function parseKey(json: string): Key {
  const { mac, encrypt } = JSON.parse(json) as { mac: { k: string; r: string }; encrypt: string }; // as `keyJson` wrote it
  return {
    encrypt: Buffer.from(encrypt, 'base64'),
    mac: { k: Buffer.from(mac.k, 'base64'), r: clamped(Buffer.from(mac.r, 'base64')) },
  };
}

/** nonce, AES-256-CTR, Poly1305-AES. */
export function seal(key: Key, text: string): Buffer {
  const nonce = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', key.encrypt, nonce);
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const pad = createCipheriv('aes-128-ecb', key.mac.k, null).setAutoPadding(false);
  const s = pad.update(nonce);
  return Buffer.concat([nonce, sealed, poly1305(sealed, key.mac.r, s)]);
}

/** What was sealed; its authenticity is not looked at. */
export function unseal(key: Key, sealed: Buffer): string {
  const cipher = createDecipheriv('aes-256-ctr', key.encrypt, sealed.subarray(0, 16));
  return Buffer.concat([cipher.update(sealed.subarray(16, -16)), cipher.final()]).toString('utf8');
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
