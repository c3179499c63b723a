// A restore in place keeps what was there. Where that was an empty directory, keeping it is clutter, in a mount point even
// clutter that is backed up.

import { rmdir } from 'node:fs/promises';
import type { StepResult } from '../../domain/plan.ts';
import { errnoOf } from '../../lib/errors.ts';
import { type Json, type JsonObject, textAt } from '../../lib/json.ts';

/** Removes the kept directories that are empty, and nothing else. */
export async function withoutEmptyRemains(done: StepResult): Promise<StepResult> {
  const kept = done.result?.['kept'];
  if (typeof kept === 'string') return (await removed(kept)) ? { ...done, result: { ...done.result, kept: '' } } : done;
  if (!done.result || !Array.isArray(kept)) return done;
  const left: Json[] = [];
  for (const each of kept as readonly JsonObject[]) {
    // oxlint-disable-next-line no-await-in-loop -- a handful; as the restore wrote them
    if (!(await removed(textAt(each, 'keptAt')))) left.push(each);
  }
  return { ...done, result: { ...done.result, kept: left } };
}

async function removed(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false; // it is not empty, or no directory: it stays
  }
}
