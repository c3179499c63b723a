// A backup of barman-cloud put into a directory, and what its server needs to replay the log: barman writes nothing of that. Told in the
// server's settings as pgBackRest tells it, so that it is taken away again in the same way.

import { join } from 'node:path';
import { targetOf } from '../../../domain/recovery-target.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { barmanBackups } from '../../../tools/barman-cloud/backup-list.ts';
import type { BarmanCloud } from '../../../tools/barman-cloud/invoke.ts';
import { barmanRestore } from '../../../tools/barman-cloud/restore.ts';
import { restoreCommand } from '../../../tools/barman-cloud/wal.ts';
import { filesOf } from '../../../tools/util-linux/owned-files.ts';
import type { EngineOptions, EngineRestore } from '../engine.ts';
import { settingsFromBackup } from '../recovery-settings.ts';

export async function restoreHere(
  access: BarmanCloud,
  { set, directory, tablespaces, target, timeline }: EngineRestore,
  options: EngineOptions,
): Promise<void> {
  const { signal } = options;
  const { backups } = await barmanBackups(access, { signal });
  const whole = backups.find(({ id }) => id === set)?.whole ?? null;
  if (whole === null) throw gone(access.subject, set);
  await barmanRestore(access, { id: set, directory, tablespaces: { below: tablespaces, all: whole.tablespaces } }, options);
  const files = filesOf(access.user, signal);
  const settings = join(directory, 'postgresql.auto.conf');
  const told = [
    ...(target === null
      ? []
      : [
          ['recovery_target_time', targetOf(target)],
          ['recovery_target_action', 'promote'],
        ]),
    ['recovery_target_timeline', String(timeline)],
    ['restore_command', restoreCommand(access.place)],
    ['archive_mode', 'off'],
  ] as [string, string][];
  await files.write(settings, settingsFromBackup(await files.read(settings), told));
  await files.write(join(directory, 'recovery.signal'), '');
}

const gone = (subject: string, set: string): HoldfastError =>
  new HoldfastError({
    code: 'snapshot-missing',
    operation: 'restore',
    subject,
    message: `the backup ${set} is not there any more`,
    hint: 'Its retention may have let it go meanwhile: try again.',
    retry: 'now',
  });
