// `barman-cloud-check-wal-archive`: whether there is none of anybody's log yet, so that a new server may begin to archive there.

import { duration } from '../../domain/duration.ts';
import { classifyFailure } from './classify.ts';
import { type BarmanCloud, type BarmanOptions, invokeBarman, type Invocation, programOf } from './invoke.ts';

export const CHECK: Invocation = { program: 'check-wal-archive', operation: 'look at the archive of' };

const LIMIT = duration(10, 'm');

/** Throws where that is not known. A bucket that does not exist answers as an empty one. */
export async function archiveIsEmpty(access: BarmanCloud, options: BarmanOptions): Promise<boolean> {
  const { exitCode, said } = await invokeBarman(access, CHECK, { timeout: LIMIT, ...options }, [0, 1]);
  if (exitCode === 0) return true;
  if (said.some((line) => line.includes('WAL archive check failed'))) return false;
  throw classifyFailure({
    program: programOf(CHECK.program),
    operation: CHECK.operation,
    subject: access.subject,
    exitCode,
    stderrTail: said,
  });
}
