// `restic dump`: the content of one small file in a snapshot, as text.

import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';

const OPERATION = 'read a file from';

/** Throws `bug` for an id that is not full: 'latest' could be another host's. */
export function dumpArgs(snapshotId: string, path: string, subject: string): string[] {
  if (/^[0-9a-f]{64}$/.test(snapshotId)) return ['dump', '--', snapshotId, path];
  const message = `not a full snapshot id: ${JSON.stringify(snapshotId)}`;
  throw new HoldfastError({ code: 'bug', operation: OPERATION, subject, message });
}

/** All of it, or an error: restic ends with 0 only when it has written everything. */
export async function resticDump(
  access: ResticAccess,
  { snapshotId, path }: { readonly snapshotId: string; readonly path: string },
  options: ResticOptions,
): Promise<string> {
  const args = dumpArgs(snapshotId, path, access.subject);
  const { stdout } = await invokeRestic(access, { args, operation: OPERATION, brief: true, json: false }, options);
  return stdout;
}
