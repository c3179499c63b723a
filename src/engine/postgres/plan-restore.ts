// The plan of `holdfast restore` for a PostgreSQL server. The repositories are asked here, while planning, so that a dry run shows
// the very restore that would be made, and which other moments can be had.

import type { Configuration, PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { formatInstant } from '../../domain/instant.ts';
import { backupsLock, serviceLock, stanzaLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import type { Surroundings } from '../restore/destination.ts';
import { checkDestination } from '../restore/destination.ts';
import { serverPrograms } from '../../tools/postgresql/programs.ts';
import type { Toolbox } from '../toolbox.ts';
import { targetTimeline } from './archive-state.ts';
import { type ChosenMoment, chooseMoment, type MomentWish } from './choose-moment.ts';
import { engineOf } from './engine-of.ts';
import { repositoryNumber } from './repositories.ts';
import { restoreDatabase } from './restore-database.ts';
import { scratchFor } from '../drill/scratch-for.ts';
import { livePlace, requireNoTablespaces, restoreServerInPlace } from './restore-in-place.ts';
import { requireReachable, restoreServerTo } from './restore-to.ts';
import type { RecoveryOrder } from './recovered-cluster.ts';
import { dirname } from 'node:path';

export interface ServerScene extends Surroundings {
  readonly config: Configuration;
  readonly host: string;
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
}

export interface ServerWish extends MomentWish {
  readonly repository?: string | undefined;
  /** Names of repositories that are not to be used. */
  readonly except?: ReadonlySet<string>;
  /** The new directory, absolute; null for in place, or with a database. */
  readonly to: string | null;
  /** Only this one, into the server that is in service. */
  readonly database?: { readonly name: string; readonly as: string } | undefined;
}

/** Asks the repositories. Throws what stands in the way: see choose-moment.ts and destination.ts. */
export async function planServerRestore(
  scene: ServerScene,
  wish: ServerWish,
  toolbox: Pick<Toolbox, 'journal' | 'stateDir'>,
  signal: AbortSignal,
): Promise<Plan> {
  const { service, postgres, host } = scene;
  const access = await engineOf({ service, postgres }, 'restore', signal);
  const known = await access.repositories(signal);
  const named = wish.repository === undefined ? known : [repositoryNumber(wish.repository, known)];
  const repositories = named.filter((key) => !wish.except?.has(nameOfRepository(key)));
  const to = wish.to === null ? null : (await checkDestination(wish.to, scene)).path;
  if (to !== null) await requireReachable(dirname(to), access, signal);
  const chosen = await chooseMoment(access, repositories, wish, signal);
  const recovery = recoveryOf(access, postgres, chosen, wish);
  (await serverPrograms(recovery.cluster.version, signal)).need('postgres'); // it is recovered by a server of its own
  const base = { kind: 'restore', host, limits: {}, warnings: chosen.remarks };
  const what = describe(service.name, chosen, wish);
  if (to !== null) {
    const order = { recovery, service: service.name, directory: to, surroundings: scene };
    return {
      ...base,
      steps: [stepOf(scene, chosen, `${what} to ${to}`, (context) => restoreServerTo(order, context))],
    };
  }
  if (wish.database !== undefined) {
    const { name, as } = wish.database;
    const title = `${what.replace(/^Restore /, `Restore the database ${name} of `)} as ${as}`;
    const load = async (context: StepContext): Promise<StepResult> => {
      const scratch = await scratchFor(scene.config, postgres, access, context.signal);
      const wanted = { recovery: { ...recovery, durable: false }, service, postgres, database: name, as, scratch };
      return await restoreDatabase(wanted, context);
    };
    return { ...base, steps: [stepOf(scene, chosen, title, load)] };
  }
  const others = {
    service: service.name,
    services: scene.services,
    repositories: scene.repositories,
    stateDir: toolbox.stateDir,
  };
  const order = { recovery, service, postgres, others, journal: toolbox.journal };
  await livePlace(order, signal);
  await requireNoTablespaces(recovery, signal);
  const step = stepOf(scene, chosen, `${what} in place`, (context) => restoreServerInPlace(order, context));
  const locks = [serviceLock(service.name), stanzaLock(postgres.stanza)].map((name) => ({
    name,
    mode: 'exclusive' as const,
  }));
  return { ...base, steps: [{ ...step, locks }] };
}

export const recoveryOf = (
  access: RecoveryOrder['access'],
  postgres: PostgresConfig,
  { state, reach }: ChosenMoment,
  { at }: MomentWish,
): Omit<RecoveryOrder, 'durable'> => ({
  access,
  repository: state.repository,
  cluster: state.cluster,
  reach,
  at,
  timeline: targetTimeline(state),
  processes: postgres.processes,
  role: postgres.user,
});

const describe = (service: string, { reach, state }: ChosenMoment, { at }: MomentWish): string =>
  `Restore ${service} ${at === null ? 'as new as it can be had' : `as it was at ${formatInstant(at)}`} (${reach.backup.label} and the log of timeline ${state.timeline} after it) from ${nameOfRepository(state.repository)}`;

const stepOf = (
  { service: { name: service }, postgres }: ServerScene,
  { state, reach, moments }: ChosenMoment,
  title: string,
  run: (context: StepContext) => Promise<StepResult>,
): Step => ({
  id: stepId.restore(service, nameOfRepository(state.repository)),
  stage: 'restore',
  service,
  repository: nameOfRepository(state.repository),
  weight: 'critical',
  title,
  foreseen: { moments, label: reach.backup.label, until: formatInstant(reach.to), bytes: reach.backup.size },
  locks: [
    { name: serviceLock(service), mode: 'shared' },
    { name: backupsLock(postgres.stanza, nameOfRepository(state.repository)), mode: 'shared' },
  ],
  run,
});
