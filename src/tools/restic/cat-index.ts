// `restic cat index`: what an index file says lies in which pack. It knows also of packs that are damaged or gone.

import * as z from 'zod';
import type { Duration } from '../../domain/duration.ts';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { fullId, parseDocument } from './json-lines.ts';

const OPERATION = 'read an index of';

const indexShape = z.object({
  packs: z
    .array(z.object({ id: fullId, blobs: z.array(z.object({ id: fullId, type: z.enum(['data', 'tree']) })) }))
    .nullable(),
});

export interface PackContent {
  readonly pack: string;
  readonly blobs: readonly { readonly id: string; readonly type: 'data' | 'tree' }[];
}

/** Throws `tool-output`. */
export const parseIndex = (stdout: string, subject: string): PackContent[] =>
  (parseDocument(stdout, indexShape, OPERATION, subject).packs ?? []).map(({ id, blobs }) => ({ pack: id, blobs }));

/** Opens the repository once more. */
export async function resticIndex(
  access: ResticAccess,
  { id, retryLock }: { readonly id: string; readonly retryLock?: Duration | undefined },
  options: ResticOptions,
): Promise<PackContent[]> {
  const { stdout } = await invokeRestic(
    access,
    { args: ['cat', 'index', '--', id], operation: OPERATION, retryLock },
    options,
  );
  return parseIndex(stdout, access.subject);
}
