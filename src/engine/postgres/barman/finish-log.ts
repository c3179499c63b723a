// Has a server finish a file of its log, and waits until it has archived that. The server itself is asked: that the file is in the bucket
// is for a look at the place to say.

import { duration } from '../../../domain/duration.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { askLiveServer, liveServer } from '../../../tools/postgresql/live-server.ts';
import type { EngineService } from '../access.ts';

const LIMIT = duration(2, 'm');
/**
 * A file of which nothing was written is not finished. The server tells nobody that it has archived: it is asked by itself. It also ends
 * by itself, for it does not notice that nobody waits any more.
 */
const FINISH = `SET statement_timeout = '110s';
SELECT pg_create_restore_point('holdfast') \\gset
SELECT pg_walfile_name(pg_switch_wal()) AS file \\gset
SET holdfast.file = :'file';
DO $$ BEGIN
  WHILE coalesce((SELECT last_archived_wal < current_setting('holdfast.file') FROM pg_stat_archiver), true) LOOP
    PERFORM pg_sleep(0.2);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END $$;
SELECT :'file';
`;

const TIMEOUT = /statement timeout/;

/** Answers with the name of the file. Throws `failed` where it does not come so far. */
export async function finishLog(server: EngineService, signal: AbortSignal): Promise<string> {
  const live = await liveServer(server.postgres, server.service.name, signal);
  try {
    const [file = ''] = await askLiveServer(live, FINISH, { signal, timeout: LIMIT });
    return file;
  } catch (error) {
    if (!(error instanceof HoldfastError) || !(error.code === 'timed-out' || TIMEOUT.test(error.message))) throw error;
    throw new HoldfastError({
      code: 'failed',
      operation: 'have a file of the log archived of',
      subject: server.service.name,
      message: 'the server has not archived it within two minutes',
      hint: 'Without its log no backup can be restored. See the log of the server for what its archive_command said.',
      retry: 'later',
      cause: error,
    });
  }
}
