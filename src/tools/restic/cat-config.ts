// `restic cat config`: the cheapest positive proof that a repository exists, answers, and opens with this password.

import * as z from 'zod';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { fullId, parseDocument } from './json-lines.ts';

export interface RepositoryIdentity {
  /** 64 hexadecimal digits, the same for ever. */
  readonly id: string;
  /** Format version: 1 or 2. */
  readonly version: number;
}

const OPERATION = 'open the repository';
const configShape = z.object({ id: fullId, version: z.number().int() });

/** Throws `tool-output`. */
export const parseConfig = (stdout: string, subject: string): RepositoryIdentity =>
  parseDocument(stdout, configShape, OPERATION, subject);

/**
 * Opens the repository. `repository-missing`, `repository-unreachable` and `wrong-password` are the errors to tell apart.
 * An exclusive lock (a prune, a check) makes this `repository-locked`: it exists and the password is right, but it is busy.
 */
export async function resticConfig(access: ResticAccess, options: ResticOptions): Promise<RepositoryIdentity> {
  const { stdout } = await invokeRestic(access, { args: ['cat', 'config'], operation: OPERATION, brief: true }, options);
  return parseConfig(stdout, access.subject);
}
