// `restic list`: the names of a repository's files of one kind. It reads none of them, so that it works where they are damaged.

import type { Duration } from '../../domain/duration.ts';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { unexpectedOutput } from './json-lines.ts';

export interface ListRequest {
  readonly kind: 'packs' | 'index' | 'snapshots' | 'keys';
  readonly retryLock?: Duration | undefined;
}

const OPERATION = 'list the files of';

/** One name a line. Throws `tool-output` for anything else. */
export function parseList(stdout: string, subject: string): string[] {
  const names = stdout.split('\n').filter((line) => line !== '');
  const wrong = names.find((name) => !/^[0-9a-f]{64}$/.test(name));
  if (wrong === undefined) return names;
  throw unexpectedOutput(OPERATION, subject, `restic printed a name that is none: ${wrong.slice(0, 120)}`);
}

export async function resticList(
  access: ResticAccess,
  { kind, retryLock }: ListRequest,
  options: ResticOptions,
): Promise<string[]> {
  const { stdout } = await invokeRestic(access, { args: ['list', kind], operation: OPERATION, retryLock }, options);
  return parseList(stdout, access.subject);
}
