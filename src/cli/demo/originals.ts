// A copy of what is about to be destroyed, to compare with.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runTool } from './run-tool.ts';

/** With hard links, modes, times and whatever names: cp(1) keeps what Node.js's own copying does not. */
export async function copyTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await runTool({ argv: ['cp', '-a', '--', from, to], operation: 'copy', subject: from }, signal);
}
