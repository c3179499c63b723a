// Services of which nothing is here: as on a new machine, before anything has come back.

import type { ServiceConfig } from '../../config/configuration.ts';
import { probePath } from '../../tools/util-linux/probe.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { dataDirectory } from '../postgres/data-directory.ts';

/** Their names. What cannot be looked at may be there. */
export async function withoutData(services: readonly ServiceConfig[], signal: AbortSignal): Promise<string[]> {
  const empty = await Promise.all(services.map((service) => isWithoutData(service, signal)));
  return services.flatMap(({ name }, index) => (empty[index] ? [name] : []));
}

async function isWithoutData({ backup, postgres }: ServiceConfig, signal: AbortSignal): Promise<boolean> {
  const paths = backup?.paths ?? [];
  if (paths.length === 0 && postgres === null) return false;
  const present = await Promise.all(paths.map((path) => isThere(path, signal)));
  if (present.includes(true)) return false;
  return postgres === null || ['absent', 'empty'].includes((await dataDirectory(postgres.dataDir, signal)).state);
}

async function isThere(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await probePath(path, signal)) !== null;
  } catch (error) {
    if (!(error instanceof HoldfastError) || signal.aborted) throw error;
    return true;
  }
}
