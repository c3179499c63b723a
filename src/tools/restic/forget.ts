// `restic forget ID...`: removes exactly the snapshots named, decides nothing, never prunes. restic reports little: it ignores
// unknown ids with exit code 0, and 0.18 exits 0 even when it may not delete. So its complaints are read one by one.

import type { Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';

export interface ForgetRequest {
  /** Full ids: a short one could mean another snapshot tomorrow. */
  readonly ids: readonly string[];
  readonly retryLock?: Duration | undefined;
}

export interface ForgetResult {
  readonly removed: readonly string[];
  /** Not in the repository any more, or not readable there. */
  readonly notFound: readonly string[];
  /** Still there: restic was not able to delete them. */
  readonly failed: readonly string[];
}

const OPERATION = 'remove snapshots from';
/** Keeps one argv far below the kernel's limit of 2 MiB. */
const BATCH = 10_000;

/** Throws `bug` for anything but full ids: nothing else may ever be forgotten by accident. */
export function forgetArgs(ids: readonly string[], subject: string): string[] {
  const wrong = ids.find((id) => !/^[0-9a-f]{64}$/.test(id));
  if (ids.length === 0 || wrong !== undefined) {
    const message = ids.length === 0 ? 'no snapshot id was given' : `not a full snapshot id: ${JSON.stringify(wrong)}`;
    throw new HoldfastError({ code: 'bug', operation: OPERATION, subject, message });
  }
  return ['forget', '--', ...ids];
}

/** What became of each id, from all of restic's lines on standard error. */
export function parseForget(ids: readonly string[], errorLines: readonly string[]): ForgetResult {
  const notFound = new Set<string>();
  const failed = new Set<string>();
  for (const line of errorLines) {
    const ignored = /^Ignoring "([0-9a-f]+)"/.exec(line)?.[1];
    if (ignored) notFound.add(ignored);
    const kept = /unable to remove (?:<?snapshot\/)([0-9a-f]{64})/.exec(line)?.[1];
    if (kept) failed.add(kept);
  }
  return {
    removed: ids.filter((id) => !notFound.has(id) && !failed.has(id)),
    notFound: ids.filter((id) => notFound.has(id)),
    failed: ids.filter((id) => failed.has(id)),
  };
}

/**
 * Forgets these snapshots. Running it again is harmless: what is gone comes back as `notFound`. Resolves also when some
 * could not be removed; throws only when restic did not get to work at all.
 */
export async function resticForget(
  access: ResticAccess,
  request: ForgetRequest,
  options: ResticOptions,
): Promise<ForgetResult> {
  const results: ForgetResult[] = [];
  for (let start = 0; start < request.ids.length; start += BATCH) {
    const ids = request.ids.slice(start, start + BATCH);
    const errorLines: string[] = [];
    // oxlint-disable-next-line no-await-in-loop -- each needs the repository for itself
    await invokeRestic(
      access,
      {
        args: forgetArgs(ids, access.subject),
        operation: OPERATION,
        accept: [0, 3],
        retryLock: request.retryLock,
        onErrorLine: (line) => errorLines.push(line),
      },
      options,
    );
    results.push(parseForget(ids, errorLines));
  }
  return {
    removed: results.flatMap(({ removed }) => removed),
    notFound: results.flatMap(({ notFound }) => notFound),
    failed: results.flatMap(({ failed }) => failed),
  };
}
