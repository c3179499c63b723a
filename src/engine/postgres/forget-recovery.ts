// A server that has recovered forgets what it was told for that: a later recovery, of this server or of a copy of it, would stop where
// this one did.

import { HoldfastError } from '../../lib/errors.ts';
import { askLiveServer, type LiveServer } from '../../tools/postgresql/live-server.ts';
import { leftInSettings, type RecoverySettings, statementsAfterwards } from './recovery-settings.ts';

/** Answers with what is left all the same, in sentences. Throws the signal's reason only. */
export async function forgetRecovery(
  settings: RecoverySettings,
  server: LiveServer,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    await askLiveServer(server, statementsAfterwards(settings).join(';\n'), { signal });
    return [];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return [
      `what recovery was told is still in its settings (${error.message}): ALTER SYSTEM RESET restore_command, and every recovery_target`,
    ];
  }
}

/**
 * The same where nobody has asked the server since it was put in place: it was started by its own unit, or by a person. It must not be
 * in recovery. Answers with sentences about what was found; none where there was nothing.
 */
export async function forgetWhatIsLeft(server: LiveServer, signal: AbortSignal): Promise<string[]> {
  const lines = await askLiveServer(server, "SELECT pg_read_file('postgresql.auto.conf')", { signal });
  const left = leftInSettings(lines.join('\n'));
  if (left === null) return [];
  const still = await forgetRecovery(left, server, signal);
  return still.length > 0 ? still : ['it has recovered: what it was told for that was taken out of its settings'];
}
