// `restic unlock`: removes stale locks, whose process is dead (same host) or which are older than 30 minutes. Live ones stay:
// --remove-all is never used.

import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';

const OPERATION = 'clear the stale locks of';

/** The number of locks removed; restic says nothing when it is 0, and with --json never, so it is asked without. */
export const parseUnlock = (stdout: string): number => Number(/successfully removed (\d+) locks?/.exec(stdout)?.[1] ?? 0);

/** Clears stale locks and returns how many there were. */
export async function resticUnlock(access: ResticAccess, options: ResticOptions): Promise<number> {
  const { stdout } = await invokeRestic(
    access,
    { args: ['unlock'], operation: OPERATION, json: false, brief: true },
    options,
  );
  return parseUnlock(stdout);
}
