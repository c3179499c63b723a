// What an archive of PostgreSQL's log is good for: which backup can be restored until when, and what is missing in between. Pure,
// from the names of its files. A log is worth as much as it has no gap: behind one nothing can be reached.

import type { Instant } from './instant.ts';
import { type Line, timelineAt } from './timeline.ts';
import { FILES_OF_A_LOG, parseWalName, walName } from './wal-file.ts';

export interface ArchivedFile {
  /** Relative to the archive of the stanza: '15-1/0000000100000000/000000010000000000000001-<sha1>.lz4'. */
  readonly path: string;
  /** When it came there. */
  readonly time: Instant;
}

export interface Archive {
  /** By timeline, by number, when that file came. */
  readonly timelines: ReadonlyMap<number, ReadonlyMap<number, Instant>>;
  readonly perLog: number;
}

/** One cluster's part of an archive: `id` is '15-1', its version and its number in the repository. */
export function readArchive(files: readonly ArchivedFile[], id: string, perLog = FILES_OF_A_LOG): Archive {
  const whole = files.flatMap(({ path, time }) => {
    const [, name] = ENTRY.exec(path.startsWith(`${id}/`) ? path.slice(id.length + 1) : '') ?? [];
    return name === undefined ? [] : [{ name, time }];
  });
  return archiveOf(whole, perLog);
}

/** From the names of files of the log, without what an archive adds to them. */
export function archiveOf(files: readonly { readonly name: string; readonly time: Instant }[], perLog: number): Archive {
  const timelines = new Map<number, Map<number, Instant>>();
  for (const { name, time } of files) {
    const place = parseWalName(name, perLog);
    if (place === null) continue;
    const timeline = timelines.get(place.timeline) ?? new Map<number, Instant>();
    timelines.set(place.timeline, timeline.set(place.number, time));
  }
  return { timelines, perLog };
}

/** A file of the log with the checksum of its content, compressed or not; `.partial` and `.backup` are none. */
const ENTRY = /^[0-9A-F]{16}\/([0-9A-F]{24})-[0-9a-f]{40}(?:\.\w+)?$/;

/** What a backup needs of the log: without all of it there is no consistent state. */
export interface NeededWal {
  readonly start: string;
  readonly stop: string;
}

export interface Reach {
  /** Everything that the backup itself needs is there: it can be restored at all. */
  readonly consistent: boolean;
  /** The last file that can be reached, and when it came: what was committed before its server left it is in it. */
  readonly last: { readonly file: string; readonly at: Instant } | null;
  /** Names of files that are missing before the newest one of its line, the first of them; and how many there are. */
  readonly missing: readonly string[];
  readonly missingCount: number;
}

const NOWHERE: Reach = { consistent: false, last: null, missing: [], missingCount: 0 };
const NAMED = 5;

/** How far a backup can be rolled forward on a line. One that was made on a foreign timeline gets nowhere. */
export function reachOf({ timelines, perLog }: Archive, line: Line, needed: NeededWal): Reach {
  const [start, stop] = [parseWalName(needed.start, perLog), parseWalName(needed.stop, perLog)];
  if (!start || !stop || !line.some(({ timeline }) => timeline === start.timeline)) return NOWHERE;
  const timeOf = (number: number): Instant | undefined => timelines.get(timelineAt(line, number) ?? 0)?.get(number);
  const nameOf = (number: number): string => walName({ timeline: timelineAt(line, number) ?? 0, number }, perLog);
  if (timelineAt(line, start.number) !== start.timeline) return NOWHERE; // made where its timeline was left already
  const newest = newestNumber(timelines, line);
  let number = start.number;
  let last: Reach['last'] = null;
  for (let at = timeOf(number); at !== undefined; at = timeOf(number)) {
    last = { file: nameOf(number), at };
    number += 1;
  }
  const gaps: number[] = [];
  let missingCount = 0;
  for (let each = number; each <= newest; each += 1) {
    if (timeOf(each) !== undefined) continue;
    missingCount += 1;
    if (gaps.length < NAMED) gaps.push(each);
  }
  return { consistent: number > stop.number, last, missing: gaps.map(nameOf), missingCount };
}

/** Minus infinity where there is none. */
function newestNumber(timelines: Archive['timelines'], line: Line): number {
  let newest = -Infinity;
  for (const { timeline } of line)
    for (const number of timelines.get(timeline)?.keys() ?? [])
      if (number > newest && timelineAt(line, number) === timeline) newest = number;
  return newest;
}

/** A timeline of which more is there than a line takes. */
export interface SideTimeline {
  readonly timeline: number;
  /** Its newest file, and when that came. */
  readonly file: string;
  readonly at: Instant;
}

/** What was archived beside a line: on timelines that are none of its own, or after they were left. */
export const besideLine = ({ timelines, perLog }: Archive, line: Line): SideTimeline[] =>
  [...timelines]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([timeline, files]) => {
      const numbers = [...files.keys()].filter((number) => timelineAt(line, number) !== timeline);
      const number = Math.max(...numbers);
      const at = files.get(number);
      return at === undefined ? [] : [{ timeline, file: walName({ timeline, number }, perLog), at }];
    });

/** Timelines in it that are not the server's own. */
export const foreignTimelines = ({ timelines }: Archive, line: Line): number[] =>
  [...timelines.keys()].filter((timeline) => !line.some((each) => each.timeline === timeline)).toSorted((a, b) => a - b);
