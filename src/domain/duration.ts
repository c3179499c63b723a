// A span of time in milliseconds; written in the configuration as `90s`, `45m`, `26h`, `7d`, `2w`, or joined: `1d12h`.

import type { Unit } from './unit.ts';

export type Duration = Unit<'milliseconds'>;

const UNITS: readonly (readonly [symbol: string, milliseconds: number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];
const MILLISECONDS = new Map(UNITS);

export const duration = (amount: number, symbol: 'ms' | 's' | 'm' | 'h' | 'd' | 'w'): Duration =>
  (amount * (MILLISECONDS.get(symbol) ?? 1)) as Duration;

/** Null when the text is not a duration. Months and years are refused: they have no fixed length. */
export function parseDuration(text: string): Duration | null {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, symbol] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    total += Number(amount) * (MILLISECONDS.get(symbol ?? '') ?? 0);
  }
  return Math.round(total) as Duration;
}

/** The exact configuration form: `parseDuration(formatDuration(d)) === d`. */
export function formatDuration(value: Duration): string {
  if (value === 0) return '0s';
  let rest: number = value;
  let text = '';
  for (const [symbol, milliseconds] of UNITS) {
    if (symbol === 'w' && rest % milliseconds !== 0) continue; // 8d reads better than 1w1d
    const amount = Math.floor(rest / milliseconds);
    if (amount > 0) text += `${amount}${symbol}`;
    rest -= amount * milliseconds;
  }
  return text;
}

/** For people: the two largest units that matter: `3d 4h`, `12m`, `4.2s`. */
export function describeDuration(value: Duration): string {
  const seconds = value / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  if (seconds < 120) return `${Math.round(seconds)}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 || hours >= 10 ? `${hours}h` : `${hours}h ${minutes % 60}m`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days >= 10 ? `${days}d` : `${days}d ${hours % 24}h`;
}
