// `pgbackrest expire`: removes what the retention of a repository lets go of. Never by itself after a backup: first somebody has to
// have seen that the new one is good.

import { duration } from '../../domain/duration.ts';
import { invokePgBackRest, type Invocation, type PgBackRest, type PgBackRestOptions } from './invoke.ts';

export const expireInvocation = (repository: number, mark: string): Invocation => ({
  args: ['expire', `--exec-id=${mark}`],
  operation: 'expire old backups of',
  repository,
});

const LIMIT = duration(2, 'h');

export async function pgBackRestExpire(
  access: PgBackRest,
  repository: number,
  mark: string,
  options: PgBackRestOptions,
): Promise<void> {
  await invokePgBackRest(access, expireInvocation(repository, mark), { timeout: LIMIT, ...options });
}
