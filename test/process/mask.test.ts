import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maskSecrets, maskUrlPassword, urlSecrets } from '../../src/process/mask.ts';

test('a secret is masked as it is, in JSON and in a URL', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 8 }), (secret) => {
      fc.pre(secret.trim().length >= 8 && !'***'.includes(secret));
      const text = `a ${secret} b ${JSON.stringify(secret)} c ${encodeURIComponent(secret)} d`;
      assert.ok(!maskSecrets(text, [secret]).includes(secret));
      assert.ok(!maskSecrets(text, [secret]).includes(JSON.stringify(secret).slice(1, -1)));
    }),
  );
});

test('the password of a URL is masked, its user and host stay', () => {
  assert.equal(maskUrlPassword('rest:https://me:secret@nas:8000/x'), 'rest:https://me:***@nas:8000/x');
  assert.equal(maskUrlPassword('rest:https://:secret@nas/x'), 'rest:https://:***@nas/x');
  assert.equal(maskUrlPassword('sftp://me@nas:22/x'), 'sftp://me@nas:22/x');
  assert.equal(maskUrlPassword('see https://nas:8000/x and me@nas'), 'see https://nas:8000/x and me@nas');
});

test('a password may hold what should have been escaped, and a user that stands alone may be a token', () => {
  assert.equal(maskUrlPassword('rest:http://user:pa@ss:word@nas/x@y'), 'rest:http://user:***@nas/x@y');
  assert.deepEqual(urlSecrets('rest:http://user:pa@ss:word@nas/x@y'), ['pa@ss:word', 'pa@ss:word']);
  assert.equal(maskUrlPassword('https://user:100%sure@nas/'), 'https://user:***@nas/');
  assert.deepEqual(urlSecrets('https://user:100%sure@nas/'), ['100%sure', '100%sure']);
  assert.equal(maskUrlPassword('a https://TOKEN@nas/ b http://x:y@z'), 'a https://***@nas/ b http://x:***@z');
  assert.deepEqual(urlSecrets('https://TOK%45N@nas/'), ['TOK%45N', 'TOKEN']);
  assert.deepEqual(urlSecrets('sftp://me@nas:22/x'), []);
  assert.deepEqual(urlSecrets('/srv/repository'), []);
});

test('what is too short to be a secret is left alone', () => assert.equal(maskSecrets('a 1 b', ['1', '']), 'a 1 b'));
