// `restic init`: creates a repository where there is none. An existing one is an answer, not a failure, and is never changed.

import * as z from 'zod';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { fullId, parseDocument } from './json-lines.ts';

export type InitResult = { readonly state: 'created'; readonly repositoryId: string } | { readonly state: 'exists' };

const OPERATION = 'initialise the repository';
const initialized = z.object({ message_type: z.literal('initialized'), id: fullId });

/** The new repository's id. Throws `tool-output`. */
export const parseInit = (stdout: string, subject: string): string =>
  parseDocument(stdout, initialized, OPERATION, subject).id;

/** Restic says this both for its own and, on some stores, for a file that happens to be called `config`. */
const EXISTS = /config file already exists|repository already (?:exists|initialized)|already initialized/i;

/** Creates the repository, or answers that there is one already (whose password may be another one). */
export async function resticInit(access: ResticAccess, options: ResticOptions): Promise<InitResult> {
  try {
    const { stdout } = await invokeRestic(access, { args: ['init'], operation: OPERATION, brief: true }, options);
    return { state: 'created', repositoryId: parseInit(stdout, access.subject) };
  } catch (error) {
    if (
      error instanceof HoldfastError &&
      error.tool?.exitCode === 1 &&
      error.tool.stderrTail.some((line) => EXISTS.test(line))
    ) {
      return { state: 'exists' };
    }
    throw error;
  }
}
