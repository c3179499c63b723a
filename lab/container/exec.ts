// Running a command inside a container, which has no server for it: enters its namespaces.

import { duration } from '../../src/domain/duration.ts';
import { run } from '../command.ts';
import type { ExecOptions, Executed } from '../host.ts';
import { asLogin } from '../login.ts';

/** `leader` is any process of the container. */
export const enterCommand = (
  leader: number,
  argv: readonly string[],
  env?: Readonly<Record<string, string>>,
): [string, ...string[]] => ['nsenter', `--target=${leader}`, '--all', '--', ...asLogin(argv, env)];

export async function execInContainer(
  leader: number,
  name: string,
  argv: readonly string[],
  { env, stdin, timeout = duration(5, 'm'), signal }: ExecOptions,
): Promise<Executed> {
  const { exitCode, endedBy, stdout, stderrTail } = await run(
    {
      argv: enterCommand(leader, argv, env),
      operation: argv.join(' '),
      subject: `on ${name}`,
      ...(stdin === undefined ? {} : { stdin }),
    },
    { anyExit: true, timeout, grace: duration(1, 's'), ...(signal ? { signal } : {}) },
  );
  const killed = endedBy === null ? [] : [`ended by ${endedBy}`];
  return { exitCode: exitCode ?? 255, stdout, stderr: [...stderrTail, ...killed].join('\n') };
}
