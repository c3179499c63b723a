// A page is written as a whole or not at all, and what was begun is found again after a crash.

import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StepContext } from '../../../src/domain/plan.ts';
import { UNFINISHED_PAGE, writePage } from '../../../src/engine/recovery-kit/write-page.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const NEVER = new AbortController().signal;

/** What a process leaves that dies right after the draft was made: its record. */
function dying(records: JsonObject[]): Pick<StepContext, 'hold' | 'runId'> {
  return {
    runId: 'run',
    async hold(_kind, payload, make) {
      records.push(payload);
      await make();
      throw new Error('the power fails');
    },
  };
}

test('when it dies in between the old page is there, the draft was closed to others, and its record is enough to remove it', async () => {
  using folder = temporaryDirectory();
  const file = join(folder.path, 'kit.md');
  writeFileSync(file, 'old', { mode: 0o644 });
  const records: JsonObject[] = [];
  await assert.rejects(writePage(dying(records), file, 'a secret', 0o600), /the power fails/);
  assert.equal(readFileSync(file, 'utf8'), 'old');
  const draft = readdirSync(folder.path).find((name) => name !== 'kit.md') ?? '';
  assert.equal(lstatSync(join(folder.path, draft)).mode & 0o777, 0o600);
  for (const payload of [...records, ...records]) await UNFINISHED_PAGE.undo(payload, NEVER);
  assert.deepEqual(readdirSync(folder.path), ['kit.md']);
});
