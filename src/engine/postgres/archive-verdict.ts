// What is wrong with the archiving of a server, from a look at one repository and at the server. Pure, in sentences.

import type { ServiceConfig } from '../../config/configuration.ts';
import { describeDuration, type Duration, duration } from '../../domain/duration.ts';
import { backlogOf, takenForArchived, waitOf } from '../../domain/finished-log.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { isSound } from '../../domain/postgres-backup.ts';
import type { Reach } from '../../domain/postgres-archive.ts';
import type { ServerState } from '../../tools/postgresql/settings.ts';
import type { ArchiveLook } from './archive-look.ts';

/** How old the newest moment may get; null where nothing is owed. */
export const owedWithin = ({ postgres, protection }: ServiceConfig): Duration | null =>
  postgres?.archiveWithin ?? protection.rpo;

/** `state`: null where the server did not answer, which is told by whoever asked. */
export function archiveTroubles(
  look: ArchiveLook,
  state: ServerState | null,
  within: Duration | null,
  now: Instant,
): string[] {
  const { restorableUntil } = look;
  const { reach: newest, backup } = look.reaches.at(-1) ?? {};
  const troubles: string[] = [];
  if (restorableUntil === null) troubles.push('no backup in it can be restored');
  else if (newest && !newest.consistent) troubles.push(`the newest backup ${backup?.label} lacks log that it needs`);
  if (backup && !isSound(backup))
    troubles.push(`the newest backup ${backup.label} holds pages whose checksums do not fit: the server is damaged`);
  if (newest && newest.missingCount > 0)
    troubles.push(
      `${newest.missingCount === 1 ? '1 file of the log is' : `${newest.missingCount} files of the log are`} missing, first ${newest.missing[0] ?? ''}: ` +
        'what came after it cannot be reached before the next backup',
    );
  if (state) troubles.push(...queueTroubles(state, newest ?? null, within, now));
  const failed = state?.failed ?? null;
  if (failed && (!state?.archived || failed.at > state.archived.at))
    troubles.push(`the server cannot archive ${failed.file} (tried ${failed.count} times)`);
  if (within !== null && restorableUntil !== null && elapsed(restorableUntil, now) > within)
    troubles.push(
      `the newest moment is ${describeDuration(elapsed(restorableUntil, now))} old, owed within ${describeDuration(within)}`,
    );
  return troubles;
}

/** What is owed by then is in danger; where nothing is owed, a server archives a file within that. */
const PATIENCE = duration(10, 'm');

/** What waits to be archived, and what the server believes to be. */
function queueTroubles(
  { finished, archived, inRecovery }: ServerState,
  newest: Reach | null,
  within: Duration | null,
  now: Instant,
): string[] {
  const backlog = backlogOf(finished);
  const waited = waitOf(backlog, now);
  const last = newest?.missingCount === 0 ? newest.last : null;
  const lost = inRecovery || last === null ? [] : takenForArchived(finished, archived, last.file);
  return [
    ...(backlog.oldest && waited !== null && waited > (within === null ? PATIENCE : within / 2)
      ? [
          `${backlog.count === 1 ? '1 file of the log waits' : `${backlog.count} files of the log wait`} to be archived, ${backlog.oldest.file} for ${describeDuration(waited)}`,
        ]
      : []),
    ...(lost.length > 0
      ? [
          `the server takes ${lost.length === 1 ? '1 file' : `${lost.length} files`} of the log for archived that are not there, first ${lost[0]}: ` +
            'was its queue too long (archive-push-queue-max), or its archive_command another one? What came after it cannot be reached before the next backup',
        ]
      : []),
  ];
}
