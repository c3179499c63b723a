// The plan of `holdfast recover`: for each service one step, the most urgent first. What was lost and where it comes back from
// is observed before, so that a dry run is a rehearsal; each step looks again before it does anything. Deciding is
// domain/recovery.ts, putting back is the restore in place.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { decide, type Decision, lossOf, type Observation, type RecoveryPolicy } from '../../domain/recovery.ts';
import { byUrgency } from '../../domain/urgency.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import type { PlanningWorld } from '../restore/plan-restore.ts';
import { observeScene } from '../layers/observe-scene.ts';
import type { Toolbox } from '../toolbox.ts';
import { openConnections } from '../replication/connections.ts';
import { Repositories } from './ask-copies.ts';
import { clusterStep } from './cluster-step.ts';
import { dumpedServerStep } from './dumped-server.ts';
import { hasOwnRepositories } from '../postgres/plan-backup.ts';
import { emptyStartAllowed } from './empty-starts.ts';
import { restoreOf } from './from-copies.ts';
import { lookAtPaths } from './look-at-paths.ts';
import { askSources, NOT_ASKED } from './sources/ask-sources.ts';
import { common, LANE, RECOVER, type Scene, stepWith, stepWithout } from './recovery-step.ts';
import { checkPlaces } from './sources/restore-tree.ts';

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

/** Of what is kept as files; a server that an engine keeps is decided on elsewhere. */
const policyOf = (
  { name, backup, protection, recover }: ServiceConfig,
  journal: Toolbox['journal'],
  now: Instant,
): RecoveryPolicy => ({
  kept: backup === null ? 'nothing' : 'files',
  fromRepositories: recover.sources.includes('repository'),
  allowEmptyStart: protection.allowEmptyStart,
  permitted: emptyStartAllowed(journal, name, now),
  onFailure: recover.onFailure,
});

async function planService(service: ServiceConfig, scene: Scene): Promise<{ step: Step; remarks: readonly Remark[] }> {
  const { config, toolbox, mounts, world } = scene;
  const { signal } = world;
  if (service.postgres !== null && hasOwnRepositories(service)) {
    const cluster = { ...scene, journal: toolbox.journal };
    return { step: await clusterStep(service, service.postgres, common(service), cluster), remarks: [] };
  }
  const dumped = await dumpedServerStep(service, common(service), { config, journal: toolbox.journal, mounts }, signal);
  if (dumped.step !== null) return { step: dumped.step, remarks: [] };
  const policy = policyOf(service, toolbox.journal, world.now);
  const files = policy.kept === 'files';
  const paths = files ? await lookAtPaths(service, { config, journal: toolbox.journal, mounts }, signal) : [];
  const asked = files && lossOf(paths) === 'all' ? await askSources(service, paths, { ...scene, signal }) : NOT_ASKED;
  const { copies, others, offer, chosen } = asked;
  const seen: Observation = { service: service.name, paths, copies, others };
  const decision = decide(seen, policy);
  const say = (texts: readonly string[]): Remark[] =>
    [...dumped.remarks, ...texts].map((text) => ({ service: service.name, text }));
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
    return { step: stepWithout(service, seen, blocked, policy, scene, error), remarks: say([]) };
  }
}
