// journalctl: what a unit said, of one invocation or as it goes on.

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';
import { duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { type ProcessOptions, runProcess } from '../../process/run-process.ts';

const QUIET = ['journalctl', '--quiet', '--no-pager'] as const;

export interface Invocation {
  readonly unit: string;
  readonly invocationId: string;
}

/** What its processes said, what systemd said about it, and what the unit said otherwise. */
export const lastLinesArgs = ({ unit, invocationId }: Invocation, count: number): [string, ...string[]] => [
  ...QUIET,
  '--output=json',
  `--lines=${count}`,
  `_SYSTEMD_INVOCATION_ID=${invocationId}`,
  '+',
  `INVOCATION_ID=${invocationId}`,
  '+',
  `_SYSTEMD_UNIT=${unit}`,
];

/** Of an invocation; what a process said that had ended before journald came to it is known to be of the unit, and no more. */
export const isOf = ({ invocationId }: Invocation, entry: Entry): boolean =>
  entry.invocationId === null || entry.invocationId === invocationId;

/** The last lines of an invocation; none where the journal cannot be read: they only help to understand an error. */
export async function lastLines(invocation: Invocation, count: number): Promise<string[]> {
  await written();
  const argv = lastLinesArgs(invocation, count);
  const read = await orNothing(runProcess({ argv, operation: 'read the journal of', subject: invocation.unit }, AT_MOST));
  return (read?.stdout ?? '').split('\n').flatMap((line) => {
    const said = parseEntry(line);
    return said && isOf(invocation, said) ? said.message.split('\n').filter((each) => each.trim() !== '') : [];
  });
}

/** Not ended by the signal of the run: what went wrong is told also when everything is being cancelled. */
const AT_MOST = { signal: new AbortController().signal, timeout: duration(10, 's') };

/** Resolves when what was said by now is in the journal, where the caller may ask for that: journald writes when it comes to it. */
const written = async (): Promise<void> =>
  void (await orNothing(runProcess({ argv: [...QUIET, '--sync'], operation: 'wait for', subject: 'journald' }, AT_MOST)));

/** The journal only helps to understand. */
async function orNothing<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof HoldfastError) return null;
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
  INVOCATION_ID: z.string().optional(),
  _SYSTEMD_INVOCATION_ID: z.string().optional(),
  /** An array of bytes where it is not UTF-8, null where it is too long. */
  MESSAGE: z.union([z.string(), z.array(z.number())]).nullish(),
});

export interface Entry {
  readonly cursor: string;
  readonly at: Instant;
  readonly unit: string;
  /** In which it was said, or of which systemd speaks. */
  readonly invocationId: string | null;
  readonly message: string;
}

/** Null for a line that says nothing. */
export function parseEntry(line: string): Entry | null {
  const { data } = entry.safeParse(parseJson(line));
  const unit = data?.UNIT ?? data?._SYSTEMD_UNIT;
  const message = data?.MESSAGE;
  if (!data || unit === undefined || message === undefined || message === null) return null;
  return {
    cursor: data.__CURSOR,
    at: Math.floor(data.__REALTIME_TIMESTAMP / 1000) as Instant,
    unit,
    invocationId: data.INVOCATION_ID ?? data._SYSTEMD_INVOCATION_ID ?? null,
    message: typeof message === 'string' ? message : Buffer.from(message).toString('utf8'),
  };
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
  const read = async (argv: [string, ...string[]], limits: Pick<ProcessOptions, 'signal' | 'timeout'>): Promise<void> => {
    try {
      await runProcess({ argv, operation: 'read the journal of', subject: `${units.length} units` }, { ...limits, onLine });
    } catch (error) {
      if (!stop.signal.aborted && !(error instanceof HoldfastError)) throw error; // it only shows
    }
  };
  const streaming = read(unitsArgs(following, '--follow', '--no-tail'), { signal: stop.signal });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await streaming;
      await written();
      await read(unitsArgs(following), AT_MOST);
    },
  };
}
