// What makes a removal smell like a mistake or an attack: a new or changed policy that empties the history, a clock that was
// set forward, a flood of snapshots, those of another machine, new copies that are far smaller than the ones they push out. It
// only judges; retention.ts decides what follows.

import { describeBytes, type Bytes } from './bytes.ts';
import { describeDuration, duration, formatDuration, type Duration } from './duration.ts';
import { elapsed, formatInstant, type Instant } from './instant.ts';
import { interleavedPaths } from './retention-paths.ts';
import type { RetentionSnapshot } from './retention-rules.ts';
import { newestTrusted } from './retention-stay.ts';
import { isFarSmaller, median, NEWEST, sizesOf } from './shrunk.ts';

export type SmellCode = 'shrunk' | 'two-machines' | 'too-many-new' | 'clock-jumped' | 'policy-changed' | 'first-application';

export interface Smell {
  readonly code: SmellCode;
  /** One sentence without its full stop. */
  readonly message: string;
}

export interface SmellInput {
  readonly now: Instant;
  readonly policyChanged: boolean;
  /** See `droppingRules`. */
  readonly droppingRules: number;
  readonly lastAppliedAt: Instant | null;
  readonly interval: Duration | null;
  /** A size that a person has confirmed this job may have shrunk to. */
  readonly acceptedBytes: number | null;
  /** Everything that counts, newest first. */
  readonly counted: readonly RetentionSnapshot[];
  /** Those made after the newest that the last application knew, newest first; all of them when there was none. */
  readonly arrivals: readonly RetentionSnapshot[];
  /** Older than that, and yet not what the last application left: as many came since under an old date, these or their rivals. */
  readonly backdated: readonly RetentionSnapshot[];
  readonly removals: readonly RetentionSnapshot[];
}

/** Unscheduled runs that are ordinary between two applications: somebody deploys, or tries things out. */
const ORDINARY_EXTRA_RUNS = 10;
/** As many as that are enough to stop when they push out most of the earlier history. */
const FEW_RUNS = 3;
/** A schedule explains that many times the runs it asks for: catching up, retries, a gate before each deployment. */
const SLACK = 3;
/** So many runs in a row that did not happen are an absence, or a clock that was set forward. */
const MISSED_RUNS = 10;
const HOUR = duration(1, 'h');
const DAY = duration(1, 'd');
const WEEK = duration(7, 'd');

/** All that smells, the most alarming first; nothing smells when nothing would go. */
export function smellsOf(input: SmellInput): Smell[] {
  if (input.removals.length === 0) return [];
  const judges = [shrunk, twoMachines, tooManyNew, clockJumped, policyChanged, firstApplication];
  return judges.map((judge) => judge(input)).filter((smell) => smell !== null);
}

/** The size that speaks for the newest copies: the median of the newest few. Null when none of them has a size. */
export const newestBytes = (input: Pick<SmellInput, 'arrivals'>): number | null => median(sizesOf(newestFew(input)));

/** Of the proven ones where there are any: what others add must not speak for a job that is known. */
function newestFew({ arrivals }: Pick<SmellInput, 'arrivals'>): RetentionSnapshot[] {
  const trust = newestTrusted(arrivals)?.complete ?? null;
  return arrivals.filter(({ complete }) => complete === trust).slice(0, NEWEST);
}

function shrunk(input: SmellInput): Smell | null {
  const newest = newestBytes(input);
  const others = (known: ReadonlySet<RetentionSnapshot>): number =>
    median(sizesOf(input.removals.filter((snapshot) => snapshot.complete !== false && !known.has(snapshot)))) ?? 0;
  // Also without all that arrived: after a flood of empty copies their own kind would be most of what goes.
  const pushedOut = Math.max(
    others(new Set(newestFew(input))),
    input.lastAppliedAt === null ? 0 : others(new Set(input.arrivals)),
  );
  if (newest === null || !isFarSmaller(newest, pushedOut)) return null;
  if (input.acceptedBytes !== null && !isFarSmaller(newest, input.acceptedBytes)) return null;
  return {
    code: 'shrunk',
    message: `the newest copies hold ${describe(newest)}, those that would go ${describe(pushedOut)}: was something lost`,
  };
}

/** Each would push out the other's: of two machines that count as one, half of the history is left to each, or nothing. */
function twoMachines({ counted, arrivals }: SmellInput): Smell | null {
  const pair = interleavedPaths(counted, new Set(arrivals));
  if (pair === null) return null;
  const [one, other] = pair.map((paths) => paths.join(', '));
  return {
    code: 'two-machines',
    message: `snapshots of ${one} and of ${other} take turns: do two machines share this host name`,
  };
}

function tooManyNew(input: SmellInput): Smell | null {
  if (input.lastAppliedAt === null) return null; // an imported history: nobody knows how many are new
  const came = input.arrivals.length + input.backdated.length;
  const since = Math.max(0, elapsed(input.lastAppliedAt, input.now));
  const expected = Math.ceil(since / (input.interval ?? HOUR)) + 1; // one more: the run that was under way
  const arrivals = new Set(input.arrivals);
  const earlierGoing = input.removals.filter((snapshot) => !arrivals.has(snapshot)).length;
  const floor = earlierGoing * 2 > input.counted.length - arrivals.size ? FEW_RUNS : ORDINARY_EXTRA_RUNS;
  // No schedule explains an old date; the few that are let pass are pins that moved on since.
  if (came <= Math.max(floor, SLACK * expected) && input.backdated.length <= FEW_RUNS) return null;
  const backdated = input.backdated.length === 0 ? '' : ` (${input.backdated.length} under a date before it)`;
  const schedule = input.interval === null ? 'even an hourly schedule' : `a run every ${formatDuration(input.interval)}`;
  return {
    code: 'too-many-new',
    message:
      `${came} new snapshots since the last application at ${formatInstant(input.lastAppliedAt)}${backdated}, ` +
      `where ${schedule} explains ${expected}`,
  };
}

function policyChanged(input: SmellInput): Smell | null {
  if (!input.policyChanged || input.removals.length * 2 <= input.counted.length) return null;
  return {
    code: 'policy-changed',
    message: `the policy was changed, and ${input.removals.length} of ${input.counted.length} snapshots would go`,
  };
}

/**
 * `within` drops by the dates alone: after a jump of the clock one new snapshot drops the whole history. A host that was off
 * for long looks the same, and whether its history may go is for a person to say as well.
 */
function clockJumped(input: SmellInput): Smell | null {
  if (input.lastAppliedAt === null) return null;
  const isNew = new Set(input.arrivals);
  const perhaps = input.counted.filter(({ complete }) => complete !== false);
  const earlier = perhaps.filter((snapshot) => !isNew.has(snapshot));
  const going = input.removals.filter((snapshot) => snapshot.complete !== false && !isNew.has(snapshot)).length;
  const degrees = new Set(input.counted.map(({ complete }) => complete)).size; // the rules are applied to each degree of trust
  if (going <= Math.max(FEW_RUNS, isNew.size * input.droppingRules * degrees)) return null;
  const gap = longestGap(perhaps.slice(0, perhaps.length - earlier.length + 1));
  const interval = input.interval ?? Math.max(DAY, longestGap(earlier.slice(0, 2))); // as it was of late, where the schedule does not say
  const most = going * 2 > earlier.length;
  if (gap <= (most ? SLACK * interval : Math.max(MISSED_RUNS * interval, WEEK))) return null;
  return {
    code: 'clock-jumped',
    message:
      `${going} of ${earlier.length} earlier snapshots would go at once, after ${describeDuration(gap)} without any: ` +
      'was the clock set forward, or was this host off',
  };
}

function longestGap(newestFirst: readonly RetentionSnapshot[]): Duration {
  const gaps = newestFirst.slice(1).map(({ time }, index) => elapsed(time, newestFirst[index]?.time ?? time));
  return Math.max(0, ...gaps) as Duration; // of durations
}

/** Nobody has seen yet what this policy does: neither to what others made, nor how far back it reaches. */
function firstApplication({ lastAppliedAt, counted, removals }: SmellInput): Smell | null {
  if (lastAppliedAt !== null) return null;
  const goes = new Set(removals);
  const beyond = new Set(counted.slice(counted.findLastIndex((snapshot) => !goes.has(snapshot)) + 1));
  // Between two that stay, what Holdfast itself made is thinned out as it was meant to be from the first day.
  const doubtful = removals.filter((snapshot) => snapshot.complete === null || (snapshot.complete && beyond.has(snapshot)));
  if (doubtful.length <= FEW_RUNS || doubtful.length * 2 <= counted.length) return null;
  return {
    code: 'first-application',
    message: `the policy is applied for the first time, and ${removals.length} of ${counted.length} snapshots would go`,
  };
}

// A median of bytes is bytes, if perhaps half of one.
const describe = (bytes: number): string => describeBytes(Math.round(bytes) as Bytes);
