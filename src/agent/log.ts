// What the agent says of itself: lines of JSON on standard error, which systemd's journal takes as they are; a line for people on a
// terminal. Never a token, never what a request carries.

import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly human: boolean;
  readonly verbose: boolean;
  readonly write: (text: string) => void;
}

/** pino's numbers in words. */
const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warning', 50: 'error', 60: 'fatal' };

export function openLog({ human, verbose, write }: LogOptions): Logger {
  const stream = { write: human ? (line: string) => write(forPeople(line)) : write };
  return pino({ level: verbose ? 'debug' : 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

function forPeople(line: string): string {
  const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>; // written by pino just now
  const more = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const error = typeof err === 'object' && err !== null && 'message' in err ? [`(${String(err.message)})`] : [];
  const level_ = level === 30 ? '' : `${LEVELS[Number(level)] ?? ''}: `;
  return `${String(time).slice(11, 19)} ${level_}${[String(msg), ...more, ...error].join(' ')}\n`;
}
