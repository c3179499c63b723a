// A share between 0 and 1; written `50%`.

import type { Unit } from './unit.ts';

export type Share = Unit<'share of one'>;

/** Null when the text is not a percentage between 0% and 100%. */
export function parsePercentage(text: string): Share | null {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
  const share = Number(match?.[1] ?? Number.NaN) / 100;
  return share >= 0 && share <= 1 ? (share as Share) : null;
}

export const formatPercentage = (value: Share): string => `${Number((value * 100).toFixed(4))}%`;
