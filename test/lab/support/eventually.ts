// Waiting for what no event tells of: that a process of somebody else has ended.

import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE = 120_000; // milliseconds: a machine on which much else is tested is slow
const PAUSE = 20; // milliseconds

/** Resolves when it holds; rejects with the condition's text when it does not for two minutes. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it never came about: ${String(condition)}`);
    await delay(PAUSE);
  }
}
