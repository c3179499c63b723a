// `restic prune`: frees what no snapshot needs any more. It prints its figures as text only, in 0.18 and 0.19 alike.

import type { Bytes } from '../../domain/bytes.ts';
import type { Duration } from '../../domain/duration.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ResticAccess } from './access.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { unexpectedOutput } from './json-lines.ts';

export interface PruneRequest {
  /** As restic writes it: '5%', '1G', 'unlimited'. */
  readonly maxUnused?: string | undefined;
  /** Stops repacking after this much. */
  readonly maxRepackSize?: Bytes | undefined;
  /** Only what can be done without reading packs from a slow store. */
  readonly repackCacheableOnly?: boolean;
  readonly retryLock?: Duration | undefined;
}

/** Sizes are restic's rounded ones (four digits). */
export interface PruneSummary extends JsonObject {
  readonly bytesRepacked: Bytes;
  readonly bytesRemoved: Bytes;
  readonly bytesRemaining: Bytes;
  readonly blobsRemoved: number;
  readonly blobsRemaining: number;
}

const OPERATION = 'prune';

export const pruneArgs = (request: PruneRequest): string[] => [
  'prune',
  ...(request.maxUnused === undefined ? [] : [`--max-unused=${request.maxUnused}`]),
  ...(request.maxRepackSize === undefined ? [] : [`--max-repack-size=${Math.ceil(request.maxRepackSize / 1024)}K`]),
  ...(request.repackCacheableOnly ? ['--repack-cacheable-only'] : []),
];

const FACTORS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
};

/** Throws `tool-output` without the figures and the closing `done`. */
export function parsePrune(stdout: string, subject: string): PruneSummary {
  const figure = (name: string): { blobs: number; bytes: Bytes } | null => {
    const match = new RegExp(`^${name}:\\s+(\\d+) blobs / ([\\d.]+) ([KMGTP]?i?B)$`, 'm').exec(stdout);
    const factor = FACTORS[match?.[3] ?? ''];
    return match && factor ? { blobs: Number(match[1]), bytes: Math.round(Number(match[2]) * factor) as Bytes } : null; // bytes by their unit
  };
  const repacked = figure('to repack');
  const removed = figure('total prune');
  const remaining = figure('remaining');
  if (!repacked || !removed || !remaining || !/^done$/m.test(stdout)) {
    const last = stdout.trim().split('\n').at(-1)?.slice(0, 120) ?? '';
    throw unexpectedOutput(
      OPERATION,
      subject,
      `restic prune ended without its figures; its last line: ${JSON.stringify(last)}`,
    );
  }
  return {
    bytesRepacked: repacked.bytes,
    bytesRemoved: removed.bytes,
    bytesRemaining: remaining.bytes,
    blobsRemoved: removed.blobs,
    blobsRemaining: remaining.blobs,
  };
}

/** Needs the repository for itself (exclusive lock). Cancelled, it leaves a valid repository and unused data for the next prune. */
export async function resticPrune(
  access: ResticAccess,
  request: PruneRequest,
  options: ResticOptions,
): Promise<PruneSummary> {
  const { stdout } = await invokeRestic(
    access,
    { args: pruneArgs(request), operation: OPERATION, json: false, retryLock: request.retryLock },
    options,
  );
  return parsePrune(stdout, access.subject);
}
