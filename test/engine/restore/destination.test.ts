// Where a restore may go, and whether what stands in its way may pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytes } from '../../../src/domain/bytes.ts';
import { requireSpace } from '../../../src/engine/restore/destination.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('a disk without the room for it may have it later', async () => {
  using directory = temporaryDirectory();
  const { signal } = new AbortController();
  await requireSpace(directory.path, 1 as Bytes, signal);
  await assert.rejects(requireSpace(directory.path, (2 ** 62) as Bytes, signal), {
    code: 'no-space',
    retry: 'later',
  });
});
