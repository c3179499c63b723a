// journalctl: what a unit said, of one invocation or as it goes on.

import * as z from 'zod';
import { duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

const QUIET = ['journalctl', '--quiet', '--no-pager'] as const;

/** What its processes said, and what systemd said about it. */
export const lastLinesArgs = (invocationId: string, count: number): [string, ...string[]] => [
  ...QUIET,
  '--output=cat',
  `--lines=${count}`,
  `_SYSTEMD_INVOCATION_ID=${invocationId}`,
  '+',
  `INVOCATION_ID=${invocationId}`,
];

/** The last lines of an invocation; none where the journal cannot be read: they only help to understand an error. */
export async function lastLines(invocationId: string, count: number): Promise<string[]> {
  const unlimited = new AbortController().signal; // what went wrong is told also when everything is being cancelled
  try {
    const { stdout } = await runProcess(
      { argv: lastLinesArgs(invocationId, count), operation: 'read the journal of', subject: invocationId },
      { signal: unlimited, timeout: duration(10, 's') },
    );
    return stdout.split('\n').filter((line) => line.trim() !== '');
  } catch (error) {
    if (error instanceof HoldfastError) return [];
    throw error;
  }
}

export interface Following {
  readonly units: readonly string[];
  /** Whole seconds since the epoch. */
  readonly since: number;
}

/** What these units said, or say from then on. */
export const unitsArgs = ({ units, since }: Following, ...options: readonly string[]): [string, ...string[]] => [
  ...QUIET,
  ...options,
  '--output=json',
  `--since=@${since}`,
  ...units.map((unit) => `--unit=${unit}`),
];

const entry = z.object({
  __CURSOR: z.string(),
  /** Microseconds since the epoch. */
  __REALTIME_TIMESTAMP: z.coerce.number(),
  UNIT: z.string().optional(),
  _SYSTEMD_UNIT: z.string().optional(),
  /** An array of bytes where it is not UTF-8, null where it is too long. */
  MESSAGE: z.union([z.string(), z.array(z.number())]).nullish(),
});

export interface Entry {
  readonly cursor: string;
  readonly at: Instant;
  readonly unit: string;
  readonly message: string;
}

/** Null for a line that says nothing. */
export function parseEntry(line: string): Entry | null {
  const { data } = entry.safeParse(parseLine(line));
  const unit = data?.UNIT ?? data?._SYSTEMD_UNIT;
  const message = data?.MESSAGE;
  if (!data || unit === undefined || message === undefined || message === null) return null;
  return {
    cursor: data.__CURSOR,
    at: Math.floor(data.__REALTIME_TIMESTAMP / 1000) as Instant,
    unit,
    message: typeof message === 'string' ? message : Buffer.from(message).toString('utf8'),
  };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * Tells what these units say from `at` on. Disposing ends it when all that has been said by then is told. Where the journal
 * cannot be read nothing is told.
 */
export function followUnits(
  units: readonly string[],
  at: Instant,
  tell: (unit: string, message: string) => void,
): AsyncDisposable {
  const stop = new AbortController();
  const following = { units, since: Math.floor(at / 1000) };
  const told = new Set<string>();
  const onLine = (line: string): void => {
    const said = parseEntry(line);
    if (!said || said.at < at || told.has(said.cursor)) return;
    told.add(said.cursor);
    tell(said.unit, said.message);
  };
  const read = async (argv: [string, ...string[]], signal: AbortSignal): Promise<void> => {
    try {
      await runProcess({ argv, operation: 'read the journal of', subject: `${units.length} units` }, { signal, onLine });
    } catch (error) {
      if (!stop.signal.aborted && !(error instanceof HoldfastError)) throw error; // it only shows
    }
  };
  const streaming = read(unitsArgs(following, '--follow', '--no-tail'), stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await streaming;
      const limited = AbortSignal.timeout(duration(10, 's'));
      await read([...QUIET, '--sync'], limited); // what journald has, and has not written yet
      await read(unitsArgs(following), limited);
    },
  };
}
