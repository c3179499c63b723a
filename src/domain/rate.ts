// Bandwidth in bytes a second; written `4MiB/s`.

import { formatBytes, parseBytes, type Bytes } from './bytes.ts';
import type { Unit } from './unit.ts';

export type Rate = Unit<'bytes per second'>;

/** Null when the text is not a rate. */
export function parseRate(text: string): Rate | null {
  const size = text.endsWith('/s') ? parseBytes(text.slice(0, -2)) : null;
  return size === null ? null : (Number(size) as Rate);
}

export const formatRate = (value: Rate): string => `${formatBytes(Number(value) as Bytes)}/s`;

/** KiB a second, as restic's --limit-upload and --limit-download want it; at least 1. */
export const kibibytesPerSecond = (value: Rate): number => Math.max(1, Math.round(value / 1024));
