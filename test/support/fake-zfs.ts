// A zfs(8) that is a script: for what a real one will not do when asked.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory } from './temporary.ts';

/** First on PATH until the test ends; answers with its folder, which is $FOLDER to the script (of sh). */
export function fakeZfs(t: TestContext, script: string): string {
  const folder = temporaryDirectory();
  const file = join(folder.path, 'zfs');
  writeFileSync(file, `#!/bin/sh\nFOLDER='${folder.path}'\n${script}\n`);
  chmodSync(file, 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${folder.path}:${before}`;
  t.after(() => {
    process.env['PATH'] = before;
    folder[Symbol.dispose]();
  });
  return folder.path;
}
