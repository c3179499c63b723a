// The plan of `holdfast retention`: for each repository one listing, one decision for each service, one removal by id; then
// the removal of unused data on its own cadence. Deciding is domain/retention.ts; nothing here has an opinion.

import { cadenceOf } from '../../config/cadence.ts';
import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { shortestInterval } from '../../domain/frequency.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { heldWords } from '../../domain/empty-start.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { elapsed, type Instant, later } from '../../domain/instant.ts';
import { repositoryLock, serviceOfTags, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { decideRetention, type RetentionDecision } from '../../domain/retention.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { type ForgetResult, resticForget } from '../../tools/restic/forget.ts';
import { resticPrune } from '../../tools/restic/prune.ts';
import { resticSnapshots, type Snapshot } from '../../tools/restic/snapshots.ts';
import { checkMount, checkPassword } from '../../repositories/preflight.ts';
import type { Job } from '../backup/backup-step.ts';
import { type Maintenance, maintenanceOf } from '../repository/maintenance.ts';
import { goneConfiguration } from '../configuration/kept-configuration.ts';
import { jobsOf, toolStep } from '../backup/plan-run.ts';
import { recordedCompleteness } from '../snapshots/observe-snapshots.ts';
import { formerNames, undeclared } from './left-behind.ts';
import { heldService } from '../recover/empty-starts.ts';
import { lastRetention, removalEvidence, retentionEvidence } from './retention-memory.ts';
import { selectService, selectServices } from '../select.ts';
import type { Toolbox } from '../toolbox.ts';

export interface RetentionSelection {
  /** Shell patterns; all services when empty. */
  readonly services: readonly string[];
  /** False: decide and show, remove nothing. */
  readonly apply: boolean;
  /** Names of services whose refusal a person has seen and overrides. */
  readonly confirmed: readonly string[];
}

/** Is told each decision, for the screen. */
export type DecisionListener = (job: Job, decision: RetentionDecision) => void;

/** Throws `usage` for names that select nothing, and for a confirmation of what is not selected. */
export function planRetention(
  config: Configuration,
  selection: RetentionSelection,
  toolbox: Toolbox,
  onDecision: DecisionListener,
): Plan {
  const services = selectServices(config, selection.services);
  const confirmed = new Set(selection.confirmed.map((name) => selectService(config, name).name));
  const astray = [...confirmed].find((name) => !services.some((service) => service.name === name));
  if (astray !== undefined) throw confirmedInVain(astray);
  const jobs = jobsOf(config, services);
  const byRepository = Map.groupBy(jobs, (job) => job.repository);
  const decisions = [...byRepository].map(([repository, mine]) =>
    retentionStep(repository, { jobs: mine, config, selection, confirmed, toolbox, onDecision }),
  );
  const tool = toolStep(toolbox);
  const prune = selection.apply ? [...byRepository.keys()].map((repository) => pruneStep(repository, toolbox)) : [];
  if (jobs.length === 0) throw nothing(selection);
  return {
    kind: selection.apply ? 'retention' : 'retention-plan',
    host: config.host,
    limits: {},
    steps: [tool, ...decisions.map((step) => ({ ...step, needs: [tool.id] })), ...prune],
  };
}

/** Between two looks at one clock, or two machines'. */
const CLOCKS_DIFFER = duration(5, 'm');

interface Work {
  readonly jobs: readonly Job[];
  readonly config: Configuration;
  readonly selection: RetentionSelection;
  readonly confirmed: ReadonlySet<string>;
  readonly toolbox: Toolbox;
  readonly onDecision: DecisionListener;
}

function retentionStep(repository: RepositoryConfig, work: Work): Step {
  const { apply } = work.selection;
  return {
    id: stepId.retention(repository.name),
    title: `${apply ? 'Apply' : 'Decide'} retention in ${repository.name}`,
    repository: repository.name,
    locks: [{ name: repositoryLock(repository.name), mode: apply ? 'exclusive' : 'shared' }],
    weight: 'counted',
    run: (context) => applyRetention(repository, work, context),
  };
}

async function applyRetention(repository: RepositoryConfig, work: Work, context: StepContext): Promise<StepResult> {
  const { toolbox, selection } = work;
  await checkPassword(repository, context.signal);
  await checkMount(repository);
  const restic = await maintenanceOf(toolbox, repository, context);
  const { signal } = context;
  const all = await restic((access, retryLock) => resticSnapshots(access, { retryLock }, { signal }));
  const snapshots = all.filter(({ host }) => host === toolbox.host);
  const decisions = work.jobs.map((job) => decide(job, snapshots, work, context));
  for (const { job, decision } of decisions) {
    work.onDecision(job, decision);
    for (const warning of decision.warnings) context.warn(`${job.service.name}: ${warning}`);
  }
  const services = work.jobs.map(({ service }) => service.name);
  const leftBehind = [...undeclared(repository, snapshots, work.config), ...formerNames(toolbox.host, services, all)];
  for (const note of leftBehind) context.warn(note);
  const ids = selection.apply ? decisions.flatMap(({ decision }) => removalsOf(decision)) : [];
  const { removed, notFound } = await forget(restic, ids, context);
  const concluded = conclude(decisions, ids, new Set([...removed, ...notFound]), selection.apply, context.now());
  const gone = goneConfiguration(toolbox.journal, repository, snapshots, context.now());
  return { ...concluded, evidence: [...(concluded.evidence ?? []), ...gone] };
}

const forget = async (restic: Maintenance, ids: readonly string[], { signal }: StepContext): Promise<ForgetResult> =>
  ids.length === 0
    ? { removed: [], notFound: [], failed: [] }
    : await restic((access, retryLock) => resticForget(access, { ids, retryLock }, { signal }));

function decide(job: Job, snapshots: readonly Snapshot[], work: Work, context: StepContext): Decided {
  const { journal } = work.toolbox;
  const { service, backup, repository } = job;
  const of = { service: service.name, repository: repository.name };
  const recorded = recordedCompleteness(work.toolbox, service.name, repository.name);
  const proofs = (['restore', 'drill'] as const).flatMap((kind) =>
    journal.evidence({ ...of, kind, complete: true, limit: 100_000 }),
  );
  const verified = new Set(proofs.filter(isOfTheWhole).map(({ snapshotId }) => snapshotId));
  const now = context.now();
  const held = heldService(journal, service.name);
  const { application: last, policy } = lastRetention(journal, of);
  // made while the clock was ahead: nothing could ever come after it
  const application = last && last.at > later(now, CLOCKS_DIFFER) ? null : last;
  const mine = snapshots.filter((snapshot) => serviceOfTags(snapshot.tags) === service.name);
  // the newest that was ever verified and is still there, not the one that somebody looked at last
  const [newestVerified] = mine
    .filter(({ id, time }) => verified.has(id) && time <= now)
    .toSorted((a, b) => b.time - a.time);
  const decision = decideRetention({
    service: service.name,
    now,
    policy: backup.retention,
    previousPolicy: policy,
    snapshots: mine.map(({ id, time, timeText, tags, paths, summary }) => ({
      id,
      time,
      timeText,
      tags,
      paths,
      complete: recorded.get(id) ?? null,
      bytes: summary?.bytesProcessed ?? null,
    })),
    newestVerifiedId: newestVerified?.id ?? null,
    lastApplication: application,
    expectedInterval: shortestInterval(cadenceOf(backup, repository)),
    confirmed: work.confirmed.has(service.name),
    held: held && heldWords(held),
  });
  return { job, decision, recorded };
}

/** A drill may have tried a part only. */
const isOfTheWhole = ({ kind, detail }: Evidence): boolean => kind !== 'drill' || detail['extent'] === 'whole';

const removalsOf = (decision: RetentionDecision): string[] =>
  decision.entries.filter(({ keep }) => !keep).map(({ id }) => id);

interface Decided {
  readonly job: Job;
  readonly decision: RetentionDecision;
  /** By id, whether it is complete. */
  readonly recorded: ReadonlyMap<string, boolean>;
}

/** Only a service whose every removal succeeded remembers this application; the others decide anew next time. */
function conclude(
  decisions: readonly Decided[],
  ids: readonly string[],
  gone: ReadonlySet<string>,
  apply: boolean,
  now: Instant,
): StepResult {
  const left = ids.filter((id) => !gone.has(id));
  const refused = decisions.filter(({ decision }) => decision.refusal !== null);
  const applied = apply ? decisions.filter(({ decision }) => removalsOf(decision).every((id) => gone.has(id))) : [];
  const evidence = [
    ...applied.flatMap(({ job, decision }) => retentionEvidence(job, decision) ?? []),
    ...decisions.flatMap(({ job, decision, recorded }) => {
      const removed = removalsOf(decision).filter((id) => gone.has(id) && recorded.has(id));
      return removed.map((id) => removalEvidence(job, id, now));
    }),
  ];
  const reasons = [
    ...refused.map(({ job, decision }) => `${job.service.name}: ${decision.refusal?.message ?? ''}`),
    ...(left.length > 0
      ? [`${left.length} of ${ids.length} snapshots could not be removed, first ${left[0]?.slice(0, 8) ?? ''}`]
      : []),
  ];
  return {
    outcome: reasons.length > 0 ? 'partial' : 'succeeded',
    reason: reasons.length > 0 ? reasons.join('; ') : null,
    evidence,
    result: {
      snapshotsRemoved: [...gone],
      services: decisions.map(({ job, decision }) => decisionResult(job, decision)),
    },
  };
}

const decisionResult = (job: Job, decision: RetentionDecision): JsonObject => ({
  service: job.service.name,
  kept: decision.kept.snapshots,
  removed: decision.removed.snapshots,
  refusal: decision.refusal === null ? null : { ...decision.refusal },
  hold: decision.hold,
  warnings: decision.warnings,
  snapshots: decision.entries.map(({ id, keep, reasons }) => ({ id, keep, reasons })),
});

/** `restic prune`, when the last one is long enough ago. */
const pruneStep = (repository: RepositoryConfig, toolbox: Toolbox): Step => ({
  id: stepId.prune(repository.name),
  title: `Remove unused data from ${repository.name}`,
  repository: repository.name,
  needs: [stepId.retention(repository.name)],
  locks: [{ name: repositoryLock(repository.name), mode: 'exclusive' }],
  weight: 'counted',
  async run(context) {
    const of = { service: '', repository: repository.name };
    const [last] = toolbox.journal.evidence({ ...of, kind: 'prune', limit: 1 });
    const { pruneEvery } = repository;
    if (pruneEvery === null) return { outcome: 'skipped', reason: 'prune: never' };
    if (last && elapsed(last.at, context.now()) < pruneEvery && last.at <= context.now()) {
      return {
        outcome: 'skipped',
        reason: `done ${describeDuration(elapsed(last.at, context.now()))} ago, due every ${describeDuration(pruneEvery)}`,
      };
    }
    const restic = await maintenanceOf(toolbox, repository, context);
    const figures = await restic((access, retryLock) => resticPrune(access, { retryLock }, { signal: context.signal }));
    const detail = { tool: 'restic', ...figures };
    return {
      outcome: 'succeeded',
      result: detail,
      evidence: [{ ...of, kind: 'prune', snapshotId: '', at: context.now(), complete: true, detail }],
    };
  },
});

const nothing = (selection: RetentionSelection): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'select',
    subject: selection.services.join(' ') || 'services',
    message: 'no service with a repository matches',
    hint: 'See `holdfast status` for the jobs that exist.',
  });

const confirmedInVain = (service: string): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'confirm',
    subject: service,
    message: 'it is not among the services that this is applied to',
    hint: `Name it twice: holdfast retention apply ${service} --confirm ${service}`,
  });
