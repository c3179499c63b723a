// Whether a restored service is good, as its configuration says how to tell. What is found wrong is an answer; what is thrown
// is that no answer could be had.

import type { ValidatorConfig } from '../../config/configuration.ts';
import { validateWithCommand } from './command.ts';
import { validateFiles } from './files.ts';
import { validateJson } from './json.ts';
import { COMPANIONS, type Finding, pathInSnapshot, type RestoredService, type Validation } from './restored.ts';
import { validateSqlite } from './sqlite.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';

/** Throws the signal's reason when cancelled. May change the restored copy, as opening a database does. */
export async function validate(
  validator: ValidatorConfig,
  restored: RestoredService,
  signal: AbortSignal,
): Promise<Validation> {
  const { ok, message, lines = [] } = await answerOf(validator, restored, signal);
  return { type: validator.type, subject: subjectOf(validator), ok, message, lines };
}

/** What the file system does not let be looked at is not known. */
async function answerOf(validator: ValidatorConfig, restored: RestoredService, signal: AbortSignal): Promise<Finding> {
  try {
    return await findingOf(validator, restored, signal);
  } catch (error) {
    signal.throwIfAborted();
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { ok: null, message: `it could not be looked at (${errno})` };
  }
}

async function findingOf(validator: ValidatorConfig, restored: RestoredService, signal: AbortSignal): Promise<Finding> {
  switch (validator.type) {
    case 'sqlite':
      return await validateSqlite(validator, restored, signal);
    case 'json':
      return await validateJson(validator, restored, signal);
    case 'files':
      return await validateFiles(validator, restored, signal);
    case 'command':
      return await sandboxed(validator, restored, signal);
    case 'sql':
      break;
  }
  return { ok: null, message: 'it asks a database server, and the service declares none (postgres, mariadb)' };
}

/** Where there is no sandbox the command did not say that the data is good. */
async function sandboxed(
  validator: Extract<ValidatorConfig, { type: 'command' }>,
  restored: RestoredService,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    return await validateWithCommand(validator, restored, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code !== 'unsupported') throw error;
    const message = `it was not run: no sandbox could be made for it (${error.message})`;
    return { ok: null, message, lines: [error.hint ?? ''] };
  }
}

export function subjectOf(validator: ValidatorConfig): string {
  switch (validator.type) {
    case 'sqlite':
    case 'json':
    case 'files':
      return validator.path;
    case 'sql':
      return validator.database;
    case 'command':
      break;
  }
  return validator.argv.join(' ');
}

/** The paths in the snapshot that it looks at; null where it may look at anything. */
export function filesOf(validator: ValidatorConfig, home: string): readonly string[] | null {
  if (validator.type !== 'sqlite' && validator.type !== 'json') return null;
  const path = pathInSnapshot(home, validator.path);
  return validator.type === 'json' ? [path] : [path, ...COMPANIONS.map((suffix) => path + suffix)];
}
