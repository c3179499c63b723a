// Asking the server of a service what it is.

import { liveServer } from '../../tools/postgresql/live-server.ts';
import { type ServerState, serverState } from '../../tools/postgresql/settings.ts';
import type { EngineService } from './access.ts';

export const askServer = async ({ service, postgres }: EngineService, signal: AbortSignal): Promise<ServerState> =>
  await serverState(await liveServer(postgres, service.name, signal), signal);
