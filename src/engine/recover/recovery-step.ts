// The step that recovers the files of a service: what was found before is looked at again, and only what is still so is done.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { formatInstant } from '../../domain/instant.ts';
import { serviceLock, stepId } from '../../domain/naming.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { decide, type Decision, type Observation, type RecoveryPolicy } from '../../domain/recovery.ts';
import type { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { type ObservedScene, observeScene } from '../layers/observe-scene.ts';
import { type Connections, openConnections } from '../replication/connections.ts';
import type { PlanningWorld } from '../restore/plan-restore.ts';
import type { Toolbox } from '../toolbox.ts';
import { Repositories } from './ask-copies.ts';
import { emptyStartAllowed, onlyByItsUnit, STARTED_EMPTY, useUpEmptyStart } from './empty-starts.ts';
import { type Estimate, estimateOf } from './estimate.ts';
import { lookAtPaths } from './look-at-paths.ts';
import { changedSince, refusal } from './refusal.ts';
import { askSources, type Asked } from './sources/ask-sources.ts';
import { estimateFrom } from './sources/estimate-source.ts';
import { fromSources } from './sources/from-sources.ts';
import { withoutEmptyRemains } from './tidy.ts';

/** One after the other: what is most urgent gets the whole disk and the whole line. */
export const LANE = 'recover';
export const RECOVER = 'recover';

export interface Scene {
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

export const common = ({ name, recover }: ServiceConfig): Omit<Step, 'title' | 'run'> => ({
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
export const stepWithout = (
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
    if (decision.action === 'fail' || decision.action === 'block') throw refusal(service.name, decision);
    if (now.action !== decision.action) throw changedSince(service.name, now.reason);
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
  if (decision.action !== 'start-empty') throw changedSince(service.name, decision.reason);
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
export function stepWith(
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
      if (now.action !== 'restore') throw changedSince(service.name, now.reason);
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
