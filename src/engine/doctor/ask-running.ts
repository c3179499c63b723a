// What a server says of itself; where it does not answer because its data is not there, that is what is wrong.

import { HoldfastError } from '../../lib/errors.ts';
import type { ServerState } from '../../tools/postgresql/settings.ts';
import type { EngineService } from '../postgres/access.ts';
import { dataDirectory } from '../postgres/data-directory.ts';
import { askServer } from '../postgres/server.ts';

/** Throws `source-missing` there, and else as `askServer`. */
export async function askRunning(server: EngineService, signal: AbortSignal): Promise<ServerState> {
  try {
    return await askServer(server, signal);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const { service, postgres } = server;
    const { state } = await dataDirectory(postgres.dataDir, signal);
    if (state !== 'empty' && state !== 'absent') throw error;
    throw new HoldfastError({
      code: 'source-missing',
      operation: 'ask',
      subject: service.name,
      message: `its data directory ${postgres.dataDir} ${state === 'empty' ? 'is empty' : 'is not there'}: no server can run`,
      hint: `holdfast recover ${service.name} looks whether it is only not mounted, and else brings it back (--dry-run: from where)`,
      cause: error,
    });
  }
}
