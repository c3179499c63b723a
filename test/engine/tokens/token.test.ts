import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../../src/domain/instant.ts';
import { recognise, type Token, tokenText } from '../../../src/engine/tokens/token.ts';

const NOW = 1_000_000 as Instant;
const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

const kept = (id: string, hash: string, more: Partial<Token> = {}): Token => ({
  id,
  name: 'ci',
  scopes: ['runs'],
  createdAt: NOW,
  expiresAt: null,
  revokedAt: null,
  hash,
  ...more,
});

test('a token is recognised by its text, and what is kept of it does not hold that', () => {
  fc.assert(
    fc.property(bytes(6), bytes(32), (id, secret) => {
      const made = tokenText(id, secret);
      const token = kept(made.id, made.hash);
      assert.deepEqual(recognise(made.text, [token], NOW), { kind: 'known', token });
      assert.ok(!JSON.stringify(token).includes(made.text.slice(-43)));
    }),
  );
});

test('with any other secret, and with a character changed anywhere, it is none', () => {
  fc.assert(
    fc.property(
      bytes(6),
      bytes(32),
      fc.nat(),
      fc.constantFrom('a', 'Z', '0', '9', '-', '_', ' ', 'é'),
      (id, secret, at, other) => {
        const made = tokenText(id, secret);
        const place = at % made.text.length;
        const changed = made.text.slice(0, place) + other + made.text.slice(place + 1);
        fc.pre(changed !== made.text);
        // the last character of 32 bytes in base64url has bits that mean nothing to a decoder, but here the text is what counts
        assert.equal(recognise(changed, [kept(made.id, made.hash)], NOW).kind, 'refused');
      },
    ),
  );
});

test('it is refused from the moment at which it expires or is revoked, and says why', () => {
  const { id, text, hash } = tokenText(new Uint8Array(6), new Uint8Array(32));
  const why = (more: Partial<Token>): unknown => recognise(text, [kept(id, hash, more)], NOW);
  assert.deepEqual(why({ expiresAt: NOW }), { kind: 'refused', why: 'expired', id });
  assert.equal(recognise(text, [kept(id, hash, { expiresAt: (NOW + 1) as Instant })], NOW).kind, 'known');
  assert.deepEqual(why({ revokedAt: NOW, expiresAt: NOW }), { kind: 'refused', why: 'revoked', id });
  assert.deepEqual(recognise('', [], NOW), { kind: 'refused', why: 'malformed', id: null });
});
