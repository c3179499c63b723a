// The archives of a server's repositories, each looked at by itself and for so long: one that does not answer, be it that its file
// server is dead, keeps nobody from the others, and is told as that.

import type { PostgresConfig } from '../../config/configuration.ts';
import { describeDuration, type Duration, duration } from '../../domain/duration.ts';
import { untilAborted } from '../../lib/abort.ts';
import { keyOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { Journal } from '../../journal/journal.ts';
import { EVERYTHING } from '../status/believed-copy.ts';
import type { EngineService } from './access.ts';
import type { Told } from './archive-look.ts';
import type { Engine, EngineLook } from './engine.ts';
import { placeOfRepository } from './repositories.ts';

export interface LookedAt extends EngineLook {
  readonly key: number;
}

export interface NotLookedAt {
  readonly key: number;
  /** Why, in a sentence. */
  readonly reason: string;
  /** It did answer, and does not have the stanza; so does a directory where nothing is mounted. */
  readonly answered: boolean;
}

/** A listing of a million files takes seconds where it is near. */
export const PATIENCE = duration(5, 'm');

/** In the order of `keys`. Throws the signal's reason only. */
export async function lookAtEach(
  engine: Engine,
  keys: readonly number[],
  told: Told,
  patience: Duration,
  signal: AbortSignal,
): Promise<(LookedAt | NotLookedAt)[]> {
  return await Promise.all(
    keys.map(async (key): Promise<LookedAt | NotLookedAt> => {
      try {
        const seen = await within(patience, engine, signal, (limited) => engine.look(key, told, limited));
        return { key, ...seen };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof HoldfastError)) throw error;
        return { key, reason: error.message, answered: error.code === 'repository-missing' };
      }
    }),
  );
}

/** Those that are declared, those that pgBackRest names, or where it does not answer those that are on record. */
export async function knownRepositories(
  { service, postgres }: EngineService,
  engine: Engine,
  journal: Pick<Journal, 'evidence'>,
  patience: Duration,
  signal: AbortSignal,
): Promise<number[]> {
  try {
    return await within(patience, engine, signal, (limited) => engine.repositories(limited));
  } catch (error) {
    signal.throwIfAborted();
    const recorded = onRecord(service.name, postgres, journal);
    if (recorded.length > 0 && error instanceof HoldfastError) return recorded;
    throw error;
  }
}

/** Those that a backup went to, where they are now. */
export function onRecord(service: string, postgres: PostgresConfig, journal: Pick<Journal, 'evidence'>): number[] {
  const keys = journal.evidence({ service, kind: 'backup', limit: EVERYTHING }).flatMap(({ repository, detail }) => {
    const key = keyOfRepository(repository);
    return key !== null && detail['place'] === placeOfRepository(postgres, key) ? [key] : [];
  });
  return [...new Set(keys)].toSorted((a, b) => a - b);
}

/** What hangs in the kernel is left behind. */
async function within<Answer>(
  patience: Duration,
  engine: Engine,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  using limit = limitTime(patience, () =>
    unanswered(engine.subject, `it does not answer within ${describeDuration(patience)}`),
  );
  const either = AbortSignal.any([signal, limit.signal]);
  return await untilAborted(ask(either), either);
}

export const unanswered = (subject: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'repository-unreachable',
    operation: 'look at the archive of',
    subject,
    message,
    retry: 'later',
  });

/** What `lookAtEach` takes for an answer. */
export const withoutStanza = (subject: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'repository-missing',
    operation: 'look at the archive of',
    subject,
    message,
    retry: 'later',
  });
