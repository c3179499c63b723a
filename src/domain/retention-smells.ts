// What makes a removal smell like a mistake or an attack: a changed policy that empties the history, a flood of snapshots,
// new copies that are far smaller than the ones they push out. It only judges; retention.ts decides what follows.

import { describeBytes, type Bytes } from './bytes.ts';
import { duration, formatDuration, type Duration } from './duration.ts';
import { elapsed, formatInstant, type Instant } from './instant.ts';
import type { RetentionSnapshot } from './retention-rules.ts';
import { newestTrusted } from './retention-stay.ts';

export type SmellCode = 'shrunk' | 'too-many-new' | 'policy-changed';

export interface Smell {
  readonly code: SmellCode;
  /** One sentence without its full stop. */
  readonly message: string;
}

export interface SmellInput {
  readonly now: Instant;
  readonly policyChanged: boolean;
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

/** How many of the newest speak for "the newest": one odd run among three does not stop a job, one alone does. */
const NEWEST = 3;
/** Unscheduled runs that are ordinary between two applications: somebody deploys, or tries things out. */
const ORDINARY_EXTRA_RUNS = 10;
/** As many as that are enough to stop when they push out most of the earlier history. */
const FEW_RUNS = 3;
/** A schedule explains that many times the runs it asks for: catching up, retries, a gate before each deployment. */
const SLACK = 3;
const HOUR = duration(1, 'h');

/** All that smells, the most alarming first; nothing smells when nothing would go. */
export function smellsOf(input: SmellInput): Smell[] {
  if (input.removals.length === 0) return [];
  return [shrunk(input), tooManyNew(input), policyChanged(input)].filter((smell) => smell !== null);
}

/** The size that speaks for the newest copies: the median of the newest few. Null when none of them has a size. */
export const newestBytes = (input: Pick<SmellInput, 'arrivals'>): number | null => median(sizes(newestFew(input)));

/** Of the proven ones where there are any: what others add must not speak for a job that is known. */
function newestFew({ arrivals }: Pick<SmellInput, 'arrivals'>): RetentionSnapshot[] {
  const trust = newestTrusted(arrivals)?.complete ?? null;
  return arrivals.filter(({ complete }) => complete === trust).slice(0, NEWEST);
}

function shrunk(input: SmellInput): Smell | null {
  const newest = newestBytes(input);
  const others = (known: ReadonlySet<RetentionSnapshot>): number =>
    median(sizes(input.removals.filter((snapshot) => snapshot.complete !== false && !known.has(snapshot)))) ?? 0;
  // Also without all that arrived: after a flood of empty copies their own kind would be most of what goes.
  const pushedOut = Math.max(
    others(new Set(newestFew(input))),
    input.lastAppliedAt === null ? 0 : others(new Set(input.arrivals)),
  );
  if (newest === null || newest * 2 >= pushedOut) return null;
  if (input.acceptedBytes !== null && newest * 2 >= input.acceptedBytes) return null;
  return {
    code: 'shrunk',
    message: `the newest copies hold ${describe(newest)}, those that would go ${describe(pushedOut)}: was something lost`,
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

const sizes = (snapshots: readonly RetentionSnapshot[]): number[] =>
  snapshots.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]));

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

// A median of bytes is bytes, if perhaps half of one.
const describe = (bytes: number): string => describeBytes(Math.round(bytes) as Bytes);
