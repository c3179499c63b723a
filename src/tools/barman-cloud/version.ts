// Which barman-cloud is there.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';

export const PROGRAM = 'barman-cloud-backup';
const OPERATION = 'find a suitable barman-cloud';
const MINIMUM = { major: 3, minor: 4 };
const HOW_TO_INSTALL =
  'Install it beside the server, with what it reaches S3 with: apt install barman-cli-cloud python3-boto3, or pip install barman[cloud].';

/** '3.4.0'. Throws `tool-output`, `tool-too-old`. */
export function parseVersion(stdout: string): string {
  const [, text, major, minor] = /^barman-cloud-backup ((\d+)\.(\d+)\S*)/m.exec(stdout) ?? [];
  if (text === undefined)
    throw problem('tool-output', `it does not say which version it is: ${JSON.stringify(stdout.trim().slice(0, 120))}`);
  const [first, second] = [Number(major), Number(minor)];
  if (first > MINIMUM.major || (first === MINIMUM.major && second >= MINIMUM.minor)) return text;
  throw problem('tool-too-old', `it is ${text}, and Holdfast needs ${MINIMUM.major}.${MINIMUM.minor} or newer`);
}

/** Throws `tool-missing`, `tool-too-old`, `tool-output`. */
export async function barmanVersion(signal: AbortSignal): Promise<string> {
  if (findProgram(PROGRAM) === null) throw problem('tool-missing', 'barman-cloud is not installed, or not on PATH');
  const command = { argv: [PROGRAM, '--version'] as const, operation: OPERATION, subject: PROGRAM, cwd: '/' };
  const { stdout } = await runProcess(command, { signal, timeout: duration(30, 's') });
  return parseVersion(stdout);
}

const problem = (code: 'tool-missing' | 'tool-too-old' | 'tool-output', message: string): HoldfastError =>
  new HoldfastError({ code, operation: OPERATION, subject: PROGRAM, message, hint: HOW_TO_INSTALL });
