// One end of a replication: the zfs(8) of this machine, or that of another through a connection.

import { type Duration, duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ProcessResult } from '../../process/run-process.ts';
import { QUESTION, tryZfs, type ZfsCommand, zfsFailure } from './ask.ts';

type Argv = readonly [string, ...string[]];

export interface ZfsEnd {
  /** Null: this machine. */
  readonly host: string | null;
  argv(command: Argv): Argv;
}

export const HERE: ZfsEnd = { host: null, argv: (command) => command };

/** As `askZfs`; also `failed` when the connection broke, `tool-missing` when there is no zfs(8) there. */
export async function askAt(
  end: ZfsEnd,
  command: ZfsCommand,
  signal: AbortSignal,
  timeout: Duration = QUESTION,
): Promise<string> {
  const result = await tryZfs({ ...command, argv: end.argv(command.argv) }, signal, timeout);
  if (result.exitCode !== 0) throw failureAt(end, command, result);
  return result.stdout;
}

/** Of a pool with many snapshots. */
export const LISTING = duration(10, 'm');

export function failureAt({ host }: ZfsEnd, command: ZfsCommand, result: ProcessResult): HoldfastError {
  const { operation, subject, argv } = command;
  const tool = { name: argv[0], exitCode: result.exitCode, stderrTail: result.stderrTail };
  if (host !== null && (result.exitCode === 255 || result.endedBy !== null)) {
    return new HoldfastError({
      code: 'failed',
      operation,
      subject,
      message: `the connection to ${host} broke${said(result)}`,
      hint: 'What arrived there is kept: the next run goes on from it.',
      retry: 'later',
      tool: { ...tool, name: 'ssh' },
    });
  }
  if (host !== null && result.exitCode === 127) {
    return new HoldfastError({
      code: 'tool-missing',
      operation,
      subject,
      message: `there is no ${argv[0]} on ${host}${said(result)}`,
      hint: `Install OpenZFS there: ssh ${host} zfs version`,
      tool,
    });
  }
  const failure = zfsFailure(command, result);
  if (failure.code !== 'permission-denied') return failure;
  return new HoldfastError({
    ...partsOf(failure),
    hint: `It needs more rights ${host === null ? 'on this machine' : `on ${host}`}: holdfast doctor says which, and how they are given`,
  });
}

const said = ({ stderrTail }: ProcessResult): string => {
  const last = stderrTail.at(-1);
  return last === undefined ? '' : `: ${last}`;
};

const partsOf = ({ code, operation, subject, message, retry, tool }: HoldfastError) => ({
  code,
  operation,
  subject,
  message,
  retry,
  tool,
});
