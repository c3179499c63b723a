// Sizes in bytes; written as `500MB` (10^6) or `500MiB` (2^20).

import type { Unit } from './unit.ts';

export type Bytes = Unit<'bytes'>;

const FACTORS = new Map([
  ['B', 1],
  ['KB', 1e3],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['PB', 1e15],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
  ['PiB', 2 ** 50],
]);

/** Null when the text is not a size. A unit is required: a bare number does not say what it counts. */
export function parseBytes(text: string): Bytes | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kKMGTP]?i?B)$/.exec(text);
  const factor = FACTORS.get(match?.[2] ?? '');
  return match && factor ? (Math.round(Number(match[1]) * factor) as Bytes) : null;
}

/** The exact configuration form: `parseBytes(formatBytes(b)) === b`. */
export function formatBytes(value: Bytes): string {
  if (value === 0) return '0B';
  for (const symbol of ['PiB', 'PB', 'TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'KB']) {
    const factor = FACTORS.get(symbol) ?? 1;
    if (value % factor === 0) return `${value / factor}${symbol}`;
  }
  return `${value}B`;
}

/** For people: three digits and a binary unit, as restic prints: `1.23 GiB`. */
export function describeBytes(value: Bytes): string {
  const symbols = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), symbols.length - 1);
  const amount = value / 2 ** (10 * power);
  const digits = power === 0 || amount >= 100 ? 0 : amount >= 10 ? 1 : 2;
  return `${amount.toFixed(digits)} ${symbols[power] ?? 'B'}`;
}
