// What is done about the PostgreSQL server of a service before it starts: it may, or it may not and somebody is told why.

import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { type ClusterDecision, type ClusterObservation, decideCluster } from '../../domain/postgres-recovery.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { observeScene } from '../layers/observe-scene.ts';
import { mayStartEmptyOnce } from './empty-starts.ts';
import { type ClusterScene, observeCluster } from './observe-cluster.ts';
import type { PlanningWorld } from '../restore/plan-restore.ts';
import type { Toolbox } from '../toolbox.ts';

export interface ClusterRecovery extends ClusterScene {
  readonly toolbox: Toolbox;
  readonly world: PlanningWorld;
}

type Common = Omit<Step, 'title' | 'run'>;

/** Looks now, and again when its turn has come. */
export async function clusterStep(
  service: ServiceConfig,
  postgres: PostgresConfig,
  common: Common,
  scene: ClusterRecovery,
): Promise<Step> {
  const look = async (mounts: ClusterScene['mounts'], signal: AbortSignal, now: Parameters<typeof mayStartEmptyOnce>[2]) => {
    const seen = await observeCluster(service, postgres, { ...scene, mounts }, signal);
    const { allowEmptyStart } = service.protection;
    const token = mayStartEmptyOnce(scene.toolbox.journal, service.name, now);
    return { seen, decision: decideCluster(seen, { allowEmptyStart, token }) };
  };
  const planned = await look(scene.mounts, scene.world.signal, scene.world.now);
  return {
    ...common,
    title: `Recover the PostgreSQL server of ${service.name}`,
    foreseen: foreseenOf(service.name, planned.decision),
    ...(mayStart(planned.decision) ? {} : { doomed: true }),
    async run(context) {
      const mounts = await observeScene([], context.signal);
      const { seen, decision } = await look(mounts, context.signal, context.now());
      return conclude(seen, decision, context);
    },
  };
}

const mayStart = ({ action }: ClusterDecision): boolean => action === 'start' || action === 'adopt';

function foreseenOf(service: string, decision: ClusterDecision): JsonObject {
  const action = mayStart(decision) ? 'skip' : decision.action === 'block' ? 'block' : 'fail';
  const from = 'from' in decision ? { repository: decision.from.repository, snapshotId: decision.from.label } : {};
  return { service, action, reason: decision.reason, ...from };
}

function conclude(seen: ClusterObservation, decision: ClusterDecision, context: StepContext): StepResult {
  const { service } = seen;
  switch (decision.action) {
    case 'start':
      if (decision.remark !== null) context.warn(decision.remark);
      return { outcome: 'skipped', reason: decision.reason, result: foreseenOf(service, decision) };
    case 'adopt':
      context.warn(`it is backed up nowhere yet: holdfast run ${service}`);
      return { outcome: 'skipped', reason: decision.reason, result: foreseenOf(service, decision) };
    case 'restore':
    case 'resume':
      throw refusal(service, {
        code: 'unsupported',
        reason: `${decision.reason}${decision.action === 'restore' && decision.alarm ? '; it was here before, so that somebody has emptied it' : ''}: this version does not put a server back by itself`,
        hint: `holdfast restore ${service} --to DIR; then move DIR/data to ${seen.dataDir}, and start it`,
      });
    case 'initdb':
      throw refusal(service, {
        code: 'unsupported',
        reason: `${decision.reason}: this version does not make a cluster by itself`,
        hint: `Make it (Debian: pg_createcluster, elsewhere: initdb), then: holdfast recover ${service}`,
      });
    case 'block':
      throw refusal(service, decision);
    default:
      return decision satisfies never;
  }
}

const refusal = (
  service: string,
  { code, reason, hint }: Pick<Extract<ClusterDecision, { action: 'block' }>, 'code' | 'reason' | 'hint'>,
): HoldfastError =>
  new HoldfastError({ code, operation: 'recover', subject: service, message: reason, hint, retry: 'later' });
