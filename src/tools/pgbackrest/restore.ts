// `pgbackrest restore`: a base backup put into a directory, with what the server needs to replay the log from the archive. What is
// restored does not archive: that is for whoever puts it into service to switch on again.

import type { Instant } from '../../domain/instant.ts';
import { targetOf } from '../../domain/recovery-target.ts';
import type { TargetTimeline } from '../../domain/timeline.ts';
import { quote } from '../../lib/shell-word.ts';
import { restoreCommandOf } from '../postgresql/restore-command.ts';
import { invokePgBackRest, type Invocation, type PgBackRest, type PgBackRestOptions } from './invoke.ts';

export interface RestoreRequest {
  /** The label of the backup, and the number of the repository that holds it. */
  readonly set: string;
  readonly repository: number;
  /** The data directory: absolute, empty or, with `delta`, what is to be made the same. */
  readonly directory: string;
  /** The moment; null: everything that the archive holds. */
  readonly target: Instant | null;
  readonly timeline: TargetTimeline;
  readonly delta: boolean;
  /** Null: as its configuration says. */
  readonly processes: number | null;
  /** All tablespaces come below this directory; null: where they were. */
  readonly tablespaces: string | null;
}

export function restoreInvocation(request: RestoreRequest): Invocation {
  const { set, repository, directory, target, timeline, delta, processes, tablespaces } = request;
  return {
    args: [
      'restore',
      `--pg1-path=${directory}`,
      `--set=${set}`,
      '--archive-mode=off',
      ...(target === null ? ['--type=default'] : ['--type=time', `--target=${targetOf(target)}`, '--target-action=promote']),
      `--target-timeline=${timeline}`,
      ...(delta ? ['--delta'] : []),
      ...(processes === null ? [] : [`--process-max=${processes}`]),
      ...(tablespaces === null ? [] : [`--tablespace-map-all=${tablespaces}`]),
    ],
    operation: 'restore',
    repository,
  };
}

/**
 * The value of restore_command for a server on that directory. It asks this one repository: what another one has proves nothing about
 * it. It never prefetches: that would be put where the server of production looks for its own.
 */
export function restoreCommandFor(access: Omit<PgBackRest, 'user'>, repository: number, directory: string): string {
  const words = [
    access.program,
    ...(access.configFile === null ? [] : [`--config=${access.configFile}`]),
    `--stanza=${access.stanza}`,
    `--repo=${repository}`,
    `--pg1-path=${directory}`,
    '--no-archive-async',
    '--log-level-console=off',
    '--log-level-stderr=warn',
    'archive-get',
  ];
  return restoreCommandOf(words.map(quote).join(' '));
}

export async function pgBackRestRestore(
  access: PgBackRest,
  request: RestoreRequest,
  options: PgBackRestOptions,
): Promise<void> {
  await invokePgBackRest(access, restoreInvocation(request), options);
}
