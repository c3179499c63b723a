import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maskSecrets, maskUrlPassword } from '../../src/process/mask.ts';

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
});

test('what is too short to be a secret is left alone', () => assert.equal(maskSecrets('a 1 b', ['1', '']), 'a 1 b'));
