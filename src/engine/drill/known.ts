// What a restore that went wrong says about the repository: that something in it cannot be restored, or nothing at all, because
// it did not answer, the scratch was full, or somebody may not read it. Only the former is a drill that failed.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { resticConfig } from '../../tools/restic/cat-config.ts';
import { classifyFailure } from '../../tools/restic/classify.ts';
import type { ItemError } from '../../tools/restic/error-lines.ts';

const NOTHING_KNOWN: ReadonlySet<ErrorCode> = new Set([
  'no-space',
  'permission-denied',
  'repository-unreachable',
  'repository-locked',
]);

/** restic's words for something that its index names and that it cannot load. */
const NOT_LOADED = /^(?:Load|ReadFull|LoadTree|LoadBlob|StreamPack)\(<?(?:data|tree|snapshot|index)\b/;

/** Whether restic gave up because something in the repository is damaged or missing. `assertKnown` has the last word. */
export const isAboutContent = ({ code, tool }: HoldfastError): boolean =>
  code === 'repository-damaged' ||
  (code === 'tool-failed' && (tool?.stderrTail ?? []).some((line) => NOT_LOADED.test(line)));

/** On a disk of this host it is a file that is too short; from afar it may be a connection that broke off. */
const CUT_SHORT = /\bEOF\b/;

/** Throws the error that says why nothing is known, if that is so. */
export async function assertKnown(
  errors: readonly ItemError[],
  repository: RepositoryConfig,
  scratch: string,
  access: ResticAccess,
  signal: AbortSignal,
): Promise<void> {
  const isHere = localDirectory(repository.url) !== null;
  for (const { path, message } of errors) {
    const meaning = classifyFailure({
      operation: 'restore from',
      subject: repository.name,
      exitCode: 1,
      stderrTail: [message],
    });
    if (!NOTHING_KNOWN.has(meaning.code) || (isHere && CUT_SHORT.test(message))) continue;
    throw new HoldfastError({
      code: meaning.code,
      operation: 'restore from',
      subject: repository.name,
      message: `${path === '' ? '' : `${path}: `}${message}`,
      hint:
        meaning.code === 'no-space'
          ? `The scratch ${scratch} is full: make room there, or move it (verification.restoreTesting.scratch).`
          : meaning.hint,
      retry: 'later',
    });
  }
  await resticConfig(access, { signal }); // a repository that is gone by now lost everything at once, and that is no damage
}
