// Which pgBackRest is there, and what it can.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';

export interface PgBackRestVersion {
  readonly major: number;
  readonly minor: number;
  /** '2.45' */
  readonly text: string;
}

const OPERATION = 'find a suitable pgbackrest';
const MINIMUM = { major: 2, minor: 45 };
const HOW_TO_INSTALL =
  'Install it beside the server: apt install pgbackrest, dnf install pgbackrest, or nixpkgs#pgbackrest.';

/** Throws `tool-output`. */
export function parseVersion(stdout: string, program: string): PgBackRestVersion {
  const [, major, minor] = /^pgBackRest (\d+)\.(\d+)/m.exec(stdout) ?? [];
  if (major !== undefined && minor !== undefined)
    return { major: Number(major), minor: Number(minor), text: `${major}.${minor}` };
  throw new HoldfastError({
    code: 'tool-output',
    operation: OPERATION,
    subject: program,
    message: `it does not say which version it is: ${JSON.stringify(stdout.trim().slice(0, 120))}`,
  });
}

const isAtLeast = (version: PgBackRestVersion, major: number, minor: number): boolean =>
  version.major > major || (version.major === major && version.minor >= minor);

/** `repo-block`: what has changed of a file, not the file. */
export const knowsBlocks = (version: PgBackRestVersion): boolean => isAtLeast(version, 2, 46);

/** Throws `tool-missing`, `tool-too-old`, `tool-output`. */
export async function pgBackRestVersion(program: string, signal: AbortSignal): Promise<PgBackRestVersion> {
  if (findProgram(program) === null)
    throw new HoldfastError({
      code: 'tool-missing',
      operation: OPERATION,
      subject: program,
      message: 'pgbackrest is not installed, or not on PATH',
      hint: HOW_TO_INSTALL,
    });
  const command = { argv: [program, 'version'] as const, operation: OPERATION, subject: program, cwd: '/' };
  const { stdout } = await runProcess(command, { signal, timeout: duration(10, 's') });
  const version = parseVersion(stdout, program);
  if (isAtLeast(version, MINIMUM.major, MINIMUM.minor)) return version;
  throw new HoldfastError({
    code: 'tool-too-old',
    operation: OPERATION,
    subject: program,
    message: `it is ${version.text}, and Holdfast needs ${MINIMUM.major}.${MINIMUM.minor} or newer`,
    hint: HOW_TO_INSTALL,
  });
}
