// Tokens of the agent: what one is, and whether it opens something. Pure. Only its hash is kept: 256 random bits need no slow one.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Capability } from '../../domain/capability.ts';
import type { Instant } from '../../domain/instant.ts';

export interface Token {
  /** Public: by it a token is found, told and revoked. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Capability[];
  readonly createdAt: Instant;
  /** Null: never. */
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  /** SHA-256 of the secret part, in hex. */
  readonly hash: string;
}

/** `holdfast_<id>_<secret>`: an end that is easy to find where it should not be. */
const FORM = /^holdfast_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** From 6 and 32 random bytes. */
export function tokenText(id: Uint8Array, secret: Uint8Array): { id: string; text: string; hash: string } {
  const [name, key] = [Buffer.from(id).toString('hex'), Buffer.from(secret).toString('base64url')];
  return { id: name, text: `holdfast_${name}_${key}`, hash: hashOf(key).toString('hex') };
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export type Verdict =
  | { readonly kind: 'known'; readonly token: Token }
  | { readonly kind: 'refused'; readonly why: 'malformed' | 'unknown' | 'revoked' | 'expired'; readonly id: string | null };

/** Whose text it is. How long this takes says nothing of how much of the secret was right. */
export function recognise(text: string, tokens: readonly Token[], now: Instant): Verdict {
  const [, id = null, secret = ''] = FORM.exec(text) ?? [];
  if (id === null) return { kind: 'refused', why: 'malformed', id };
  const token = tokens.find((each) => each.id === id);
  const hash = Buffer.from(token?.hash ?? '0'.repeat(64), 'hex');
  const given = hashOf(secret);
  const right = hash.length === given.length && timingSafeEqual(hash, given);
  if (!token || !right) return { kind: 'refused', why: 'unknown', id };
  if (token.revokedAt !== null) return { kind: 'refused', why: 'revoked', id };
  if (token.expiresAt !== null && token.expiresAt <= now) return { kind: 'refused', why: 'expired', id };
  return { kind: 'known', token };
}
