// What should exist and does not, or exists and should not: said before everything else. From the facts alone.

import { hasOwnRepositories } from '../postgres/plan-backup.ts';
import type { ServiceConfig } from '../../config/configuration.ts';
import { describeDuration, type Duration } from '../../domain/duration.ts';
import { heldHint, type HeldService, heldWords } from '../../domain/empty-start.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { elapsed, formatInstant, type Instant } from '../../domain/instant.ts';
import { jobName, shownId, stepId } from '../../domain/naming.ts';
import type { OpenProblem } from '../../domain/notification.ts';
import { nameOf } from '../../domain/notification-text.ts';
import { owesNothing } from '../../domain/protection.ts';
import type { Journal } from '../../journal/journal.ts';
import { placeOf } from '../../repositories/place.ts';
import { HELD_TIMERS_KIND, standingHold } from '../gate/hold-record.ts';
import { heldServices } from '../recover/empty-starts.ts';
import { diedHolding } from '../runner/dead-runs.ts';
import { failedRecoveries } from './failed-recovery.ts';
import type { JobFacts } from './job-facts.ts';
import type { RepositoryFacts } from './repository-facts.ts';
import type { StuckChannel } from './stuck-channels.ts';

/** The part of the journal that problems are read from, beside the facts. */
export type ProblemsJournal = Pick<Journal, 'latestStep' | 'latestSteps' | 'unfinishedRuns' | 'keptEffects'>;

export interface StatusProblem {
  readonly severity: 'problem' | 'warning';
  readonly subject: string;
  readonly message: string;
  readonly hint: string | null;
}

/** What people are not told. */
export interface Silence {
  readonly stuck: readonly StuckChannel[];
  /** Problems that no channel takes. */
  readonly unheard: readonly OpenProblem[];
}

/** Of a whole host: the worst first. */
export function problemsOf(
  known: readonly { readonly service: ServiceConfig; readonly facts: readonly JobFacts[] }[],
  repositories: readonly { readonly name: string; readonly whole: RepositoryFacts }[],
  journal: ProblemsJournal,
  { stuck, unheard }: Silence,
  now: Instant,
): StatusProblem[] {
  const problems = [
    ...left(journal),
    ...onHold(journal, now),
    ...heldServices(journal).map(runsOnNothing),
    ...failedRecoveries(known, journal, now),
    ...stuck.map((each) => undelivered(each, now)),
    ...unheard.map(untold),
    ...repositories.flatMap(({ name, whole }) => [...damaged(name, whole, now), ...notVerified(name, whole, journal, now)]),
    ...known.flatMap(({ service, facts }) => [
      ...jobless(service),
      ...neverRun(service, facts),
      ...facts.flatMap((fact) => surprises(service, fact, now)),
    ]),
  ];
  return [...severe(problems, 'problem'), ...severe(problems, 'warning')];
}

/** Whomever it touches: nobody may have found that out. */
function damaged(repository: string, { flaws }: RepositoryFacts, now: Instant): StatusProblem[] {
  if (flaws.size === 0) return [];
  const since = Math.min(...[...flaws.values()].map((flaw) => flaw.since)) as Instant; // the oldest of instants is one
  const files = flaws.size === 1 ? '1 of its files is' : `${flaws.size} of its files are`;
  const age = since > now ? '' : ` (found ${describeDuration(elapsed(since, now))} ago)`;
  return [
    {
      severity: 'problem',
      subject: repository,
      message: `${files} damaged or missing${age}`,
      hint: `holdfast verify ${repository} --data 100% tells whom that touches, and how to repair it`,
    },
  ];
}

/** The last try came to no end: nothing is known since the one before. */
function notVerified(
  repository: string,
  { verifiedAt }: RepositoryFacts,
  journal: ProblemsJournal,
  now: Instant,
): StatusProblem[] {
  const step = journal.latestStep(stepId.verify(repository), 'done');
  const at = step?.endedAt ?? null;
  const failed = step?.outcome === 'failed' || step?.outcome === 'timed-out';
  if (!step || !failed || step.error?.code === 'damaged' || at === null || at > now) return [];
  if (verifiedAt !== null && verifiedAt > at) return [];
  return [
    {
      severity: 'problem',
      subject: repository,
      message: `could not be verified ${describeDuration(elapsed(at, now))} ago: ${step.error?.message ?? step.reason ?? 'it did not say why'}`,
      hint: `holdfast verify ${repository}`,
    },
  ];
}

/** No backup starts by itself meanwhile: told as long as it is so, and loudly once it should be over. */
function onHold(journal: ProblemsJournal, now: Instant): StatusProblem[] {
  const hold = standingHold(journal);
  if (hold === null) return [];
  const { since, until, timers } = hold;
  const forgotten = until < now;
  return [
    {
      severity: forgotten ? 'problem' : 'warning',
      subject: timers.join(', '),
      message: `timers of backups are on hold since ${formatInstant(since)}${forgotten ? '; that was to end at' : ' until'} ${formatInstant(until)}`,
      hint: 'holdfast gate release',
    },
  ];
}

/** Its emptiness must not take the place of what copies there are. */
const runsOnNothing = (held: HeldService): StatusProblem => ({
  severity: 'problem',
  subject: held.service,
  message: heldWords(held),
  hint: heldHint(held),
});

/** Whoever relies on being told is not. */
const undelivered = ({ channel, since, waiting, error, hint }: StuckChannel, now: Instant): StatusProblem => ({
  severity: 'problem',
  subject: channel,
  message: `notifications do not come through${since > now ? '' : ` for ${describeDuration(elapsed(since, now))}`}${waiting === null ? '' : `, ${waiting}`} (${error})`,
  hint,
});

const untold = ({ kind, item }: OpenProblem): StatusProblem => ({
  severity: 'warning',
  subject: nameOf(item),
  message: `no channel takes ${kind}, so that nobody is told`,
  hint: "Widen a channel's events, services or minPriority below notifications.channels.",
});

/** A restore may have died with the data away and the unit stopped: that is said before anything else. */
const left = (journal: ProblemsJournal): StatusProblem[] =>
  diedHolding(journal).map(({ id, kind, effects }) => ({
    severity: 'problem',
    subject: `${kind} ${id}`,
    message: `died, and is not cleaned up after (${[...new Set(effects.map((effect) => effect.kind))].join(', ')})`,
    hint: effects.some((effect) => effect.kind === HELD_TIMERS_KIND)
      ? 'Starts the timers again: holdfast gate release'
      : 'Any `holdfast run` or `holdfast restore` does that first, and says what it did.',
  }));

/** Declared, owed something, and nothing makes it. */
function jobless(service: ServiceConfig): StatusProblem[] {
  const { name } = service;
  if (hasOwnRepositories(service)) return [];
  if (service.backup !== null || owesNothing(service.protection)) return [];
  return [
    {
      severity: 'problem',
      subject: name,
      message: 'declared, but no job backs it up',
      hint: `Give services.${name} a backup, or say protection: {class: ephemeral} if nothing in it is worth keeping.`,
    },
  ];
}

export const NEVER_BACKED_UP = 'never backed up';

/** The whole service where none of its jobs ever ran. */
function neverRun(service: ServiceConfig, facts: readonly JobFacts[]): StatusProblem[] {
  const never = facts.filter(
    (each) => !each.copy && !each.future && !each.gone && !each.found && !each.elsewhere && !each.lastRun,
  );
  const all = never.length === facts.length;
  const subjects = all
    ? [service.name].slice(0, facts.length)
    : never.map((each) => jobName(service.name, each.repository.name));
  return subjects.map((subject) => ({
    severity: 'problem',
    subject,
    message: NEVER_BACKED_UP,
    hint: `holdfast run ${service.name}`,
  }));
}

function surprises(service: ServiceConfig, facts: JobFacts, now: Instant): StatusProblem[] {
  const { repository, future, gone, found, elsewhere, archive } = facts;
  const subject = jobName(service.name, repository.name);
  const problems: StatusProblem[] = [];
  if (gone && gone.missing !== archive) {
    const age = describeDuration(Math.max(0, elapsed(gone.backup.at, gone.missing.at)) as Duration); // a span, not before zero
    problems.push({
      severity: 'problem',
      subject,
      message: `its newest complete snapshot ${shownId(gone.backup.snapshotId)} is gone (it was ${age} old when that was found)`,
      hint: `Find out who removed it before anything else; then: holdfast run ${service.name} --repository ${repository.name}`,
    });
  }
  if (future) {
    problems.push({
      severity: 'warning',
      subject,
      message: `has a copy dated ${describeDuration(elapsed(now, future.at))} in the future, which does not count`,
      hint: 'Was the clock set back? See timedatectl.',
    });
  }
  if (elsewhere) {
    problems.push({
      severity: 'problem',
      subject,
      message: `its newest copy on record was made in ${placeIn(elsewhere)}, and the repository is ${placeOf(repository)} now`,
      hint: `holdfast run ${service.name} --repository ${repository.name}`,
    });
  }
  if (archive && !archive.complete) {
    const troubles = archive.detail['troubles'];
    problems.push({
      severity: 'problem',
      subject,
      message: `${whatIsWrong(facts)}: ${Array.isArray(troubles) ? troubles.join('; ') : 'see the last look at it'}`,
      hint: gone
        ? `Is its file system mounted? Find out who removed it before anything else; then: holdfast postgres watch ${service.name}`
        : `holdfast postgres watch ${service.name}`,
    });
  }
  if (found) {
    const age = found.at > now ? 'the future' : `${describeDuration(elapsed(found.at, now))} ago`;
    problems.push({
      severity: 'warning',
      subject,
      message: `holds ${shownId(found.snapshotId)} of ${age}, and no record tells whether that is complete`,
      hint: `holdfast run ${service.name}`,
    });
  }
  return problems;
}

/** With the archive, or, which is worse, with what lies in it. */
function whatIsWrong({ archive, gone, unansweredAt }: JobFacts): string {
  if (gone && gone.missing === archive) return `it answers, and its backup ${gone.backup.snapshotId} is not there`;
  return unansweredAt === null ? 'its archive is not whole' : 'what it holds is not known';
}

const placeIn = ({ detail: { place } }: Evidence): string => (typeof place === 'string' ? place : 'another place');

const severe = (problems: readonly StatusProblem[], severity: StatusProblem['severity']): StatusProblem[] =>
  problems.filter((each) => each.severity === severity);
