// Which units and jobs a stage consists of: pure, from its patterns and from what was found. What a pattern matches and is
// not taken is kept with the reason: a gate never leaves anything out in silence.

import type { GateStage, ServiceConfig } from '../../config/configuration.ts';
import { hasWildcard, namePattern } from '../../lib/name-pattern.ts';
import { jobName } from '../../domain/naming.ts';
import type { FoundUnit } from '../../tools/systemd/manager.ts';
import { withSuffix } from '../../lib/unit-name.ts';
import { type Job, nameOf } from '../backup/backup-step.ts';
import { hasOwnRepositories } from '../postgres/plan-backup.ts';

export interface ArrangedStage {
  readonly stage: GateStage;
  /** Sorted. One that is named, not only matched, is among them whatever systemd says: running it tells what is wrong. */
  readonly units: readonly string[];
  readonly jobs: readonly Job[];
  /** Services with a PostgreSQL server, which an engine of its own backs up. */
  readonly engines: readonly ServiceConfig[];
  readonly leftOut: readonly LeftOut[];
  /** How many there are too few, or (negative) too many, of what `expect` or `atLeast` says; 0 when it is as it should be. */
  readonly short: number;
  readonly concurrency: number;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** `found`: what systemd answered for its patterns, and maybe for others; `jobs`: every job of the configuration; `taken`: of earlier stages. */
export function arrangeStage(
  stage: GateStage,
  found: readonly FoundUnit[],
  jobs: readonly Job[],
  taken: ReadonlySet<string> = new Set(),
  services: readonly ServiceConfig[] = [],
): ArrangedStage {
  const isExcluded = namePattern([...stage.exclude, ...stage.exclude.map(withSuffix)]); // services as they are
  const whyNot = (name: string): string | null => (isExcluded(name) ? 'excluded' : taken.has(name) ? TAKEN : null);
  const named = stage.units.filter((name) => !hasWildcard(name)).map(withSuffix);
  const isMatched = namePattern(stage.units.map(withSuffix));
  const candidates = new Map<string, string | null>(
    found.filter(({ name }) => isMatched(name)).map((unit) => [unit.name, whyNot(unit.name) ?? unsuitable(unit)]),
  );
  for (const name of named) candidates.set(name, whyNot(name));
  const isWanted = namePattern(stage.jobs);
  const matched = jobs.filter(({ service }) => isWanted(service.name));
  const whyNotJob = (job: Job): string | null => whyNot(nameOf(job)) ?? whyNot(job.service.name);
  const chosen = matched.filter((job) => whyNotJob(job) === null);
  const units = [...candidates].flatMap(([name, why]) => (why === null ? [name] : [])).toSorted();
  const engines = services.filter(
    (service) =>
      hasOwnRepositories(service) &&
      isWanted(service.name) &&
      whyNot(engineName(service.name)) === null &&
      !isExcluded(service.name),
  );
  const count = units.length + chosen.length + engines.length;
  return {
    stage,
    units,
    jobs: chosen,
    engines,
    leftOut: [...candidates, ...matched.map((job) => [nameOf(job), whyNotJob(job)] as const)].flatMap(([name, why]) =>
      why === null || why === ABSENT ? [] : [{ name, why }],
    ),
    short: shortfall(stage, count),
    concurrency: stage.concurrency ?? (units.some(isPostgres) ? 1 : Math.max(1, count)),
  };
}

/** As the job of an engine is called. */
export const engineName = (service: string): string => jobName(service, 'postgres');

const TAKEN = 'runs in an earlier stage';
/** systemd lists what something refers to; nobody asked for it. */
const ABSENT = 'does not exist';

/** It exists, and is to be started or at least to be spoken of. */
export const isThere = (unit: FoundUnit): boolean => [null, MASKED].includes(unsuitable(unit));

export const MASKED = 'masked';

function unsuitable({ name, load, file }: FoundUnit): string | null {
  if (name.includes('@.')) return 'a template: only its instances can run';
  if (load === 'masked' || file === 'masked') return MASKED;
  if (file === 'alias') return 'another name of a unit';
  if (load === 'not-found') return ABSENT;
  return null; // one that cannot be loaded is run all the same: that tells why
}

function shortfall({ expect, atLeast }: GateStage, count: number): number {
  if (expect !== null) return expect - count;
  return atLeast === null ? 0 : Math.max(0, atLeast - count);
}

/** Two at once would only take each other's time, or refuse (pgBackRest locks its stanza). */
const isPostgres = (unit: string): boolean => /^(?:pgbackrest|barman|postgresqlbackup|pg[-_]|wal-g)/i.test(unit);
