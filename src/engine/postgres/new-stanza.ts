// May a stanza be made where a repository has none? Not where one was: it is lost then, or lies where nothing is mounted.

import type { PostgresRepositoryConfig } from '../../config/configuration.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { Mount } from '../../domain/mount.ts';
import type { Journal } from '../../journal/journal.ts';
import { keyOfRepository, nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { isWithin } from '../../lib/path.ts';
import { declaredMounts, mountUnits } from '../../repositories/declared-mounts.ts';
import { mounts } from '../../repositories/mounts.ts';
import { EVERYTHING } from '../status/believed-copy.ts';
import type { EngineService } from './access.ts';
import { placeOfRepository } from './repositories.ts';

/** `keys`: repositories without the stanza; null: nobody has it. Throws `not-mounted`, and `refused` where backups were there before. */
export async function requireNew(
  { service, postgres }: EngineService,
  keys: readonly number[] | null,
  journal: Pick<Journal, 'evidence'>,
): Promise<void> {
  for (const repository of postgres.repositories)
    if (keys === null || keys.includes(repository.key)) await requireDeclaredMounts(service.name, repository);
  const known = journal.evidence({ service: service.name, kind: 'backup', limit: EVERYTHING });
  const lost = known.find(({ repository, detail }) => {
    const key = keyOfRepository(repository);
    if (key === null || (keys !== null && !keys.includes(key))) return false;
    return detail['place'] === placeOfRepository(postgres, key);
  });
  if (lost)
    throw new HoldfastError({
      code: 'refused',
      operation: 'make a stanza in',
      subject: `${service.name}@${lost.repository}`,
      message: `the backup ${lost.snapshotId} of ${formatInstant(lost.at)} went there, and now it does not even have the stanza ${postgres.stanza}`,
      hint:
        'Is its filesystem mounted (findmnt)? Has somebody emptied it? A new stanza would hide that. If it is to begin anew, say so by hand, as ' +
        `${postgres.user}: pgbackrest${postgres.configFile === null ? '' : ` --config=${postgres.configFile}`} --stanza=${postgres.stanza} stanza-create`,
    });
}

/** Also without `mounted`: below what the administrator mounts there is nothing to write to as long as it is not mounted. */
export async function requireDeclaredMounts(service: string, { key, path }: PostgresRepositoryConfig): Promise<void> {
  const declared = [...(await declaredMounts()), ...(await mountUnits())];
  const missing = missingAbove(path, declared, await mounts());
  if (missing === null) return;
  throw new HoldfastError({
    code: 'not-mounted',
    operation: 'make a stanza in',
    subject: `${service}@${nameOfRepository(key)}`,
    message: `${path} lies below ${missing}, which should be mounted and is not`,
    hint: `Mount it (mount ${missing}), or see why it is not: findmnt ${missing}. Nothing was written there.`,
    retry: 'later',
  });
}

/** The first of what should be mounted that holds the path, or is it, and is not mounted. What is mounted when it is used was used by now. */
export function missingAbove(
  path: string,
  declared: readonly string[],
  current: readonly Pick<Mount, 'path' | 'type'>[],
): string | null {
  const mounted = new Set(current.filter(({ type }) => type !== 'autofs').map((each) => each.path));
  return declared.find((mount) => mount !== '/' && !mounted.has(mount) && isWithin(mount, path)) ?? null;
}
