// Evidence against protection for each service, from the configuration and the journal alone: no repository is asked.
// What should exist and does not is said first.

import type { Configuration, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { describeDuration, type Duration } from '../../domain/duration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { EXIT } from '../../domain/exit-code.ts';
import { elapsed, formatInstant, type Instant, parseInstant } from '../../domain/instant.ts';
import { jobName, stepId } from '../../domain/naming.ts';
import { OUTCOMES, type Outcome } from '../../domain/outcome.ts';
import {
  type Count,
  owesNothing,
  PROTECTION_VERDICTS,
  protectionOf,
  type ProtectionVerdict,
  type RepositoryEvidence,
  type Standing,
} from '../../domain/protection.ts';
import type { Journal } from '../../journal/journal.ts';
import { HELD_TIMERS_KIND, holdRecord, LASTING_HOLD_KIND } from '../gate/hold-record.ts';
import { diedHolding } from '../runner/dead-runs.ts';
import { placeOf } from '../../repositories/place.ts';
import { type BelievedCopy, believedCopy, newestFound } from './believed-copy.ts';

export interface JobStatus {
  readonly job: string;
  readonly repository: string;
  readonly location: 'onsite' | 'offsite';
  readonly medium: string;
  readonly standing: Standing;
  readonly newest: { readonly snapshotId: string; readonly at: string; readonly ageSeconds: number | null } | null;
  readonly rpoSeconds: number | null;
  readonly lastRun: {
    readonly runId: string;
    readonly outcome: Outcome;
    readonly at: string;
    readonly reason: string | null;
  } | null;
  readonly failing: boolean;
  /** The part of the service's `missing` that is about this repository. */
  readonly issues: readonly string[];
}

export interface ServiceStatus {
  readonly service: string;
  readonly class: string;
  readonly verdict: ProtectionVerdict;
  readonly copies: Count;
  readonly media: Count;
  readonly offsite: Count;
  readonly missing: readonly string[];
  readonly unproven: readonly string[];
  readonly jobs: readonly JobStatus[];
}

export interface StatusProblem {
  readonly severity: 'problem' | 'warning';
  readonly subject: string;
  readonly message: string;
  readonly hint: string | null;
}

export interface StatusReport {
  readonly schemaVersion: 1;
  readonly kind: 'status';
  readonly host: string;
  readonly at: string;
  /** What `status --check` ends with. */
  readonly checkExitCode: number;
  readonly counts: Readonly<Record<ProtectionVerdict, number>>;
  readonly problems: readonly StatusProblem[];
  readonly services: readonly ServiceStatus[];
}

export interface StatusInput {
  readonly config: Pick<Configuration, 'host' | 'repositories'>;
  /** Those asked for. */
  readonly services: readonly ServiceConfig[];
  readonly journal: Pick<Journal, 'evidence' | 'latestStep' | 'unfinishedRuns' | 'keptEffects'>;
  readonly now: Instant;
}

/** Three short indexed queries for each job. */
export function statusOf({ config, services, journal, now }: StatusInput): StatusReport {
  const known = services.map((service) => {
    const repositories = (service.backup?.repositories ?? []).flatMap((name) => config.repositories.get(name) ?? []);
    return { service, facts: repositories.map((repository) => factsOf(service, repository, journal, now)) };
  });
  const statuses = known.map(({ service, facts }) => serviceStatus(service, facts, now));
  const problems = [
    ...left(journal),
    ...onHold(journal, now),
    ...known.flatMap(({ service, facts }) => [
      ...jobless(service),
      ...neverRun(service, facts),
      ...facts.flatMap((fact) => surprises(service, fact, now)),
    ]),
  ];
  const count = (verdict: ProtectionVerdict): number => statuses.filter((each) => each.verdict === verdict).length;
  return {
    schemaVersion: 1,
    kind: 'status',
    host: config.host,
    at: formatInstant(now),
    checkExitCode: checkExitCode(statuses, problems),
    // every verdict is a key
    counts: Object.fromEntries(PROTECTION_VERDICTS.map((each) => [each, count(each)])) as Record<ProtectionVerdict, number>,
    problems: [...severe(problems, 'problem'), ...severe(problems, 'warning')],
    services: statuses,
  };
}

/**
 * 2 when something is unprotected, failing or lost, 1 when something is at risk. Verifications and drills that are owed and
 * missing are told, but do not count: a check that cannot become 0 is a check that nobody looks at.
 */
function checkExitCode(services: readonly ServiceStatus[], problems: readonly StatusProblem[]): number {
  const lost = services.some((each) => each.verdict === 'unprotected' || each.jobs.some((job) => job.failing));
  if (lost || problems.some((each) => each.severity === 'problem')) return EXIT.failed;
  return services.some((each) => each.verdict === 'at-risk') ? EXIT.partial : EXIT.ok;
}

interface Facts extends BelievedCopy {
  readonly repository: RepositoryConfig;
  readonly lastRun: JobStatus['lastRun'];
  /** The newest snapshot that the repository was found to hold, where no copy is on record. */
  readonly found: Evidence | null;
}

function factsOf(
  service: ServiceConfig,
  repository: RepositoryConfig,
  journal: StatusInput['journal'],
  now: Instant,
): Facts {
  const step = journal.latestStep(stepId.backup(service.name, repository.name));
  const outcome = OUTCOMES.find((each) => each === step?.outcome);
  const job = { service: service.name, repository: repository.name };
  const believed = believedCopy(journal, { ...job, place: placeOf(repository) }, now);
  const found = believed.copy || believed.gone ? null : newestFound(journal, job);
  return {
    repository,
    ...believed,
    found: found ?? null,
    lastRun: step?.endedAt && outcome ? { runId: step.runId, outcome, at: step.endedAt, reason: step.reason } : null,
  };
}

function serviceStatus(service: ServiceConfig, facts: readonly Facts[], now: Instant): ServiceStatus {
  const { repositories, ...protection } = protectionOf(service.protection, facts.map(evidenceOf), now);
  return {
    service: service.name,
    class: service.protection.class,
    ...protection,
    jobs: facts.map((fact, index): JobStatus => {
      const { repository, lastRun } = fact;
      const state = repositories[index];
      const newest = fact.copy ?? fact.future;
      return {
        job: jobName(service.name, repository.name),
        repository: repository.name,
        location: repository.location,
        medium: repository.medium,
        standing: state?.standing ?? 'none',
        newest: newest && {
          snapshotId: newest.snapshotId,
          at: formatInstant(newest.at),
          ageSeconds: state?.age === undefined || state.age === null ? null : state.age / 1000,
        },
        rpoSeconds: state?.rpo === undefined || state.rpo === null ? null : state.rpo / 1000,
        lastRun,
        failing: state?.failing ?? false,
        issues: state?.issues ?? [],
      };
    }),
  };
}

const evidenceOf = ({ repository, copy, future, lastRun }: Facts): RepositoryEvidence => {
  const at = lastRun && parseInstant(lastRun.at);
  return {
    repository: repository.name,
    location: repository.location,
    medium: repository.medium,
    newestComplete: (copy ?? future)?.at ?? null,
    lastAttempt: lastRun && at !== null ? { outcome: lastRun.outcome, at } : null,
    verifiedAt: null, // nothing verifies or drills yet
    drilledAt: null,
  };
};

/** No backup starts by itself meanwhile: told as long as it is so, and loudly once it should be over. */
function onHold(journal: StatusInput['journal'], now: Instant): StatusProblem[] {
  const kept = journal.keptEffects(LASTING_HOLD_KIND);
  const records = kept.map(({ payload }) => holdRecord(payload));
  if (kept.length === 0) return [];
  // several are one hold that was made longer
  const since = formatInstant(Math.min(...kept.map(({ keptAt }) => keptAt)) as Instant);
  const until = Math.max(...records.map((record) => record.until ?? 0)) as Instant;
  const forgotten = until < now;
  return [
    {
      severity: forgotten ? 'problem' : 'warning',
      subject: [...new Set(records.flatMap(({ timers }) => timers))].toSorted().join(', '),
      message: `timers of backups are on hold since ${since}${forgotten ? '; that was to end at' : ' until'} ${formatInstant(until)}`,
      hint: 'holdfast gate release',
    },
  ];
}

/** A restore may have died with the data away and the unit stopped: that is said before anything else. */
const left = (journal: StatusInput['journal']): StatusProblem[] =>
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
  if (service.postgres !== null) {
    return [
      {
        severity: 'problem',
        subject: name,
        message: 'its PostgreSQL cluster is declared, and this version backs none up',
        hint: 'Keep the way in which it is backed up today.',
      },
    ];
  }
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
function neverRun(service: ServiceConfig, facts: readonly Facts[]): StatusProblem[] {
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

function surprises(service: ServiceConfig, facts: Facts, now: Instant): StatusProblem[] {
  const { repository, future, gone, found, elsewhere } = facts;
  const subject = jobName(service.name, repository.name);
  const problems: StatusProblem[] = [];
  if (gone) {
    const age = describeDuration(Math.max(0, elapsed(gone.backup.at, gone.missing.at)) as Duration); // a span, not before zero
    problems.push({
      severity: 'problem',
      subject,
      message: `its newest complete snapshot ${gone.backup.snapshotId.slice(0, 8)} is gone (it was ${age} old when that was found)`,
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
  if (found) {
    const age = found.at > now ? 'the future' : `${describeDuration(elapsed(found.at, now))} ago`;
    problems.push({
      severity: 'warning',
      subject,
      message: `holds ${found.snapshotId.slice(0, 8)} of ${age}, and no record tells whether that is complete`,
      hint: `holdfast run ${service.name}`,
    });
  }
  return problems;
}

const placeIn = ({ detail: { place } }: Evidence): string => (typeof place === 'string' ? place : 'another place');

const severe = (problems: readonly StatusProblem[], severity: StatusProblem['severity']): StatusProblem[] =>
  problems.filter((each) => each.severity === severity);
