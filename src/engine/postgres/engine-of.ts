// The engine of a service.

import { HoldfastError } from '../../lib/errors.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import { barmanVersion } from '../../tools/barman-cloud/version.ts';
import { type EngineService, pgBackRestOf, PROGRAM } from './access.ts';
import { barmanOf } from './barman/access.ts';
import { barmanEngine } from './barman/engine.ts';
import type { Engine } from './engine.ts';
import { pgBackRestEngine } from './pgbackrest-engine.ts';

/** Throws where its tool is missing or too old, `config` and `permission-denied` of its user, `bug` where it has none. */
export async function engineOf(server: EngineService, operation: string, signal: AbortSignal): Promise<Engine> {
  const { service, postgres } = server;
  switch (postgres.engine) {
    case 'pgbackrest':
      await pgBackRestVersion(PROGRAM, signal);
      return pgBackRestEngine(await pgBackRestOf(server, signal), postgres);
    case 'barman-cloud':
      await barmanVersion(signal);
      return barmanEngine(await barmanOf(server, signal), server);
    case 'dump':
      throw new HoldfastError({
        code: 'bug',
        operation,
        subject: service.name,
        message: 'a server that is dumped has no engine: its dumps are files of the service',
      });
    default:
      return postgres.engine satisfies never;
  }
}
