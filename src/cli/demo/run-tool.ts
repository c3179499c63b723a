// A program of the demo's own that must succeed.

import { HoldfastError } from '../../lib/errors.ts';
import { type Command, runProcess } from '../../process/run-process.ts';
import { duration } from '../../domain/duration.ts';

const LIMIT = duration(2, 'm');

/** Its standard output. Throws `tool-failed` unless it ends with exit code 0. */
export async function runTool(command: Command, signal: AbortSignal): Promise<string> {
  const { exitCode, endedBy, stdout, stderrTail } = await runProcess(command, { signal, timeout: LIMIT });
  if (exitCode === 0) return stdout;
  const [name] = command.argv;
  throw new HoldfastError({
    code: 'tool-failed',
    operation: command.operation,
    subject: command.subject,
    message: `${name} ${endedBy === null ? `exited with ${exitCode}` : `was ended by ${endedBy}`}`,
    tool: { name, exitCode, stderrTail },
  });
}
