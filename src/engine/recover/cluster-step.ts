// What is done about the PostgreSQL server of a service before it starts: it may, its data comes back first, or it may not and somebody
// is told why.

import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import { serviceLock, stanzaLock } from '../../domain/naming.ts';
import type { Lock, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { type ClusterDecision, decideCluster } from '../../domain/postgres-recovery.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { observeScene } from '../layers/observe-scene.ts';
import { planServerRestore, type ServerScene } from '../postgres/plan-restore.ts';
import { emptyStartAllowed, onlyByItsUnit, useUpEmptyStart } from './empty-starts.ts';
import { type Estimate, estimateOf } from './estimate.ts';
import { lossOf } from '../../domain/recovery.ts';
import { anotherMayDo } from './from-copies.ts';
import { lookAtPaths } from './look-at-paths.ts';
import { type ClusterScene, observeCluster, type SeenCluster } from './observe-cluster.ts';
import type { PlanningWorld } from '../restore/plan-restore.ts';
import type { Repositories } from './ask-copies.ts';
import { changedSince, refusal } from './refusal.ts';
import { missesRepository, repositoryFirst } from './repository-first.ts';
import { withoutEmptyRemains } from './tidy.ts';
import type { Toolbox } from '../toolbox.ts';

export interface ClusterRecovery extends ClusterScene {
  readonly toolbox: Toolbox;
  readonly world: PlanningWorld;
  readonly repositories: Repositories;
  /** Its unit asks, which starts when this goes well. */
  readonly beforeStart: boolean;
  /** Somebody has typed it. */
  readonly insist: boolean;
}

type Common = Omit<Step, 'title' | 'run'>;

/** Looks now, and again when its turn has come. */
export async function clusterStep(
  service: ServiceConfig,
  postgres: PostgresConfig,
  common: Common,
  scene: ClusterRecovery,
): Promise<Step> {
  const look = async (mounts: ClusterScene['mounts'], signal: AbortSignal, now: Instant) => {
    const seen = await observeCluster(service, postgres, { ...scene, mounts }, signal);
    const { allowEmptyStart } = service.protection;
    const token = emptyStartAllowed(scene.toolbox.journal, service.name, now) !== null;
    return { seen, decision: sayingTheCopy(service, decideCluster(seen, { allowEmptyStart, token })) };
  };
  const first = await look(scene.mounts, scene.world.signal, scene.world.now);
  const lost = await repositoryFirst(service, postgres, first, scene);
  const { foreseen, until, bytes } = await rehearsed(service, postgres, first.decision, scene);
  const restores = first.decision.action === 'restore' || lost !== null;
  const source = foreseen.action === 'restore' ? foreseen.from.repository : (lost?.repository ?? null);
  const estimate = source === null ? null : estimateOf(scene.journal, service.name, source);
  const from = foreseen.action === 'restore' ? ` from ${foreseen.from.repository} (${foreseen.from.label})` : '';
  return {
    ...common,
    title: `Recover the PostgreSQL server of ${service.name}${lost ? `, its repository first from ${lost.from}` : from}`,
    foreseen: lost
      ? { service: service.name, action: 'restore', reason: lost.reason, ...lost.copy, takes: estimate && { ...estimate } }
      : {
          ...foreseenOf(service.name, foreseen, estimate),
          ...(foreseen.action === 'restore' ? { until, bytes } : {}),
          ...(mayStart(foreseen) && first.seen.obstacles.length > 0
            ? { hint: `no server starts on it: ${first.seen.obstacles.join('; ')}` }
            : {}),
        },
    ...(estimate === null ? {} : { expected: duration(estimate.seconds, 's') }),
    ...(isFine(foreseen) || lost ? {} : { doomed: true }),
    // none where it may start: it comes here, too, when a restore that still has them starts the unit again
    ...(restores ? { locks: [...locksOf(service, postgres), ...(lost?.locks ?? [])] } : {}),
    async run(context) {
      const mounts = await observeScene([], context.signal);
      await requireFiles(service, { ...scene, mounts }, context);
      let { seen, decision } = await look(mounts, context.signal, context.now());
      let broughtBack: StepResult | null = null;
      if (lost && missesRepository(seen, decision)) {
        for (const remark of lost.remarks) context.warn(remark);
        broughtBack = await lost.run(context);
        context.record(broughtBack.evidence ?? []); // it stands, whatever comes of the server
        ({ seen, decision } = await look(mounts, context.signal, context.now()));
      }
      if (decision.action === 'start-empty') return startEmpty(service, decision, scene, context);
      if (decision.action !== 'restore') return conclude(seen, decision, context);
      if (!restores) throw changedSince(service.name, decision.reason);
      if (decision.alarm) context.warn('it was here before: somebody has emptied it');
      const done = await withoutEmptyRemains(await putBack(service, postgres, decision.from.systemId, scene, context));
      return broughtBack ? together(broughtBack, done) : done;
    },
  };
}

interface Rehearsed {
  readonly foreseen: ClusterDecision;
  /** The newest moment that can be had, and how much is restored; null where nobody has asked. */
  readonly until: string | null;
  readonly bytes: number | null;
}

/** What stands in the way of the restore is known before; where its unit waits, the restore itself says it as soon. */
async function rehearsed(
  service: ServiceConfig,
  postgres: PostgresConfig,
  decision: ClusterDecision,
  { config, toolbox, beforeStart, world: { signal } }: ClusterRecovery,
): Promise<Rehearsed> {
  if (decision.action !== 'restore' || beforeStart) return { foreseen: decision, until: null, bytes: null };
  try {
    const wish = { at: null, timeline: null, to: null, cluster: decision.from.systemId };
    const plan = await planServerRestore(sceneOf(service, postgres, config), wish, toolbox, signal);
    const [{ repository = decision.from.repository, foreseen = {} } = {}] = plan.steps;
    const { until, bytes, label } = foreseen;
    const from = { ...decision.from, repository, ...(typeof label === 'string' ? { label } : {}) }; // the one that goes furthest
    return {
      foreseen: { ...decision, from },
      until: typeof until === 'string' ? until : null,
      bytes: typeof bytes === 'number' ? bytes : null,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    const { code, message, hint = '', retry } = error;
    const reason = `${decision.reason}, but ${message}`;
    return { foreseen: { action: 'block', code, reason, hint, again: retry !== 'never' }, until: null, bytes: null };
  }
}

const sceneOf = (service: ServiceConfig, postgres: PostgresConfig, config: ClusterRecovery['config']): ServerScene => ({
  config,
  host: config.host,
  service,
  postgres,
  services: [...config.services.values()],
  repositories: [...config.repositories.values()],
});

/** Where no repository answers it is of use that there is a copy of one. */
function sayingTheCopy({ backup }: ServiceConfig, decision: ClusterDecision): ClusterDecision {
  if (!backup?.serverCopy || decision.action !== 'block' || decision.code !== 'repository-unreachable') return decision;
  const [into = ''] = backup.repositories;
  const copy = `If the repository of pgBackRest is gone for good, its copy in ${into} takes its place by hand: holdfast recovery-kit ${into} says how.`;
  return { ...decision, hint: `${decision.hint} ${copy}` };
}

const locksOf = ({ name }: ServiceConfig, { stanza }: PostgresConfig): Lock[] =>
  [serviceLock(name), stanzaLock(stanza)].map((lock) => ({ name: lock, mode: 'exclusive' }));

/** What is kept of it beside its server. Throws `refused` where any of that is lost. */
async function requireFiles(service: ServiceConfig, scene: ClusterRecovery, { signal }: StepContext): Promise<void> {
  const { config, mounts, toolbox } = scene;
  const paths = await lookAtPaths(service, { config, mounts, journal: toolbox.journal }, signal);
  if (lossOf(paths) === 'none') return;
  const lost = paths.filter(({ state, wasEmpty }) => state !== 'data' && !(state === 'empty' && wasEmpty));
  throw refusal(service.name, {
    code: 'refused',
    reason: lost.map(({ path, state, reason }) => reason ?? `${path} is ${state}`).join('; '),
    hint: `Its files first: holdfast restore ${service.name} --in-place`,
    again: lost.every(({ mayPass }) => mayPass),
  });
}

/**
 * Everything that the archive holds, as `holdfast restore SERVICE --in-place` does: from the repository that goes furthest, and where
 * that cannot give it back, from the next one.
 */
async function putBack(
  service: ServiceConfig,
  postgres: PostgresConfig,
  cluster: string,
  { config, toolbox }: ClusterRecovery,
  context: StepContext,
): Promise<StepResult> {
  const scene = sceneOf(service, postgres, config);
  const passedOver = new Map<string, HoldfastError>();
  for (;;) {
    /* oxlint-disable no-await-in-loop -- the next one only when this one cannot */
    const except = new Set(passedOver.keys());
    const wish = { at: null, timeline: null, to: null, cluster, except };
    const [first] = passedOver.values();
    const plan = await planServerRestore(scene, wish, toolbox, context.signal).catch((error: unknown) => {
      throw first ?? error;
    });
    for (const warning of plan.warnings ?? []) context.warn(warning);
    const [step] = plan.steps;
    if (!step?.repository)
      throw refusal(service.name, { code: 'bug', reason: 'the plan of its restore is empty', hint: 'Please report this.' });
    try {
      return await step.run(context); // its locks are ours
    } catch (error) {
      const failure = anotherMayDo(error, context);
      context.warn(`${step.repository} could not give it back: ${failure.message}`);
      passedOver.set(step.repository, failure);
    }
    /* oxlint-enable no-await-in-loop */
  }
}

/** That of the server, with what is on record of its repository. */
const together = (repository: StepResult, server: StepResult): StepResult => ({
  ...server,
  result: { ...server.result, ...(repository.result ? { repositoryFirst: repository.result } : {}) },
});

const mayStart = ({ action }: ClusterDecision): boolean => action === 'start' || action === 'adopt';
const isFine = (decision: ClusterDecision): boolean =>
  mayStart(decision) || decision.action === 'restore' || decision.action === 'start-empty';

function foreseenOf(service: string, decision: ClusterDecision, estimate: Estimate | null = null): JsonObject {
  const action = mayStart(decision) ? 'skip' : KNOWN.has(decision.action) ? decision.action : 'fail';
  const from = 'from' in decision ? { repository: decision.from.repository, snapshotId: decision.from.label } : {};
  const takes = decision.action === 'restore' ? { takes: estimate && { ...estimate } } : {};
  const hint = decision.action === 'block' ? { hint: decision.hint } : {};
  return { service, action, reason: decision.reason, ...hint, ...from, ...takes };
}

/** The actions that a rehearsal has words for. */
const KNOWN: ReadonlySet<string> = new Set(['restore', 'start-empty', 'block']);

/** Its unit makes the cluster, as some do, or a person does. The word for it is used up where the unit starts on it. */
function startEmpty(
  service: ServiceConfig,
  decision: Extract<ClusterDecision, { action: 'start-empty' }>,
  { toolbox, beforeStart }: ClusterRecovery,
  context: StepContext,
): StepResult {
  if (!beforeStart) throw onlyByItsUnit(service, decision.reason);
  const result = foreseenOf(service.name, decision);
  useUpEmptyStart(toolbox.journal, service.name, context.now());
  context.warn(
    `it starts without data: ${decision.reason}. Where its unit makes no cluster, make one: pg_createcluster, initdb`,
  );
  return { outcome: 'succeeded', result };
}

/** Nothing is put back. */
function conclude(
  seen: SeenCluster,
  decision: Exclude<ClusterDecision, { action: 'restore' | 'start-empty' }>,
  context: StepContext,
): StepResult {
  const { service, obstacles } = seen;
  if (mayStart(decision)) for (const each of obstacles) context.warn(`no server starts on it: ${each}`);
  switch (decision.action) {
    case 'start':
      if (decision.remark !== null) context.warn(decision.remark);
      return { outcome: 'skipped', reason: decision.reason, result: foreseenOf(service, decision) };
    case 'adopt':
      context.warn(`it is backed up nowhere yet: holdfast run ${service}`);
      return { outcome: 'skipped', reason: decision.reason, result: foreseenOf(service, decision) };
    case 'block':
      throw refusal(service, decision);
    default:
      return decision satisfies never;
  }
}
