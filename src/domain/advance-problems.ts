// When somebody is told. From the problems that are open and what was seen since, to the problems that are open now and what is
// to be told of them: once when something goes wrong, again at growing intervals as long as it lasts, once when it is over; and
// what has one cause in one message. Pure.

import { duration, type Duration } from './duration.ts';
import { elapsed, type Instant } from './instant.ts';
import type { OpenProblem, Problem, ProblemKind } from './notification.ts';

/** What a run found of one subject: it is wrong, or it is as it should be. In the order in which that was found. */
export type Fact =
  | { readonly type: 'wrong'; readonly problem: Problem }
  | { readonly type: 'well'; readonly key: string; readonly at: Instant };

export interface Seen {
  readonly facts: readonly Fact[];
  /** Every condition that holds now. */
  readonly conditions: readonly Problem[];
  /** Repositories that a run is at work on. */
  readonly busy: ReadonlySet<string>;
  /** When something of each grouping was last told. */
  readonly groupings: ReadonlyMap<string, Instant>;
  /** Whether a problem is about something that still exists. */
  readonly exists: (problem: Problem) => boolean;
  /** Whether there is anybody who would be told. */
  readonly hears: (telling: Telling) => boolean;
}

/** `new`: it went wrong. `still`: it is wrong all the time. `over`: it is as it should be again. */
export type Phase = 'new' | 'still' | 'over';

export interface Telling {
  readonly kind: ProblemKind;
  readonly phase: Phase;
  readonly grouping: string;
  readonly problems: readonly OpenProblem[];
}

/** What has the same cause is told together when the runs that are at work there have ended, but not later than this. */
export const GATHER = duration(10, 'm');
/** After something was told, more of the same waits so long to be told together. */
export const REST = duration(30, 'm');
const FIRST_REMINDER = duration(1, 'd');
const LAST_REMINDER = duration(7, 'd');

/** How long after the last time something that lasts is told again. */
export const reminderAfter = (timesTold: number): Duration =>
  Math.min(LAST_REMINDER, FIRST_REMINDER * 2 ** Math.max(0, timesTold - 1)) as Duration;

export interface Advanced {
  readonly problems: readonly OpenProblem[];
  readonly tellings: readonly Telling[];
  /** What would be told if there were anybody to tell: it does not count as told, and is once there is. */
  readonly unheard: readonly Telling[];
}

export function advanceProblems(open: readonly OpenProblem[], seen: Seen, now: Instant): Advanced {
  const problems = new Map(open.filter((each) => seen.exists(each)).map((each) => [each.key, each]));
  for (const fact of seen.facts) {
    if (fact.type === 'wrong') problems.set(fact.problem.key, wrong(problems.get(fact.problem.key), fact.problem));
    else if (!isOutdated(problems.get(fact.key), fact.at, now)) resolve(problems, fact.key, fact.at);
  }
  const holding = new Set(seen.conditions.map(({ key }) => key));
  for (const problem of seen.conditions) problems.set(problem.key, wrong(problems.get(problem.key), problem));
  for (const { key, source } of problems.values())
    if (source === 'condition' && !holding.has(key)) resolve(problems, key, now);

  const { true: heard = [], false: unheard = [] } = Object.groupBy(gather([...problems.values()], now), (telling) =>
    seen.hears(telling) ? 'true' : 'false',
  );
  const tellings = heard.filter((telling) => !rests(telling, seen, now));
  for (const { phase, problems: told } of tellings) {
    for (const problem of told) {
      if (phase === 'over') problems.delete(problem.key);
      else problems.set(problem.key, afterTelling(problem, now));
    }
  }
  for (const { phase, problems: over } of unheard) if (phase === 'over') for (const { key } of over) problems.delete(key);
  return { problems: [...problems.values()], tellings, unheard: unheard.filter(({ phase }) => phase !== 'over') };
}

/** It is so now, and not just for a moment; whether or not anybody was told. */
export const stands = (problem: OpenProblem, now: Instant): boolean =>
  problem.resolvedAt === null && (problem.toldAt !== null || hasPassed(problem.since, problem.patience, now));

/** One that is there already stays the same problem, with what is known of it now. */
function wrong(before: OpenProblem | undefined, problem: Problem): OpenProblem {
  if (!before) return { ...problem, since: problem.item.at, resolvedAt: null, toldAt: null, timesTold: 0, toldCauses: [] };
  return { ...before, ...problem, resolvedAt: null };
}

/** A long run is told of at its end: what it found well hours ago says nothing of what failed since. Not by a wrong clock's time. */
const isOutdated = (problem: OpenProblem | undefined, at: Instant, now: Instant): boolean =>
  problem !== undefined && problem.item.at > at && problem.item.at <= now;

/** What passed before anybody had to be told leaves nothing to tell; a run that failed must be told in any case. */
function resolve(problems: Map<string, OpenProblem>, key: string, at: Instant): void {
  const problem = problems.get(key);
  if (!problem || problem.resolvedAt !== null) return;
  if (problem.source === 'condition' && problem.toldAt === null) problems.delete(key);
  else problems.set(key, { ...problem, resolvedAt: at });
}

const afterTelling = (problem: OpenProblem, now: Instant): OpenProblem => ({
  ...problem,
  toldAt: now,
  timesTold: problem.timesTold + 1,
  toldCauses: [...new Set([...problem.toldCauses, problem.cause])].slice(-MOST_CAUSES),
});
const MOST_CAUSES = 20;

/** Null: there is nothing to tell of it now. */
function phaseOf(problem: OpenProblem, now: Instant): Phase | null {
  if (problem.resolvedAt !== null) return 'over';
  if (problem.toldAt === null) return hasPassed(problem.since, problem.patience, now) ? 'new' : null;
  if (!problem.toldCauses.includes(problem.cause)) return 'new';
  return hasPassed(problem.toldAt, reminderAfter(problem.timesTold), now) ? 'still' : null;
}

/** A clock that is set back a little changes nothing; what it had dated far ahead is not put off for that. */
const hasPassed = (since: Instant, wait: number, now: Instant): boolean => Math.abs(elapsed(since, now)) >= wait;

function gather(problems: readonly OpenProblem[], now: Instant): Telling[] {
  const groups = new Map<string, Telling>();
  for (const problem of problems.toSorted((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1))) {
    const phase = phaseOf(problem, now);
    if (phase === null) continue;
    const grouping = groupingOf(problem, phase);
    const group = groups.get(grouping);
    groups.set(grouping, { kind: problem.kind, phase, grouping, problems: [...(group?.problems ?? []), problem] });
  }
  return [...groups.values()];
}

export const groupingOf = ({ kind, group }: Pick<Problem, 'kind' | 'group'>, phase: Phase): string =>
  `${phase} ${kind} ${group}`;

/** More of the same is about to come, or just was told. A reminder waits for nothing. */
function rests({ phase, grouping, problems }: Telling, { busy, groupings }: Seen, now: Instant): boolean {
  if (phase === 'still') return false;
  const waited = elapsed(Math.min(...problems.map((each) => each.resolvedAt ?? each.item.at)) as Instant, now);
  const isBusy = problems.some(({ item }) => item.repository !== null && busy.has(item.repository));
  if (isBusy && Math.abs(waited) < GATHER) return true;
  const told = groupings.get(grouping);
  return told !== undefined && !hasPassed(told, REST, now);
}
