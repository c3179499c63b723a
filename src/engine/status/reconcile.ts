// What a repository really holds against what the journal believes: the facts to add, and what is alarming. `reconcile` is
// pure; `reconcileWith` asks the repository once and is used inside a step. Nothing is ever removed anywhere.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { type Evidence, NOT_HELD } from '../../domain/evidence.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { jobName, repositoryLock, serviceOfTags, shownId, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext } from '../../domain/plan.ts';
import type { Journal, RecordedEvidence } from '../../journal/journal.ts';
import { mayBeAlive } from '../../process/identity.ts';
import { placeOf } from '../../repositories/place.ts';
import { checkMount } from '../../repositories/preflight.ts';
import { resticSnapshots, type Snapshot } from '../../tools/restic/snapshots.ts';
import { goneConfiguration } from '../configuration/kept-configuration.ts';
import { heldCounts } from './held-counts.ts';
import { countingFacts, knownCompleteness } from './believed-copy.ts';
import { copiesStep, type Listings } from './copies.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';

export interface Holdings {
  readonly repository: string;
  /** Where that is: see repositories/place.ts. */
  readonly place: string;
  /** The services that are meant to be in it. */
  readonly services: readonly string[];
  /** All of this host's snapshots in it. */
  readonly snapshots: readonly Snapshot[];
  /** Facts that count, newest first, read before the repository was listed: a later one cannot be in the list. */
  readonly before: ReadonlyMap<string, readonly RecordedEvidence[]>;
  /** Ids of snapshots that the journal knows, read after the repository was listed. */
  readonly known: ReadonlySet<string>;
  /** Whether a snapshot that had been lost and is there again was complete when it was made. */
  readonly formerly: ReadonlyMap<string, boolean>;
  /** When the oldest backup that still runs began: what is newer will be recorded by its own run. */
  readonly runningSince: Instant | null;
  readonly now: Instant;
}

export interface Reconciliation {
  readonly evidence: readonly Evidence[];
  readonly found: number;
  readonly missing: number;
  /** One sentence for each service whose newest complete snapshot is gone. */
  readonly alarms: readonly string[];
}

export function reconcile(holdings: Holdings): Reconciliation {
  const { repository, place, services, snapshots, before, known, formerly, runningSince, now } = holdings;
  const held = new Set(snapshots.map(({ id }) => id));
  const declared = new Set(services);
  const alarms: string[] = [];

  const found = snapshots.flatMap((snapshot): Evidence[] => {
    const service = serviceOfTags(snapshot.tags);
    if (service === null || !declared.has(service) || known.has(snapshot.id)) return [];
    if (runningSince !== null && snapshot.time >= runningSince) return [];
    const figures = snapshot.summary && { files: snapshot.summary.totalFiles, bytes: snapshot.summary.bytesProcessed };
    const complete = formerly.get(snapshot.id);
    return [
      {
        // What made it knew whether everything was there and readable; where that record is lost, it is not proven.
        kind: complete === undefined ? 'found' : 'backup',
        service,
        repository,
        snapshotId: snapshot.id,
        at: snapshot.time,
        complete: complete ?? false,
        detail: { tool: 'restic', how: 'found in the repository', place, ...figures },
      },
    ];
  });

  const missing = services.flatMap((service) => {
    // what retention removed is on record as that: whatever else is gone, somebody else took
    const gone = (before.get(service) ?? []).filter((fact) => fact.complete && !held.has(fact.snapshotId));
    const [newest] = gone;
    if (newest) {
      const age = describeDuration(elapsed(newest.at, newest.at > now ? newest.at : now));
      const others = gone.length > 1 ? `, and ${gone.length - 1} older` : '';
      const isNewest = newest === before.get(service)?.find(({ complete }) => complete);
      const which = isNewest ? 'the newest complete' : 'a complete';
      alarms.push(
        `${which} snapshot of ${jobName(service, repository)}, ${shownId(newest.snapshotId)} (made ${age} ago), is gone${others}`,
      );
    }
    const unheld = (before.get(service) ?? []).filter((fact) => fact.kind === 'found' && !held.has(fact.snapshotId));
    return [...gone, ...unheld].map((fact): Evidence => ({
      kind: 'missing',
      service,
      repository,
      snapshotId: fact.snapshotId,
      at: now,
      complete: true,
      detail: { how: NOT_HELD },
    }));
  });
  return { evidence: [...found, ...missing], found: found.length, missing: missing.length, alarms };
}

/** Lists the repository (once) and reconciles. Its lock must be held, shared at least. Records nothing: the step's result does. */
export async function reconcileWith(
  repository: RepositoryConfig,
  services: readonly string[],
  toolbox: Toolbox,
  context: Pick<StepContext, 'signal' | 'now' | 'runId'>,
): Promise<Reconciliation & { readonly snapshots: readonly Snapshot[] }> {
  const { journal, host } = toolbox;
  const place = placeOf(repository);
  const read = (): ReadonlyMap<string, readonly RecordedEvidence[]> =>
    new Map(services.map((service) => [service, countingFacts(journal, { service, repository: repository.name, place })]));
  const before = read();
  const snapshots = await resticSnapshots(
    await accessTo(toolbox, repository, context.signal),
    { host },
    { signal: context.signal },
  );
  const runningSince = oldestRunning(journal, context.runId); // before the next line: a run that ends now is in one of them
  const known = new Set([...read().values()].flat().map((fact) => fact.snapshotId));
  // wherever the repository was: what is in it moved with it
  const formerly = new Map(
    services.flatMap((service) => [...knownCompleteness(journal, { service, repository: repository.name })]),
  );
  const now = context.now();
  const holdings = { repository: repository.name, place, services, snapshots, before, known, formerly, runningSince, now };
  const found = reconcile(holdings);
  return { ...found, evidence: [...found.evidence, ...goneConfiguration(journal, repository, snapshots, now)], snapshots };
}

function oldestRunning(journal: Journal, self: string): Instant | null {
  const oldest = journal.unfinishedRuns().find((run) => run.id !== self && run.kind === 'run' && mayBeAlive(run.process));
  return oldest?.startedAt ?? null;
}

/** Asks each repository once. An unreachable one fails its own step: nothing is known of it then, and nothing is recorded. */
export function planRefresh(
  host: string,
  repositories: readonly { readonly repository: RepositoryConfig; readonly services: readonly string[] }[],
  toolbox: Toolbox,
): Plan {
  const listings: Listings = new Map();
  return {
    kind: 'refresh',
    host,
    limits: {},
    steps: [
      ...repositories.map(({ repository, services }) => refreshStep(repository, services, toolbox, listings)),
      ...(repositories.length > 1 ? [copiesStep(repositories, listings, toolbox)] : []),
    ],
  };
}

const refreshStep = (
  repository: RepositoryConfig,
  services: readonly string[],
  toolbox: Toolbox,
  listings: Listings,
): Step => ({
  id: stepId.refresh(repository.name),
  title: `Ask ${repository.name} what it holds`,
  repository: repository.name,
  locks: [{ name: repositoryLock(repository.name), mode: 'shared' }],
  timeout: duration(10, 'm'),
  weight: 'counted',
  async run(context) {
    await checkMount(repository);
    const { evidence, found, missing, alarms, snapshots } = await reconcileWith(repository, services, toolbox, context);
    listings.set(repository.name, snapshots);
    return {
      outcome: alarms.length > 0 ? 'partial' : 'succeeded',
      reason: alarms.length > 0 ? alarms.join('; ') : null,
      result: { snapshots: snapshots.length, found, missing, held: heldCounts(services, snapshots) },
      evidence,
    };
  },
});
