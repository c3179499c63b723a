// Commands that the lab runs on the machine it is on, each to its end.

import { duration, type Duration } from '../src/domain/duration.ts';
import { HoldfastError } from '../src/lib/errors.ts';
import { type Command, type ProcessOptions, type ProcessResult, runProcess } from '../src/process/run-process.ts';

const NEVER = new AbortController().signal;

export interface LabOptions extends Partial<ProcessOptions> {
  readonly anyExit?: boolean;
}

/** Throws `tool-failed`, with the last words, unless it exits with 0 (or any code is welcome). Limited to ten minutes. */
export async function run(command: Command, options: LabOptions = {}): Promise<ProcessResult> {
  const { anyExit, ...rest } = options;
  const result = await runProcess(withSystemPath(command), { signal: NEVER, timeout: duration(10, 'm'), ...rest });
  if (anyExit || result.exitCode === 0) return result;
  throw commandFailed(command, result);
}

const commandFailed = (command: Command, { exitCode, endedBy, stderrTail }: ProcessResult): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation: command.operation,
    subject: command.subject,
    message: `${command.argv.join(' ')} ended with ${exitCode ?? endedBy}${stderrTail.length > 0 ? `: ${stderrTail.join('\n')}` : ''}`,
    tool: { name: command.argv[0], exitCode, stderrTail },
  });

/** Not everybody has the administrator's programs on PATH. */
export const systemPath = (path = process.env['PATH'] ?? ''): string => `${path}:/usr/sbin:/sbin`;

const withSystemPath = (command: Command): Command => ({
  ...command,
  env: { ...command.env, PATH: systemPath(command.env?.['PATH']) },
});

/** Of a host that is started, and then of what is done in it. */
export const BOOT_LIMIT: Duration = duration(10, 'm');
