// A directory of its own for a test, gone when the test is over.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function temporaryDirectory(within = tmpdir()): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(within, 'holdfast-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
