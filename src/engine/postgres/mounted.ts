// A repository of pgBackRest that must be on a mount of its own: to pgBackRest the empty directory below is a new repository.

import type { PostgresRepositoryConfig } from '../../config/configuration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { mountPoints } from '../../repositories/mounts.ts';

/** Throws `not-mounted`. */
export async function requireMounted(service: string, { mounted, name }: PostgresRepositoryConfig): Promise<void> {
  if (mounted === null || (await mountPoints()).has(mounted)) return;
  throw new HoldfastError({
    code: 'not-mounted',
    operation: 'use the repository',
    subject: `${service}@${name}`,
    message: `nothing is mounted at ${mounted}`,
    hint: `Mount it (mount ${mounted}), or see why it is not: findmnt ${mounted}. Nothing was written there.`,
    retry: 'later',
  });
}
