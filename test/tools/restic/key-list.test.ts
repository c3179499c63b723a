// What restic says about the keys of a repository.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKeys } from '../../../src/tools/restic/key-list.ts';

const id = 'cc258fc9b6cb599d1772dc926d9216184c8f9bcd0c97dbdeb565a8aade3c444c';

test('the keys of a repository are read with whole ids, and which of them the password opens', () => {
  const stdout = `[{"current":true,"id":"${id}","userName":"root","hostName":"vm","created":"2026-11-21 22:27:54"}]`; // restic 0.18.0
  assert.deepEqual(parseKeys(stdout, 'near'), [
    { id, current: true, user: 'root', host: 'vm', created: '2026-11-21 22:27:54' },
  ]);
});

test('what is no list of keys is no answer', () => {
  for (const stdout of ['', 'null', '{}', `[{"current":true,"id":"${id.slice(0, 8)}","created":""}]`])
    assert.throws(() => parseKeys(stdout, 'near'), { code: 'tool-output' });
});
