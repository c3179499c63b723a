// The archives of a server's repositories, each looked at by itself and for so long: one that does not answer, be it that its file
// server is dead, keeps nobody from the others, and is told as that.

import type { PostgresConfig } from '../../config/configuration.ts';
import { describeDuration, type Duration, duration } from '../../domain/duration.ts';
import { untilAborted } from '../../lib/abort.ts';
import { keyOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { Journal } from '../../journal/journal.ts';
import { pgBackRestInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { EVERYTHING } from '../status/believed-copy.ts';
import type { PgBackRestService } from './access.ts';
import { type ArchiveLook, lookAtArchive, type Told } from './archive-look.ts';
import { requireMounted } from './mounted.ts';
import { clusterIn } from './open-archive.ts';
import { placeOfRepository, repositoriesOf } from './repositories.ts';

export interface LookedAt {
  readonly key: number;
  readonly look: ArchiveLook;
  /** Of the cluster in it; null where there is none. */
  readonly systemId: string | null;
}

export interface NotLookedAt {
  readonly key: number;
  /** Why, in a sentence. */
  readonly reason: string;
}

/** A listing of a million files takes seconds where it is near. */
export const PATIENCE = duration(5, 'm');

/** In the order of `keys`. Throws the signal's reason only. */
export async function lookAtEach(
  server: PgBackRestService,
  access: PgBackRest,
  keys: readonly number[],
  told: Told,
  patience: Duration,
  signal: AbortSignal,
): Promise<(LookedAt | NotLookedAt)[]> {
  return await Promise.all(
    keys.map(async (key): Promise<LookedAt | NotLookedAt> => {
      try {
        const looking = (limited: AbortSignal): Promise<LookedAt> => lookAtOne(server, access, key, told, limited);
        return await within(patience, access, signal, looking);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof HoldfastError)) throw error;
        return { key, reason: error.message };
      }
    }),
  );
}

async function lookAtOne(
  { service, postgres }: PgBackRestService,
  access: PgBackRest,
  key: number,
  told: Told,
  signal: AbortSignal,
): Promise<LookedAt> {
  const declared = postgres.repositories.find((each) => each.key === key);
  if (declared) await requireMounted(service.name, declared);
  const info = await pgBackRestInfo(access, { signal, repository: key });
  const { state = 'no-stanza', message = 'no stanza' } = info.repositories.find((each) => each.key === key) ?? {};
  if (state === 'other') throw unknown(access, `it does not answer: ${message}`);
  if (state === 'no-stanza') throw unknown(access, message);
  const look = await lookAtArchive(access, info, key, told, signal);
  return { key, look, systemId: clusterIn(info, key)?.systemId ?? null };
}

/** Those that are declared, those that pgBackRest names, or where it does not answer those that are on record. */
export async function knownRepositories(
  { service, postgres }: PgBackRestService,
  access: PgBackRest,
  journal: Pick<Journal, 'evidence'>,
  patience: Duration,
  signal: AbortSignal,
): Promise<number[]> {
  try {
    return await within(patience, access, signal, (limited) => repositoriesOf(postgres, access, limited));
  } catch (error) {
    signal.throwIfAborted();
    const recorded = onRecord(service.name, postgres, journal);
    if (recorded.length > 0 && error instanceof HoldfastError) return recorded;
    throw error;
  }
}

function onRecord(service: string, postgres: PostgresConfig, journal: Pick<Journal, 'evidence'>): number[] {
  const keys = journal.evidence({ service, kind: 'backup', limit: EVERYTHING }).flatMap(({ repository, detail }) => {
    const key = keyOfRepository(repository);
    return key !== null && detail['place'] === placeOfRepository(postgres, key) ? [key] : [];
  });
  return [...new Set(keys)].toSorted((a, b) => a - b);
}

/** What hangs in the kernel is left behind. */
async function within<Answer>(
  patience: Duration,
  access: PgBackRest,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  using limit = limitTime(patience, () => unknown(access, `it does not answer within ${describeDuration(patience)}`));
  const either = AbortSignal.any([signal, limit.signal]);
  return await untilAborted(ask(either), either);
}

const unknown = ({ subject }: PgBackRest, message: string): HoldfastError =>
  new HoldfastError({
    code: 'repository-unreachable',
    operation: 'look at the archive of',
    subject,
    message,
    retry: 'later',
  });
