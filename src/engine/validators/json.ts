// A restored file that must be whole JSON.

import { readFile } from 'node:fs/promises';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { errnoOf } from '../../lib/errors.ts';
import { fine, type Finding, fileOfPath, type RestoredService, wrong } from './restored.ts';

/** It is read and parsed at once. */
const LARGEST = (256 * 1024 * 1024) as Bytes; // literal bytes

export async function validateJson(
  { path }: { readonly path: string },
  restored: RestoredService,
  signal: AbortSignal,
): Promise<Finding> {
  const place = await fileOfPath(restored, path);
  if ('problem' in place) return wrong(place.problem);
  const { stats } = place;
  if (stats.size > LARGEST)
    return { ok: null, message: `it has ${describeBytes(stats.size as Bytes)}, more than can be parsed at once` };
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await readFile(place.path, { signal })));
    return fine();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SyntaxError) return wrong(error.message);
    if (errnoOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') return wrong('it is not UTF-8');
    throw error;
  }
}
