// What the tests of the restic module share: the programs to test with, a directory of their own, and a bare call.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duration, duration } from '../../../src/domain/duration.ts';
import { findProgram } from '../../../src/process/find-program.ts';
import type { ResticAccess } from '../../../src/tools/restic/access.ts';

const LOCAL = join(import.meta.dirname, '../../../.tools/bin/restic');

/** The restic of this checkout or machine; RESTIC_PROGRAMS may name more, separated by colons. */
export function resticPrograms(): Record<string, string> {
  const usual = findProgram(LOCAL) ?? findProgram('restic');
  const programs = [
    ...(usual ? [usual] : []),
    ...(process.env['RESTIC_PROGRAMS'] ?? '').split(':').filter((each) => each !== ''),
  ];
  if (programs.length === 0) throw new Error('restic is not installed: run scripts/setup');
  return Object.fromEntries(programs.map((program) => [program, program]));
}

export const anyRestic = (): string => Object.values(resticPrograms())[0] ?? 'restic';

export interface Directory extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryDirectory(): Promise<Directory> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-restic-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}

export const PASSWORD = 'correct horse battery';

export function accessTo(
  repository: string,
  changes: { readonly env?: Record<string, string>; readonly program?: string } = {},
): ResticAccess {
  return {
    program: changes.program ?? anyRestic(),
    subject: 'nas',
    env: {
      RESTIC_REPOSITORY: repository,
      RESTIC_PASSWORD: PASSWORD,
      RESTIC_CACHE_DIR: `${repository}.cache`,
      ...changes.env,
    },
    secrets: [PASSWORD],
    limits: { upload: null, download: null },
  };
}

export const calm = (
  timeout: Duration = duration(2, 'm'),
): { readonly signal: AbortSignal; readonly timeout: Duration } => ({
  signal: new AbortController().signal,
  timeout,
});

/** A bare call, without anything of what is being tested. */
export async function runRestic(
  program: string,
  args: readonly string[],
  env: Record<string, string | undefined>,
): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  await once(child, 'close');
  return { code: child.exitCode, stdout };
}
