// What somebody who says that a server is new says to its repositories: that they are the right ones, and hold nothing of it yet.

import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { pgBackRestInfo } from '../../tools/pgbackrest/info.ts';
import { type EngineService, pgBackRestOf } from './access.ts';
import { dataDirectory } from './data-directory.ts';
import { untoldOf } from './held-backups.ts';
import { requireMounted } from './mounted.ts';
import { markNew } from './new-mark.ts';
import { requireNew } from './new-stanza.ts';

/**
 * Marks those without the stanza, and answers with their directories: none where there is data, or where it is not ours to say. Throws
 * `not-mounted`, and `refused` where backups were there before, or may be in a copy.
 */
export async function sayNew(
  server: EngineService,
  journal: Pick<Journal, 'evidence'>,
  signal: AbortSignal,
): Promise<string[]> {
  const { service, postgres } = server;
  if (postgres.engine !== 'pgbackrest' || postgres.repositories.length === 0) return [];
  const { state } = await dataDirectory(postgres.dataDir, signal);
  if (state !== 'absent' && state !== 'empty') return [];
  const untold = await untoldOf(service.name, postgres);
  if (untold !== null)
    throw refusal(service.name, untold.reason, `Then again: holdfast recover ${service.name} --allow-empty-once`);
  const access = await pgBackRestOf(server, signal);
  const bare = [];
  for (const repository of postgres.repositories) {
    /* oxlint-disable no-await-in-loop -- a few */
    await requireMounted(service.name, repository);
    const { repositories } = await pgBackRestInfo(access, { signal, repository: repository.key });
    if ((repositories.find(({ key }) => key === repository.key)?.state ?? 'no-stanza') === 'no-stanza')
      bare.push(repository);
    /* oxlint-enable no-await-in-loop */
  }
  const [first] = bare;
  if (first === undefined) return [];
  const keys = bare.map(({ key }) => key);
  await requireNew(server, keys, journal);
  if (service.backup?.serverCopy)
    throw refusal(
      service.name,
      `${nameOfRepository(first.key)} does not have the stanza ${postgres.stanza}, and ${service.backup.repositories.join(', ')} may hold a copy of it`,
      `That comes first: holdfast recover ${service.name}. If it is new all the same, make its first cluster yourself (pg_createcluster, initdb): it starts then.`,
    );
  for (const each of bare) await markNew(each, postgres.stanza, access.user, signal); // oxlint-disable-line no-await-in-loop
  return bare.map(({ path }) => path);
}

const refusal = (subject: string, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code: 'refused', operation: 'allow an empty start of', subject, message, hint });
