// Which snapshots of one job stay and which may go: restic's keep rules, and on top of them what no rule may ever remove and
// when to stop and ask. Pure; deciding removes nothing. One decision is for one job: one host, one service, one repository.

import { duration, type Duration } from './duration.ts';
import { formatInstant, later, type Instant } from './instant.ts';
import { droppingRules, keepsNothing, type RetentionPolicy } from './retention-policy.ts';
import type { RetentionSnapshot } from './retention-rules.ts';
import { newestBytes, smellsOf, type SmellCode, type SmellInput } from './retention-smells.ts';
import { keptByRules, newestTrusted, reasonsToStay } from './retention-stay.ts';
import { parseSnapshotTime } from './retention-time.ts';

export { applyPolicy, type RetentionSnapshot, type RuleResult } from './retention-rules.ts';

export interface RetentionApplication {
  readonly at: Instant;
  /** The newest complete snapshot that it counted; see `newestTrusted`. */
  readonly newestId: string | null;
  /** See `RetentionDecision.remember`. */
  readonly acceptedBytes?: number | null;
}

export interface RetentionInput {
  readonly service: string;
  readonly now: Instant;
  readonly policy: RetentionPolicy;
  /** The policy of the last application; null when there was none. */
  readonly previousPolicy: RetentionPolicy | null;
  readonly snapshots: readonly RetentionSnapshot[];
  readonly newestVerifiedId: string | null;
  readonly lastApplication: RetentionApplication | null;
  /** Between two scheduled runs, the shortest where they differ; null when unknown, which is judged like hourly. */
  readonly expectedInterval: Duration | null;
  /** A person has seen the refusal and wants it done (`--confirm SERVICE`). */
  readonly confirmed: boolean;
  /** Why nothing of this service may be removed at all now; null: nothing forbids it. */
  readonly held: string | null;
}

export interface RetentionRefusal {
  /** The most alarming of what smells. */
  readonly code: SmellCode;
  readonly message: string;
  readonly hint: string;
}

export interface RetentionEntry {
  readonly id: string;
  readonly time: Instant;
  readonly bytes: number | null;
  readonly complete: boolean | null;
  readonly keep: boolean;
  /** It would go, but for the refusal or hold of the whole job. */
  readonly spared: boolean;
  readonly reasons: readonly string[];
}

export interface RetentionTally {
  readonly snapshots: number;
  /** Bytes processed when they were made, not what removing them frees; snapshots without a size count 0. */
  readonly bytes: number;
}

export interface RetentionDecision {
  readonly service: string;
  /** Newest first. */
  readonly entries: readonly RetentionEntry[];
  /** It stopped for this job, nothing may be removed, the run is partial. */
  readonly refusal: RetentionRefusal | null;
  /** Why nothing may be removed now though the rules would: no fault, nothing to confirm. */
  readonly hold: string | null;
  readonly warnings: readonly string[];
  readonly kept: RetentionTally;
  readonly removed: RetentionTally;
  /** Part of `kept`. */
  readonly spared: RetentionTally;
  /**
   * To be stored together with the policy once every removal has succeeded; null when the former record must stay, because
   * nothing was applied: storing a changed policy then would hide the change from the next decision.
   */
  readonly remember: Required<RetentionApplication> | null;
}

/** Clocks of two machines differ; more than that is a snapshot from the future. */
const CLOCK_TOLERANCE = duration(5, 'm');

/**
 * What the rules keep stays, for each degree of trust of its own; see `keptByRules`. The newest proven complete and the newest
 * verified one always stay, confirmed or not, and so does what came after that newest one: it may be all there is of its time.
 *
 * Snapshots dated in the future do not count and are not removed: whoever may add snapshots may choose their dates. Without a
 * new complete snapshot since the last application nothing goes at all, so that a job that stopped running loses nothing, and
 * deciding twice changes nothing.
 *
 * Throws `tool-output` when a snapshot's time cannot be read.
 */
export function decideRetention(input: RetentionInput): RetentionDecision {
  const sorted = newestFirst(input.snapshots);
  const horizon = later(input.now, CLOCK_TOLERANCE);
  const counted = sorted.filter(({ time }) => time <= horizon);
  const newest = newestTrusted(counted);
  const future = sorted
    .filter(({ time }) => time > horizon)
    .map(({ id }) => [id, ['dated in the future: not counted']] as const);
  const reasons = new Map([...reasonsToStay(counted, input.policy, input.newestVerifiedId), ...future]);
  const removals = counted.filter(({ id }) => !reasons.has(id));

  const history = historyOf(input, counted, newest);
  const hold = removals.length === 0 ? null : (input.held ?? holdOf(input, history));
  const smell = smellInput(input, counted, removals, history);
  const smells = hold === null ? smellsOf(smell) : [];
  const refusal = input.confirmed ? null : refusalOf(input, smells);
  const stopped = refusal !== null || hold !== null;

  const entries = sorted.map((snapshot): RetentionEntry => {
    const { id, time, bytes, complete } = snapshot;
    const stay = reasons.get(id);
    const why = stay ?? [complete === false ? 'incomplete, and no rule keeps it' : 'no rule keeps it'];
    return {
      id,
      time,
      bytes,
      complete,
      keep: stay !== undefined || stopped,
      spared: stay === undefined && stopped,
      reasons: why,
    };
  });
  return {
    service: input.service,
    entries,
    refusal,
    hold,
    warnings: warningsOf(input, sorted, horizon),
    kept: tally(entries.filter(({ keep }) => keep)),
    removed: tally(entries.filter(({ keep }) => !keep)),
    spared: tally(entries.filter(({ spared }) => spared)),
    remember:
      stopped || keepsNothing(input.policy) || !history.hasNew
        ? null
        : {
            at: input.now,
            newestId: newest?.id ?? null,
            acceptedBytes: acceptedBytes(
              input,
              smell,
              smells.some(({ code }) => code === 'shrunk'),
            ),
          },
  };
}

/** Equal times by id, so that the same snapshots always give the same decision. */
function newestFirst(snapshots: readonly RetentionSnapshot[]): RetentionSnapshot[] {
  const order = new Map(snapshots.map(({ id, timeText }) => [id, parseSnapshotTime(timeText).nanoseconds]));
  const at = (id: string): bigint => order.get(id) ?? 0n;
  return snapshots.toSorted((a, b) => {
    if (at(a.id) !== at(b.id)) return at(a.id) < at(b.id) ? 1 : -1;
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  });
}

interface History {
  /** There is a complete snapshot that the last application did not know. */
  readonly hasNew: boolean;
  readonly arrivals: readonly RetentionSnapshot[];
  readonly backdated: readonly RetentionSnapshot[];
}

/** What came since the last application, as far as dates tell. */
function historyOf(input: RetentionInput, counted: readonly RetentionSnapshot[], newest: RetentionSnapshot | null): History {
  const last = input.lastApplication;
  if (last === null) return { hasNew: newest !== null, arrivals: counted, backdated: [] };
  // Among all snapshots: with the clock set back the one it knew is now dated in the future, and nothing is newer.
  const known = input.snapshots.find(({ id }) => id === last.newestId);
  const since = known ? parseSnapshotTime(known.timeText).nanoseconds : BigInt(last.at) * 1_000_000n;
  const isNew = (snapshot: RetentionSnapshot): boolean =>
    last.newestId === null ? true : parseSnapshotTime(snapshot.timeText).nanoseconds > since;
  const arrivals = counted.filter(isNew);
  const earlier = counted.filter((snapshot) => snapshot.complete !== false && !isNew(snapshot));
  // The same rules, applied again to what they left, remove nothing. What they would remove was not there.
  const explained = keptByRules(earlier, input.policy);
  const backdated = samePolicy(input.policy, input.previousPolicy)
    ? earlier.filter(({ id }) => !explained.has(id) && id !== input.newestVerifiedId)
    : [];
  return {
    hasNew: newest !== null && newest.id !== last.newestId && isNew(newest),
    arrivals,
    backdated,
  };
}

function holdOf(input: RetentionInput, history: History): string | null {
  if (history.hasNew || input.lastApplication === null) return null;
  const changed = policyChanged(input) ? '; the changed policy is applied after the next backup' : '';
  return `no new complete snapshot since the last application at ${formatInstant(input.lastApplication.at)}${changed}`;
}

const smellInput = (
  input: RetentionInput,
  counted: readonly RetentionSnapshot[],
  removals: readonly RetentionSnapshot[],
  { arrivals, backdated }: History,
): SmellInput => ({
  now: input.now,
  policyChanged: policyChanged(input),
  droppingRules: droppingRules(input.policy),
  lastAppliedAt: input.lastApplication?.at ?? null,
  interval: input.expectedInterval,
  acceptedBytes: input.lastApplication?.acceptedBytes ?? null,
  counted,
  arrivals,
  backdated,
  removals,
});

function refusalOf(input: RetentionInput, smells: ReturnType<typeof smellsOf>): RetentionRefusal | null {
  const [first] = smells;
  if (!first) return null;
  return {
    code: first.code,
    message: smells.map(({ message }) => message).join('; '),
    hint:
      `Look at \`holdfast retention plan ${input.service}\`. If what it would remove may go, ` +
      `run \`holdfast retention apply ${input.service} --confirm ${input.service}\`.`,
  };
}

/** A confirmed shrink is remembered, or each of the larger snapshots would stop the job again on its way out. */
function acceptedBytes(input: RetentionInput, smell: SmellInput, shrunk: boolean): number | null {
  const newest = newestBytes(smell);
  if (shrunk && input.confirmed) return newest;
  const accepted = smell.acceptedBytes;
  return accepted !== null && newest !== null && newest > accepted * 2 ? null : accepted;
}

function warningsOf(input: RetentionInput, snapshots: readonly RetentionSnapshot[], horizon: Instant): string[] {
  const warnings: string[] = [];
  const future = snapshots.filter(({ time }) => time > horizon);
  const [latest] = future;
  if (latest) {
    const what = future.length === 1 ? 'one snapshot is' : `${future.length} snapshots are`;
    warnings.push(
      `${what} dated in the future (up to ${formatInstant(latest.time)}): check the clocks of this host and of the one that made it`,
    );
  }
  if (keepsNothing(input.policy) && snapshots.length > future.length)
    warnings.push('the policy has no rule: everything stays');
  return warnings;
}

const policyChanged = ({ policy, previousPolicy }: RetentionInput): boolean =>
  previousPolicy !== null && !samePolicy(policy, previousPolicy);

function samePolicy(a: RetentionPolicy, b: RetentionPolicy | null): boolean {
  const text = (policy: RetentionPolicy): string => {
    const { last, hourly, daily, weekly, monthly, yearly, within, tags } = policy;
    return JSON.stringify([last, hourly, daily, weekly, monthly, yearly, within, [...new Set(tags)].toSorted()]);
  };
  return b !== null && text(a) === text(b);
}

const tally = (entries: readonly RetentionEntry[]): RetentionTally => ({
  snapshots: entries.length,
  bytes: entries.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
});
