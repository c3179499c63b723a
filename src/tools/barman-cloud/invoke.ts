// One call of a program of barman-cloud: as the user of the server, for one place, with its answer on standard output. It never
// decides what is backed up or let go.

import { duration, type Duration } from '../../domain/duration.ts';
import { type IdleLimit, runProcess } from '../../process/run-process.ts';
import { withoutLibpq } from '../postgresql/environment.ts';
import { argvAs } from '../util-linux/as-user.ts';
import type { Owner } from '../util-linux/stat.ts';
import { classifyFailure } from './classify.ts';
import { connectionArgs, objectEnvironment, type ObjectPlace, placeArgs } from './place.ts';

export interface BarmanCloud {
  readonly place: ObjectPlace;
  /** Who runs the server. */
  readonly user: Owner;
  /** What errors call the server: the service's name. */
  readonly subject: string;
}

export type BarmanProgram = 'backup' | 'backup-list' | 'backup-delete' | 'restore' | 'check-wal-archive' | 'wal-restore';

export interface Invocation {
  readonly program: BarmanProgram;
  readonly options?: readonly string[];
  /** After the place. */
  readonly operands?: readonly string[];
  /** For errors: 'back up', 'restore'. */
  readonly operation: string;
}

export interface BarmanOptions {
  readonly signal: AbortSignal;
  readonly timeout?: Duration | undefined;
  readonly idle?: IdleLimit;
}

export type Argv = readonly [string, ...string[]];

export const programOf = (program: BarmanProgram | 'wal-archive'): string => `barman-cloud-${program}`;

export const barmanArgv = ({ place, user }: BarmanCloud, invocation: Invocation): Argv => {
  const { program, options = [], operands = [] } = invocation;
  return argvAs(user, programOf(program), ...connectionArgs(place), ...options, ...placeArgs(place), ...operands);
};

export const barmanEnvironment = ({ place }: BarmanCloud): Record<string, string | undefined> => ({
  ...withoutLibpq(),
  ...objectEnvironment(place),
  LC_ALL: 'C.UTF-8', // with C its Python cannot write names that are not ASCII
});

/** Uploads are split among processes of its own, which end with it. */
const GRACE = duration(20, 's');

/** Standard output. Throws the classified error unless it ends with 0, or with what `accepted` says. */
export async function invokeBarman(
  access: BarmanCloud,
  invocation: Invocation,
  options: BarmanOptions,
  accepted: readonly number[] = [0],
): Promise<{ readonly stdout: string; readonly exitCode: number; readonly said: readonly string[] }> {
  const { operation, program } = invocation;
  const { subject } = access;
  const { exitCode, endedBy, stdout, stderrTail } = await runProcess(
    { argv: barmanArgv(access, invocation), operation, subject, env: barmanEnvironment(access), cwd: '/' },
    { ...options, grace: GRACE, verbatim: true },
  );
  if (exitCode !== null && accepted.includes(exitCode)) return { stdout, exitCode, said: stderrTail };
  throw classifyFailure({ program: programOf(program), operation, subject, exitCode, endedBy, stderrTail });
}
