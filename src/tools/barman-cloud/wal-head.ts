// `barman-cloud-wal-restore` of a file of the log, of which only the beginning is wanted: it comes into a directory that is gone again
// when the shell around it ends.

import { duration } from '../../domain/duration.ts';
import { runProcess } from '../../process/run-process.ts';
import { argvAs } from '../util-linux/as-user.ts';
import { classifyFailure } from './classify.ts';
import { barmanEnvironment, type BarmanCloud, type BarmanOptions, programOf } from './invoke.ts';
import { connectionArgs, placeArgs } from './place.ts';

const SCRIPT = `set -e
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 143' TERM INT
"$@" "$directory/file" >&2
head -c 64 "$directory/file" | od -An -v -tx1`;

const OPERATION = 'look at the log of';

/** The first 64 bytes. */
export async function firstBytesOfLog(access: BarmanCloud, file: string, { signal }: BarmanOptions): Promise<Buffer> {
  const { place, user, subject } = access;
  const program = programOf('wal-restore');
  const command = [program, ...connectionArgs(place), ...placeArgs(place), file];
  const { exitCode, endedBy, stdout, stderrTail } = await runProcess(
    {
      argv: argvAs(user, 'sh', '-c', SCRIPT, 'sh', ...command),
      operation: OPERATION,
      subject,
      env: { ...barmanEnvironment(access), TMPDIR: undefined },
      cwd: '/',
    },
    { signal, timeout: duration(10, 'm'), verbatim: true },
  );
  if (exitCode === 0) return Buffer.from(stdout.replaceAll(/\s/g, ''), 'hex');
  throw classifyFailure({ program, operation: OPERATION, subject, exitCode, endedBy, stderrTail });
}
