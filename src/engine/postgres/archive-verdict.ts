// What is wrong with the archiving of a server, from a look at one repository and at the server. Pure, in sentences.

import type { ServiceConfig } from '../../config/configuration.ts';
import { describeDuration, type Duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
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
  const newest = look.reaches.at(-1)?.reach;
  const troubles: string[] = [];
  if (restorableUntil === null) troubles.push('no backup in it can be restored');
  if (newest && newest.missingCount > 0)
    troubles.push(
      `${newest.missingCount === 1 ? '1 file of the log is' : `${newest.missingCount} files of the log are`} missing, first ${newest.missing[0] ?? ''}: ` +
        'what came after it cannot be reached before the next backup',
    );
  const failed = state?.failed ?? null;
  if (failed && (!state?.archived || failed.at > state.archived.at))
    troubles.push(`the server cannot archive ${failed.file} (tried ${failed.count} times)`);
  if (within !== null && restorableUntil !== null && elapsed(restorableUntil, now) > within)
    troubles.push(
      `the newest moment is ${describeDuration(elapsed(restorableUntil, now))} old, owed within ${describeDuration(within)}`,
    );
  return troubles;
}
