// What a server says while it recovers, in the words of its log: how far it came is known from there alone.

export interface RecoveryLog {
  /** When the last transaction was committed that it replayed, as PostgreSQL writes it: to the microsecond, in UTC. */
  readonly lastTransaction: string | null;
  /** It stopped before a transaction that was committed later than its target. */
  readonly reachedTarget: boolean;
  /** The log ended before the target did: what was committed after that, if anything was, is not known. */
  readonly endedEarly: boolean;
  /** Files that came from the archive: how many, and their names. */
  readonly restoredFiles: number;
  readonly files: ReadonlySet<string>;
  /** The timeline that began with it; null where none did. */
  readonly newTimeline: number | null;
}

export function readRecoveryLog(lines: readonly string[]): RecoveryLog {
  const found = (pattern: RegExp): string | null =>
    lines.findLast((line) => pattern.test(line))?.replace(pattern, '$1') ?? null;
  const files = new Set(lines.flatMap((line) => /restored log file "([0-9A-F]{24})" from archive/.exec(line)?.[1] ?? []));
  const timeline = found(/^.*selected new timeline ID: (\d+).*$/);
  return {
    lastTransaction: found(/^.*last completed transaction was at log time (\S+ \S+).*$/),
    reachedTarget: lines.some((line) => /recovery stopping (?:before|after) /.test(line)),
    endedEarly: lines.some((line) => line.includes('recovery ended before configured recovery target was reached')),
    restoredFiles: files.size,
    files,
    newTimeline: timeline === null ? null : Number(timeline),
  };
}

/** `2026-11-22 16:36:18.128985+00` as ISO 8601. */
export const isoOf = (logTime: string): string => logTime.replace(' ', 'T').replace(/\+00$/, 'Z');
