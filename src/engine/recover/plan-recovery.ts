// The plan of `holdfast recover`: for each service one step, the most urgent first. What was lost and where it comes back from
// is observed before, so that a dry run is a rehearsal; each step looks again before it does anything. Deciding is
// domain/recovery.ts, putting back is the restore in place.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import { serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { byUrgency, decide, type Decision, lossOf, type Observation, type RecoveryPolicy } from '../../domain/recovery.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import type { PlanningWorld } from '../restore/plan-restore.ts';
import { type ObservedScene, observeScene } from '../layers/observe-scene.ts';
import type { Toolbox } from '../toolbox.ts';
import { type Connections, openConnections } from '../replication/connections.ts';
import { Repositories } from './ask-copies.ts';
import { clusterStep } from './cluster-step.ts';
import { dumpedServerStep } from './dumped-server.ts';
import { hasOwnRepositories } from '../postgres/plan-backup.ts';
import { emptyStartAllowed, onlyByItsUnit, STARTED_EMPTY, useUpEmptyStart } from './empty-starts.ts';
import { type Estimate, estimateOf } from './estimate.ts';
import { restoreOf } from './from-copies.ts';
import { lookAtPaths } from './look-at-paths.ts';
import { askSources, type Asked, NOT_ASKED } from './sources/ask-sources.ts';
import { estimateFrom } from './sources/estimate-source.ts';
import { fromSources } from './sources/from-sources.ts';
import { checkPlaces } from './sources/restore-tree.ts';
import { withoutEmptyRemains } from './tidy.ts';

/** One after the other: what is most urgent gets the whole disk and the whole line. */
const LANE = 'recover';
const RECOVER = 'recover';
/** Services that are looked at at once. */
const LOOKS = 8;

/** Who wants it. */
export interface RecoveryWish {
  /** Its unit, which starts when this goes well; else somebody who has typed it. */
  readonly beforeStart: boolean;
}

/** Asks a repository only when something is lost, and each only once. Throws when interrupted; whatever else is a step's failure. */
export async function planRecovery(
  config: Configuration,
  services: readonly ServiceConfig[],
  toolbox: Toolbox,
  world: PlanningWorld,
  { beforeStart }: RecoveryWish,
): Promise<Plan> {
  const repositories = new Repositories({ ...world, toolbox });
  await using connections = openConnections(world.signal);
  const places = new Semaphore(LOOKS);
  const urgent = services.toSorted(byUrgency);
  const mounts = await observeScene([], world.signal); // none of them runs when its data is lost
  const planned = await Promise.all(
    urgent.map(async (service) => {
      using _place = await places.acquire(world.signal);
      const scene = { config, toolbox, repositories, connections, mounts, world, beforeStart, insist: !beforeStart };
      return await planService(service, scene);
    }),
  );
  return {
    kind: RECOVER,
    host: config.host,
    limits: { [LANE]: 1 },
    warnings: together(planned.flatMap(({ remarks }) => remarks)),
    steps: planned.map(({ step }) => step),
  };
}

interface Remark {
  readonly service: string;
  readonly text: string;
}

/** What is the same for several services is told once. */
const together = (remarks: readonly Remark[]): string[] =>
  [...Map.groupBy(remarks, ({ text }) => text)].map(
    ([text, same]) => `${same.map(({ service }) => service).join(', ')}: ${text}`,
  );

export const policyOf = (
  { name, backup, postgres, protection, recover }: ServiceConfig,
  journal: Toolbox['journal'],
  now: Instant,
): RecoveryPolicy => ({
  kept: hasOwnRepositories({ postgres }) ? 'engine' : backup === null ? 'nothing' : 'files',
  fromRepositories: recover.sources.includes('repository'),
  allowEmptyStart: protection.allowEmptyStart,
  permitted: emptyStartAllowed(journal, name, now),
  onFailure: recover.onFailure,
});

interface Scene {
  readonly config: Configuration;
  readonly toolbox: Toolbox;
  readonly repositories: Repositories;
  readonly connections: Connections;
  readonly mounts: ObservedScene;
  readonly world: PlanningWorld;
  readonly beforeStart: boolean;
  /** Somebody has typed it: also what is known not to be good is tried. */
  readonly insist: boolean;
}

async function planService(service: ServiceConfig, scene: Scene): Promise<{ step: Step; remarks: readonly Remark[] }> {
  const { config, toolbox, mounts, world, beforeStart } = scene;
  const { signal } = world;
  if (service.postgres?.engine === 'pgbackrest') {
    const cluster = { config, journal: toolbox.journal, mounts, toolbox, world, beforeStart };
    return { step: await clusterStep(service, service.postgres, common(service), cluster), remarks: [] };
  }
  const dumped = await dumpedServerStep(service, common(service), { config, journal: toolbox.journal, mounts }, signal);
  if (dumped !== null) return { step: dumped, remarks: [] };
  const policy = policyOf(service, toolbox.journal, world.now);
  const files = policy.kept === 'files';
  const paths = files ? await lookAtPaths(service, { config, journal: toolbox.journal, mounts }, signal) : [];
  const asked = files && lossOf(paths) === 'all' ? await askSources(service, paths, { ...scene, signal }) : NOT_ASKED;
  const { copies, others, offer, chosen } = asked;
  const seen: Observation = { service: service.name, paths, copies, others };
  const decision = decide(seen, policy);
  const say = (texts: readonly string[]): Remark[] => texts.map((text) => ({ service: service.name, text }));
  if (decision.action !== 'restore' || !(offer ?? chosen))
    return {
      step: stepWithout(service, seen, decision, policy, scene),
      remarks: say(others.length > 0 ? asked.remarks : []),
    };
  try {
    if (offer || !chosen) await checkPlaces({ ...scene, service });
    const inPlace = offer || !chosen ? null : await restoreOf({ ...scene, service }, chosen);
    const step = stepWith(service, inPlace?.step ?? null, { seen, decision, asked, policy }, scene);
    return { step, remarks: say([...asked.remarks, ...(inPlace?.remarks ?? [])]) };
  } catch (error) {
    if (!(error instanceof HoldfastError) || signal.aborted) throw error;
    const { code, message, hint = '' } = error;
    const again = error.retry !== 'never';
    const blocked: Decision = { action: 'block', code, reason: `${error.subject}: ${message}`, hint, again };
    return { step: stepWithout(service, seen, blocked, policy, scene, error), remarks: [] };
  }
}

const common = ({ name, recover }: ServiceConfig): Omit<Step, 'title' | 'run'> => ({
  id: stepId.recover(name),
  stage: RECOVER,
  service: name,
  lanes: [LANE],
  ...(recover.timeout === null ? {} : { timeout: recover.timeout }),
  weight: 'counted',
});

const foreseen = (service: string, decision: Decision, more: JsonObject = {}): JsonObject => ({
  service,
  action: decision.action,
  reason: decision.reason,
  ...(decision.action === 'start-empty' ? { held: decision.held } : {}),
  ...more,
});

/** Nothing is put back, for one reason or another. */
const stepWithout = (
  service: ServiceConfig,
  seen: Observation,
  decision: Decision,
  policy: RecoveryPolicy,
  scene: Scene,
  cause?: HoldfastError,
): Step => ({
  ...common(service),
  title: decision.action === 'start-empty' ? `Let ${service.name} start empty` : `Recover ${service.name}`,
  // a unit that is started again at the end of a restore comes here, while that restore still has the lock
  ...(decision.action === 'start-empty' ? { locks: [{ name: serviceLock(service.name), mode: 'exclusive' as const }] } : {}),
  foreseen: foreseen(service.name, decision),
  async run(context) {
    const now = await lookAgain(service, seen, policy, scene, context);
    if (now.action === 'skip') return { outcome: 'skipped', reason: now.reason, result: foreseen(service.name, now) };
    if (cause) throw cause;
    if (decision.action === 'fail' || decision.action === 'block') throw failure(service.name, decision);
    if (now.action !== decision.action) throw changed(service.name, now);
    if (now.action === 'start-empty') {
      if (!scene.beforeStart) throw onlyByItsUnit(service, now.reason);
      await requireStillNone(service, policy, seen, scene, context);
      return await startEmpty(service.name, now, scene.toolbox, context);
    }
    return { outcome: 'skipped', reason: decision.reason, result: foreseen(service.name, decision) };
  },
});

/** They are asked once more: since they were, one may have got a copy, or have fallen silent. */
async function requireStillNone(
  service: ServiceConfig,
  policy: RecoveryPolicy,
  seen: Observation,
  { config, toolbox, world, insist }: Scene,
  context: StepContext,
): Promise<void> {
  const { signal } = context;
  const repositories = new Repositories({ ...world, toolbox, signal, now: context.now() });
  await using connections = openConnections(signal);
  const { copies, others } = await askSources(service, seen.paths, {
    config,
    toolbox,
    repositories,
    connections,
    signal,
    insist,
  });
  const permitted = emptyStartAllowed(toolbox.journal, service.name, context.now());
  const decision = decide({ ...seen, copies, others }, { ...policy, permitted });
  if (decision.action !== 'start-empty') throw changed(service.name, decision);
}

/** That it is held is on record before the permission is used up, and both before anything starts. */
async function startEmpty(
  service: string,
  decision: Extract<Decision, { action: 'start-empty' }>,
  { journal }: Toolbox,
  context: StepContext,
): Promise<StepResult> {
  if (decision.held) await context.hold(STARTED_EMPTY.kind, { service }, () => Promise.resolve());
  useUpEmptyStart(journal, service, context.now());
  const held = decision.held ? '; its backup, retention and replication are held' : '';
  context.warn(`it starts without data: ${decision.reason}${held}`);
  return { outcome: 'succeeded', result: foreseen(service, decision) };
}

/** The data comes back: the restore in place, if it is still lost when its turn has come. `inPlace`: that from a repository. */
function stepWith(
  service: ServiceConfig,
  inPlace: Step | null,
  { seen, decision, asked, policy }: { seen: Observation; decision: Decision; asked: Asked; policy: RecoveryPolicy },
  scene: Scene,
): Step {
  const { from, copy, estimate } = comesFrom(service, asked, scene);
  return {
    locks: [{ name: serviceLock(service.name), mode: 'exclusive' }],
    ...inPlace,
    ...common(service),
    title: `Recover ${service.name} from ${from}`,
    ...(estimate === null ? {} : { expected: duration(estimate.seconds, 's') }),
    foreseen: foreseen(service.name, decision, { ...copy, takes: estimate && { ...estimate } }),
    async run(context): Promise<StepResult> {
      const now = await lookAgain(service, seen, policy, scene, context);
      if (now.action === 'skip') return { outcome: 'skipped', reason: `${now.reason} now` };
      if (now.action !== 'restore') throw changed(service.name, now);
      return await withoutEmptyRemains(await fromSources(inPlace, asked, seen.paths, { ...scene, service }, context));
    },
  };
}

/** Which copy it is, for people and programs, and how long it takes. */
function comesFrom(
  service: ServiceConfig,
  { offer, chosen }: Asked,
  { toolbox: { journal } }: Scene,
): { readonly from: string; readonly copy: JsonObject; readonly estimate: Estimate | null } {
  if (offer) {
    const { source, name, snapshot, at, bytes } = offer;
    return {
      from: `${name} (${snapshot})`,
      copy: { ...source, from: name, repository: null, snapshot, snapshotTime: formatInstant(at), files: null, bytes },
      estimate: estimateFrom(journal, service.name, offer, service.backup?.repositories ?? []),
    };
  }
  if (!chosen) throw new TypeError('nothing was found');
  const { repository, snapshot } = chosen;
  return {
    from: `${repository.name} (${snapshot.id.slice(0, 8)})`,
    copy: {
      source: 'repository',
      repository: repository.name,
      snapshotId: snapshot.id,
      snapshotTime: formatInstant(snapshot.time),
      files: snapshot.summary?.totalFiles ?? null,
      bytes: snapshot.summary?.bytesProcessed ?? null,
    },
    estimate: estimateOf(journal, service.name, repository.name),
  };
}

/** What is decided with what is there now, and the copies as they were. */
async function lookAgain(
  service: ServiceConfig,
  seen: Observation,
  policy: RecoveryPolicy,
  { config, toolbox }: Scene,
  context: StepContext,
): Promise<Decision> {
  if (policy.kept !== 'files') return decide(seen, policy);
  const permitted = emptyStartAllowed(toolbox.journal, service.name, context.now());
  const mounts = await observeScene([], context.signal);
  const paths = await lookAtPaths(service, { config, journal: toolbox.journal, mounts }, context.signal);
  return decide({ ...seen, paths }, { ...policy, permitted });
}

const failure = (service: string, { code, reason, hint, again }: Extract<Decision, { code: unknown }>): HoldfastError =>
  new HoldfastError({
    code,
    operation: 'recover',
    subject: service,
    message: reason,
    hint,
    retry: again ? 'later' : 'never',
  });

const changed = (service: string, { reason }: Decision): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'recover',
    subject: service,
    message: `it has changed since it was looked at (now: ${reason}): nothing was done`,
    hint: `Try again: holdfast recover ${service}`,
    retry: 'now',
  });
