// getent group: the number of a group, wherever this machine keeps its groups.

import { duration } from '../../domain/duration.ts';
import { runProcess } from '../../process/run-process.ts';

export const groupArgs = (name: string): [string, ...string[]] => ['getent', 'group', '--', name];

/** `holdfast:x:985:alice,bob`; null when that is no such line. */
export function parseGroup(stdout: string): number | null {
  const gid = /^[^:\n]*:[^:\n]*:(\d+):/.exec(stdout)?.[1];
  return gid === undefined ? null : Number(gid);
}

/** Null when there is no such group, or nobody says so. */
export async function groupNumber(name: string, signal: AbortSignal): Promise<number | null> {
  const command = { argv: groupArgs(name), operation: 'look up', subject: `the group ${name}` };
  const { exitCode, stdout } = await runProcess(command, { signal, timeout: duration(10, 's') });
  return exitCode === 0 ? parseGroup(stdout) : null;
}
