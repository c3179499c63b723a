import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import { auditFile, openAudit } from '../../../src/engine/tokens/audit.ts';
import { createToken, readTokens, revokeToken, tokenReader } from '../../../src/engine/tokens/token-store.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const NOW = 1_000_000 as Instant;
const { signal } = new AbortController();
const wanted = (name: string) => ({ name, scopes: ['runs'] as const, expiresAt: null });

test('tokens that are made at the same time are all kept, in a file that only its owner reads', async () => {
  using directory = temporaryDirectory();
  const names = ['a', 'b', 'c', 'd'];
  const made = await Promise.all(names.map((name) => createToken(directory.path, wanted(name), NOW, signal)));
  const file = join(directory.path, 'agent-tokens.json');
  assert.deepEqual(
    readTokens(directory.path)
      .map(({ name }) => name)
      .toSorted(),
    names,
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
  for (const { text } of made) assert.ok(!readFileSync(file, 'utf8').includes(text.slice(-43)));
});

test('a token that is revoked is so for whoever reads them already, by its name or id, once', async () => {
  using directory = temporaryDirectory();
  const read = tokenReader(directory.path);
  assert.deepEqual(read(), []);
  const { token } = await createToken(directory.path, wanted('ci'), NOW, signal);
  assert.equal(read()[0]?.revokedAt, null);
  assert.equal((await revokeToken(directory.path, 'ci', NOW, signal))?.id, token.id);
  assert.equal(read()[0]?.revokedAt, NOW);
  assert.equal(await revokeToken(directory.path, token.id, NOW, signal), null);
});

test('a name is taken as long as its token is not revoked', async () => {
  using directory = temporaryDirectory();
  await createToken(directory.path, wanted('ci'), NOW, signal);
  await assert.rejects(createToken(directory.path, wanted('ci'), NOW, signal), /there is a token called ci/);
  await revokeToken(directory.path, 'ci', NOW, signal);
  await createToken(directory.path, wanted('ci'), NOW, signal);
});

test('a damaged file lets nobody in, and is not written over', async () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, 'agent-tokens.json'), '{"version":1,"tokens":[{"id":"x"}]}');
  assert.throws(() => readTokens(directory.path), HoldfastError);
  await assert.rejects(createToken(directory.path, wanted('ci'), NOW, signal), /damaged/);
});

test('a flood of refusals is written as its first ones and a number', () => {
  using directory = temporaryDirectory();
  let now = NOW;
  const audit = openAudit(directory.path, { now: () => now }, () => assert.fail());
  for (let index = 0; index < 1000; index += 1) audit({ event: 'refused', by: 'anybody' });
  audit({ event: 'backup-trigger', by: 'ci' });
  now = (NOW + 120_000) as Instant;
  audit({ event: 'refused', by: 'anybody' });
  const lines = readFileSync(auditFile(directory.path), 'utf8').trim().split('\n');
  assert.ok(lines.length < 100, `${lines.length}`);
  assert.ok(lines.some((line) => line.includes('backup-trigger')));
  assert.ok(
    lines.some((line) => line.includes('"count":940')),
    lines.slice(-3).join('\n'),
  );
});
