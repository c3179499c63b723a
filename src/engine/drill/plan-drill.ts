// The plan of `holdfast drill`: one step for each job, one after the other, for scratch is limited. Which snapshot each is about
// is observed first, one listing for each repository; one that does not answer fails its own jobs only.

import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { type DrillPick, pickOfTime } from '../../domain/drill.ts';
import { describeDuration } from '../../domain/duration.ts';
import { isDue } from '../../domain/frequency.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { repositoryLock, serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { placeOf } from '../../repositories/place.ts';
import { type Job, nameOf } from '../backup/backup-step.ts';
import { selectJobs, toolStep } from '../backup/plan-run.ts';
import { selectRepository } from '../select.ts';
import type { Choice, Knowledge } from '../snapshots/choose-snapshot.ts';
import { type Holding, holdings } from '../snapshots/look.ts';
import { type Asking, recordedCompleteness } from '../snapshots/observe-snapshots.ts';
import { drillCopy } from '../postgres/copy-drill.ts';
import { copyJobOf } from '../postgres/copy-repository.ts';
import { tryMariadbDumps } from '../mariadb/try-dumps.ts';
import { tryDumps } from '../postgres/dump/try-dumps.ts';
import { serverDrillSteps } from '../postgres/plan-server-drill.ts';
import { EVERYTHING, isAt } from '../status/believed-copy.ts';
import type { Toolbox } from '../toolbox.ts';
import { hiddenFrom } from '../validators/hidden-from.ts';
import { drill, type DrillOrder, type Inspector } from './drill-step.ts';
import { nearestSnapshot, pickSnapshot } from './pick-snapshot.ts';
import { scratchRoot } from './scratch.ts';
import type { SecondCopy } from './second-copy.ts';

export interface DrillSelection {
  /** Shell patterns; all services when empty. */
  readonly services: readonly string[];
  readonly repository?: string | undefined;
  readonly pick: DrillPick;
  /** How many files of each; null for all of it. */
  readonly sampleFiles: number | null;
  /** The repository that it must be held against; 'none' for none; undefined for one that can be asked. */
  readonly against?: string | undefined;
  /** Only what has not been drilled for as long as the schedule says. */
  readonly due: boolean;
  readonly keep: boolean;
  readonly inspect?: Inspector | undefined;
}

export type DrillPlanning = Omit<Asking, 'toolbox'>;

const LANE = 'drill';

/** Throws `usage` for names that select nothing. */
export async function planDrill(
  config: Configuration,
  selection: DrillSelection,
  toolbox: Toolbox,
  world: DrillPlanning,
): Promise<Plan> {
  const { jobs, engines, warnings } = selectJobs(config, selection);
  const against =
    selection.against === undefined || selection.against === 'none' ? null : selectRepository(config, selection.against);
  const switchedOff = selection.due && !config.verification.drills.enable;
  const waiting = new Map(jobs.map((job) => [job, selection.due ? notDue(job, config, toolbox, world.now) : null]));
  const due = switchedOff ? [] : jobs.filter((job) => waiting.get(job) === null);
  const seconds = new Map(due.map((job) => [job, secondsOf(job, config, selection.against, against)]));
  const asked = new Set(due.flatMap((job) => [job.repository, ...(seconds.get(job) ?? [])]));
  const held = new Map((await holdings([...asked], { ...world, toolbox })).map((holding) => [holding.repository, holding]));
  const tool = toolStep(toolbox);
  const planning = { config, selection, toolbox, world, held, against };
  const planned = due.map((job) => drillStep(job, seconds.get(job) ?? [], planning));
  const skipped = jobs
    .filter((job) => !due.includes(job))
    .map((job) => skippedStep(job, switchedOff ? 'verification.restoreTesting.enable is false' : (waiting.get(job) ?? '')));
  const servers = await serverDrillSteps(engines, { ...world, config, selection, toolbox });
  return {
    kind: 'drill',
    host: config.host,
    limits: { [LANE]: 1 },
    warnings: [...warnings, ...planned.flatMap(({ remarks }) => remarks)],
    steps: [
      ...(due.length > 0 ? [tool] : []),
      ...planned.map(({ step }) => ({ ...step, needs: [tool.id] })),
      ...servers,
      ...skipped,
    ],
  };
}

/** Why it is not the turn of a job yet; null when it is. */
function notDue(job: Job, { verification }: Configuration, { journal }: Toolbox, now: Instant): string | null {
  const of = { service: job.service.name, repository: job.repository.name };
  const last = journal
    .evidence({ ...of, kind: 'drill', complete: true, limit: EVERYTHING })
    .find((fact) => fact.at <= now && isAt(placeOf(job.repository), fact));
  if (!last || isDue(last.at, verification.drills.schedule, now)) return null;
  return `drilled ${describeDuration(elapsed(last.at, now))} ago, and the schedule is ${verification.drills.schedule}`;
}

/** The repositories that a job may be held against, those first that cost nothing to read. */
function secondsOf(
  { backup, repository }: Job,
  config: Configuration,
  wish: string | undefined,
  against: RepositoryConfig | null,
): RepositoryConfig[] {
  if (wish === 'none' || backup.serverCopy) return [];
  if (against && placeOf(against) !== placeOf(repository)) return [against];
  const others = backup.repositories
    .map((name) => selectRepository(config, name))
    .filter((other) => placeOf(other) !== placeOf(repository));
  const isHere = ({ url }: RepositoryConfig): boolean => localDirectory(url) !== null;
  return [...others.filter(isHere), ...others.filter((other) => !isHere(other))];
}

interface Planning {
  readonly config: Configuration;
  readonly selection: DrillSelection;
  readonly toolbox: Toolbox;
  readonly world: DrillPlanning;
  readonly held: ReadonlyMap<RepositoryConfig, Holding>;
  readonly against: RepositoryConfig | null;
}

function drillStep(
  job: Job,
  seconds: readonly RepositoryConfig[],
  planning: Planning,
): { readonly step: Step; readonly remarks: readonly string[] } {
  const { selection, toolbox } = planning;
  const of = { service: job.service.name, repository: job.repository.name };
  const earlier = toolbox.journal.evidence({ ...of, kind: 'drill', limit: EVERYTHING });
  const last = earlier.toSorted((a, b) => (a.runId < b.runId ? 1 : -1))[0];
  // that an older one comes back makes up for nothing: what failed is tried until it does not
  const pick = pickOfTime(selection.pick, last && !last.complete ? 0 : earlier.length);
  try {
    const chosen = chosenFor(job, pick, planning);
    const what = job.backup.serverCopy ? `the PostgreSQL server of ${of.service}, from its copy alone` : of.service;
    const title = `Drill ${what} (${chosen.snapshot.id.slice(0, 8)}) from ${of.repository}`;
    const remarks = chosen.remarks.map((remark) => `${nameOf(job)}: ${remark}`);
    return { remarks, step: stepOf(job, title, (context) => perform(job, { chosen, pick, seconds }, planning, context)) };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const step = stepOf(job, `Drill ${of.service} from ${of.repository}`, () => Promise.reject(error));
    return { step, remarks: [`${nameOf(job)} cannot be drilled: ${error.message}`] };
  }
}

/** Throws why nothing is known about the repository, or what is wrong with what it holds. */
function chosenFor({ service, repository }: Job, pick: Exclude<DrillPick, 'rotate'>, planning: Planning): Choice {
  const holding = planning.held.get(repository);
  if (holding?.error) throw holding.error;
  const wish = { service: service.name, host: planning.config.host };
  return pickSnapshot(holding?.snapshots ?? [], wish, pick, knowledgeOf(service.name, repository, planning));
}

const knowledgeOf = (service: string, repository: RepositoryConfig, { toolbox, world }: Planning): Knowledge => ({
  repository: repository.name,
  complete: recordedCompleteness(toolbox, service, repository.name),
  now: world.now,
});

interface Chosen {
  readonly chosen: Choice;
  readonly pick: Exclude<DrillPick, 'rotate'>;
  readonly seconds: readonly RepositoryConfig[];
}

async function perform(
  job: Job,
  { chosen, pick, seconds }: Chosen,
  planning: Planning,
  context: StepContext,
): Promise<StepResult> {
  const { config, selection, toolbox, world } = planning;
  const copied = copyJobOf(job);
  if (copied) return await drillCopy({ ...copied, config, pick, snapshot: chosen.snapshot }, toolbox, context);
  const second = secondCopy(job, chosen, seconds, planning);
  return await drill(
    {
      chosen: { ...chosen, repository: job.repository },
      service: job.service.name,
      config: { ...job.service, backup: job.backup },
      whole: selection.sampleFiles === null,
      verify: true,
      pick,
      sampleFiles: selection.sampleFiles,
      second: second instanceof HoldfastError ? null : second,
      noSecond: second instanceof HoldfastError ? second : null,
      demanded: planning.against !== null && seconds.includes(planning.against),
      keep: selection.keep,
      scratch: scratchRoot(config),
      surroundings: { services: [...config.services.values()], repositories: [...config.repositories.values()] },
      hidden: hiddenFrom(config),
      inspect: selection.inspect,
      tryDumps: dumpsOf(job, chosen, config),
    },
    { toolbox, broker: world.broker },
    context,
  );
}

const dumpsOf = ({ service, backup: { dumps } }: Job, { snapshot }: Choice, config: Configuration): DrillOrder['tryDumps'] =>
  dumps &&
  ((root, context) =>
    dumps.kind === 'mariadb'
      ? tryMariadbDumps({ config, service, mariadb: dumps.server }, root, snapshot.paths, context)
      : tryDumps({ config, service, postgres: dumps.server }, root, snapshot.paths, context));

/** The first of them that holds a copy; why there is none where one should be; null where none is wanted. */
function secondCopy(
  job: Job,
  { snapshot }: Choice,
  seconds: readonly RepositoryConfig[],
  planning: Planning,
): SecondCopy | HoldfastError | null {
  const wish = { service: job.service.name, host: planning.config.host };
  let problem: HoldfastError | null = null;
  for (const repository of seconds) {
    const holding = planning.held.get(repository);
    const known = knowledgeOf(job.service.name, repository, planning);
    const nearest = holding ? nearestSnapshot(holding.snapshots, wish, snapshot, known) : null;
    if (nearest) return { repository, snapshot: nearest, demanded: repository === planning.against };
    problem ??= holding?.error ?? nothingThere(repository, job.service.name);
  }
  return problem;
}

const nothingThere = ({ name }: RepositoryConfig, service: string): HoldfastError =>
  new HoldfastError({
    code: 'snapshot-missing',
    operation: 'compare with',
    subject: name,
    message: `${name} holds no complete snapshot of ${service}`,
    hint: `\`holdfast snapshots ${service}\` lists what is there; \`--against none\` goes without.`,
  });

const stepOf = ({ service, repository, backup }: Job, title: string, run: Step['run']): Step => ({
  id: stepId.drill(service.name, repository.name),
  title,
  service: service.name,
  repository: repository.name,
  lanes: [LANE],
  locks: [
    { name: repositoryLock(repository.name), mode: 'shared' },
    ...(backup.serverCopy ? [{ name: serviceLock(service.name), mode: 'shared' as const }] : []),
  ],
  weight: 'counted',
  run,
});

const skippedStep = (job: Job, reason: string): Step => ({
  ...stepOf(job, `Drill ${job.service.name} from ${job.repository.name}`, () =>
    Promise.resolve({ outcome: 'skipped', reason }),
  ),
  locks: [],
});
