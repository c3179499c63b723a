// Timelines of PostgreSQL. Each promotion begins a new one, which leaves another at a place in the log. What a server came from is
// its line; everything else in an archive is foreign to it: an old server that lives on, a drill that archived.

import { FILES_OF_A_LOG, fileOfPosition } from './wal-file.ts';

/** A timeline, and the file of the log from which on the next one is followed; null for the last. */
export interface LineStretch {
  readonly timeline: number;
  readonly until: number | null;
}

/** From the oldest on. */
export type Line = readonly LineStretch[];

/** Of a server that was never promoted, or of which no history is known. */
export const lineOf = (timeline: number): Line => [{ timeline, until: null }];

/**
 * From its history file: a line for each timeline before it, with the place where that was left. Null when it is none. A server that went
 * back to before the beginning of the timeline that it followed writes that one as its parent all the same: what was left last says then
 * how far those before it are of the line at all.
 */
export function parseHistory(text: string, timeline: number, perLog = FILES_OF_A_LOG): Line | null {
  const stretches: (LineStretch & { readonly until: number })[] = [];
  for (const each of text.split('\n')) {
    const line = each.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, parent, lsn] = /^(\d+)\s+([0-9A-F]+\/[0-9A-F]+)(?:\s|$)/i.exec(line) ?? [];
    const until = lsn === undefined ? null : fileOfPosition(lsn, perLog);
    if (parent === undefined || until === null || Number(parent) >= timeline) return null;
    stretches.push({ timeline: Number(parent), until });
  }
  let earliest = Infinity;
  const line = stretches.toReversed().map((each) => {
    earliest = Math.min(earliest, each.until);
    return { ...each, until: earliest };
  });
  return [...line.toReversed(), { timeline, until: null }];
}

/** '00000002.history': what the server archives when it begins a timeline. */
export const historyName = (timeline: number): string => `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;

/**
 * The timeline that holds a place of the log. The file in which a timeline is left is the next one's: it begins with a copy of it.
 */
export const timelineAt = (line: Line, number: number): number | null =>
  line.find(({ until }) => until === null || number < until)?.timeline ?? null;

/** Never the newest that is there when it looks: that may have come since, of another server. `current`: the one of the backup. */
export type TargetTimeline = number | 'current';
