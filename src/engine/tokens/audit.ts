// Who had something changed through the agent, and whom it refused: a line of JSON each, in a file of the state directory. Not in
// the journal: what a stranger can have written must not grow the record that status reads, nor wait for the disk as that does.
// It never holds a token, only what one is called.

import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';

export interface AuditEntry extends JsonObject {
  /** 'backup-trigger', 'token-created', 'refused', ... */
  readonly event: string;
  /** The token's id and name, or 'unix socket', or 'command line'. */
  readonly by: string;
}

export type Audit = (entry: AuditEntry) => void;

/** Bytes; then it is renamed, over the one before. */
const FULL = 8 * 1024 * 1024;
/** Refusals that are written out in one minute; of the others their number is. */
const REFUSALS = 60;

export const auditFile = (stateDir: string): string => join(stateDir, 'agent-audit.log');

/** `failed` is told what kept an entry from being written. Nothing waits for the disk. */
export function openAudit(stateDir: string, clock: Clock, failed: (error: unknown) => void): Audit {
  const file = auditFile(stateDir);
  const write = (entry: AuditEntry): void => {
    try {
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > FULL) renameSync(file, `${file}.1`);
      appendFileSync(file, `${JSON.stringify({ at: formatInstant(clock.now()), ...entry })}\n`, { mode: 0o600 });
    } catch (error) {
      failed(error);
    }
  };
  let minute = 0;
  let refusals = 0;
  return (entry) => {
    const now = Math.floor(clock.now() / duration(1, 'm'));
    if (now !== minute) {
      if (refusals > REFUSALS) write({ event: 'refused-more', by: 'anybody', count: refusals - REFUSALS });
      [minute, refusals] = [now, 0];
    }
    if (entry.event === 'refused') refusals += 1;
    if (entry.event !== 'refused' || refusals <= REFUSALS) write(entry);
  };
}
