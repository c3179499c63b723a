// What the repositories of servers hold, for whoever looks: the backups, and from when until when the server can be had back. The server
// itself is not asked: it may be what is lost. A repository that does not answer hides nothing of the others.

import type { ServiceConfig } from '../../config/configuration.ts';
import { formatInstant } from '../../domain/instant.ts';
import { jobName } from '../../domain/naming.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import type { ServerBackup } from '../../domain/server-backup.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { EngineService } from './access.ts';
import { engineOf } from './engine-of.ts';
import { knownRepositories, lookAtEach, PATIENCE } from './look-at-each.ts';
import { engineJobs } from './plan-backup.ts';

export interface ListedBackup {
  readonly backup: ServerBackup;
  /** Its log is there: it can be restored. */
  readonly restorable: boolean;
}

export interface ServerHolding {
  readonly service: string;
  /** Null where not even its name is known. */
  readonly repository: string | null;
  /** Oldest first. */
  readonly backups: readonly ListedBackup[];
  /** From the first moment on without a gap; null where nothing can be had back. */
  readonly window: { readonly restorableFrom: string | null; readonly restorableUntil: string | null } | null;
  /** Why nothing is known about it. */
  readonly error: HoldfastError | null;
}

/** `only`: the name of one repository. */
export async function listBackups(
  services: readonly ServiceConfig[],
  only: string | null,
  journal: Pick<Journal, 'evidence'>,
  signal: AbortSignal,
): Promise<ServerHolding[]> {
  const servers = services.flatMap((service) => engineJobs(service).slice(0, 1));
  return (await Promise.all(servers.map((server) => ofServer(server, only, journal, signal)))).flat();
}

async function ofServer(
  server: EngineService,
  only: string | null,
  journal: Pick<Journal, 'evidence'>,
  signal: AbortSignal,
): Promise<ServerHolding[]> {
  const service = server.service.name;
  const silent = (repository: string | null, error: HoldfastError): ServerHolding => ({
    service,
    repository,
    backups: [],
    window: null,
    error,
  });
  try {
    const engine = await engineOf(server, 'list the backups of', signal);
    const known = await knownRepositories(server, engine, journal, PATIENCE, signal);
    const keys = known.filter((key) => only === null || nameOfRepository(key) === only);
    const looks = await lookAtEach(engine, keys, { timeline: null, finished: [] }, PATIENCE, signal);
    return looks.map((each): ServerHolding => {
      const repository = nameOfRepository(each.key);
      if ('reason' in each) return silent(repository, unlisted(jobName(service, repository), each.reason));
      const { reaches, restorableFrom, restorableUntil } = each.look;
      return {
        service,
        repository,
        backups: reaches.map(({ backup, reach }) => ({ backup, restorable: reach.consistent })),
        window: {
          restorableFrom: restorableFrom && formatInstant(restorableFrom),
          restorableUntil: restorableUntil && formatInstant(restorableUntil),
        },
        error: null,
      };
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return [silent(null, error)];
  }
}

const unlisted = (subject: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'repository-unreachable',
    operation: 'list the backups of',
    subject,
    message,
    hint: 'Is its filesystem mounted? Nothing is known of what it holds.',
    retry: 'later',
  });
