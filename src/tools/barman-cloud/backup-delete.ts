// `barman-cloud-backup-delete`: removes the oldest backups, and the log that only they needed. It ends with 0 also where something could
// not be removed: what is left is for a list to say. With a redundancy of 0 it removes everything, and ends with 0.

import { HoldfastError } from '../../lib/errors.ts';
import { type BarmanCloud, type BarmanOptions, invokeBarman, type Invocation } from './invoke.ts';

/** `keep`: how many of the newest stay, at least one. */
export function deleteInvocation(keep: number, dryRun: boolean): Invocation {
  if (!Number.isInteger(keep) || keep < 1)
    throw new HoldfastError({
      code: 'bug',
      operation: 'let go of backups of',
      subject: 'barman-cloud',
      message: `${keep} backups are to be kept, which would be none`,
    });
  return {
    program: 'backup-delete',
    options: [...(dryRun ? ['--dry-run'] : []), `--retention-policy=REDUNDANCY ${keep}`],
    operation: 'let go of old backups of',
  };
}

/** The ids of backups of which a dry run would remove the description, and with it the backup. */
export const parseDryRun = (stdout: string): string[] =>
  [...stdout.matchAll(/\/base\/([^/']+)\/backup\.info'/g)].flatMap(([, id]) => id ?? []);

/** Which ones would go. */
export async function wouldDelete(access: BarmanCloud, keep: number, options: BarmanOptions): Promise<string[]> {
  const { stdout } = await invokeBarman(access, deleteInvocation(keep, true), options);
  return parseDryRun(stdout);
}

export async function deleteBackups(access: BarmanCloud, keep: number, options: BarmanOptions): Promise<void> {
  await invokeBarman(access, deleteInvocation(keep, false), options);
}
