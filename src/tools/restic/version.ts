// `restic version`: which restic this is, asked once per program and process, and with a memory not even that. Nothing else
// decides what restic can do.

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';
import { duration, type Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';
import { classifyFailure } from './classify.ts';
import { messageType, unexpectedOutput } from './json-lines.ts';
import { rememberAnswer, rememberedAnswer } from './version-memory.ts';

export interface ResticVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** '0.18.0' */
  readonly text: string;
}

export const MINIMUM_RESTIC = '0.17.0';
export const RECOMMENDED_RESTIC = '0.18.0';
/** Read from the disk of a host that is busy it takes more than ten seconds to start, and no backup should fail of that. */
const TIMEOUT = duration(45, 's');
const OPERATION = 'check the version of';
const HOW_TO_INSTALL =
  `Install restic ${RECOMMENDED_RESTIC} or newer: on Debian from a newer suite (apt install -t trixie restic, or backports), ` +
  `elsewhere the file restic_${RECOMMENDED_RESTIC}_linux_<arch>.bz2 from https://github.com/restic/restic/releases`;

const versionMessage = z.object({ version: z.string() });

/** Reads `restic --json version` (0.17 and newer) or the text line of older ones. Throws `tool-output`. */
export function parseVersion(stdout: string, subject: string): ResticVersion {
  const value = parseJson(stdout);
  const text =
    messageType(value) === 'version'
      ? (versionMessage.safeParse(value).data?.version ?? '')
      : (/^restic (\S+)/m.exec(stdout)?.[1] ?? '');
  const numbers = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (!numbers) {
    throw unexpectedOutput(
      OPERATION,
      subject,
      `it does not say which version it is: ${JSON.stringify(stdout.trim().slice(0, 120))}`,
    );
  }
  return { major: Number(numbers[1]), minor: Number(numbers[2]), patch: Number(numbers[3] ?? 0), text };
}

export const isAtLeast = (version: ResticVersion, minimum: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = minimum.split('.').map(Number);
  const difference = version.major - major || version.minor - minor || version.patch - patch;
  return difference >= 0;
};

/**
 * For paths on a device that has another number in every run, as a snapshot has: restic then keeps that number of files with hard
 * links only, and does not write all directories anew. It is a feature on trial: nothing for versions that may know it no more.
 */
export const featuresForSnapshots = (version: string): Readonly<Record<string, string>> =>
  /^v?0\.1[789]\./.test(version) ? { RESTIC_FEATURES: 'device-id-for-hardlinks=true' } : {};

/** Throws `tool-too-old` with the way to a newer one. */
export function requireVersion(version: ResticVersion, program: string, minimum = MINIMUM_RESTIC): void {
  if (isAtLeast(version, minimum)) return;
  throw new HoldfastError({
    code: 'tool-too-old',
    operation: OPERATION,
    subject: program,
    message: `it is ${version.text}, and Holdfast needs ${minimum} or newer`,
    hint: HOW_TO_INSTALL,
  });
}

const known = new Map<string, ResticVersion>();

/** The version of `program`. Throws `tool-missing`, `tool-output`, or `timed-out` after 10 s (it never opens a repository). */
export async function resticVersion(
  program: string,
  options: {
    readonly signal: AbortSignal;
    readonly timeout?: Duration;
    /** A directory of ours where the answer of an unchanged program is remembered. */
    readonly memory?: string;
  },
): Promise<ResticVersion> {
  const file = findProgram(program);
  if (!file) {
    throw new HoldfastError({
      code: 'tool-missing',
      operation: OPERATION,
      subject: program,
      message: 'restic is not installed, or not on PATH',
      hint: HOW_TO_INSTALL,
    });
  }
  const cached = known.get(file);
  if (cached) return cached;
  const remembered = options.memory === undefined ? null : rememberedAnswer(options.memory, file);
  if (remembered !== null) return keep(file, parseVersion(remembered, program));
  const result = await runProcess(
    { argv: [file, '--json', 'version'], operation: OPERATION, subject: program },
    { signal: options.signal, timeout: options.timeout ?? TIMEOUT, grace: duration(1, 's') },
  );
  if (result.exitCode !== 0) throw classifyFailure({ operation: OPERATION, subject: program, ...result });
  const version = parseVersion(result.stdout, program);
  if (options.memory !== undefined) rememberAnswer(options.memory, file, result.stdout);
  return keep(file, version);
}

function keep(file: string, version: ResticVersion): ResticVersion {
  known.set(file, version);
  return version;
}
