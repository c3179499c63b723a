// What is seen of the PostgreSQL server of a service before it starts: its data directory, what is on record of it, and each of its
// repositories, where those matter, asked by itself. What cannot be known is told as that.

import type { Configuration, PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import type { ClusterData, ClusterObservation, ClusterReceipt, Obstacle } from '../../domain/postgres-recovery.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ObservedScene } from '../layers/observe-scene.ts';
import { type DataDirectory, dataDirectory, obstaclesOf } from '../postgres/data-directory.ts';
import { engineOf } from '../postgres/engine-of.ts';
import { obstacleOf } from '../postgres/held-backups.ts';
import { isUntouched } from '../postgres/untouched.ts';
import { userNumbers } from '../../tools/getent/user.ts';
import { whatHides } from './look-at-paths.ts';

export interface ClusterScene {
  readonly config: Configuration;
  readonly journal: Pick<Journal, 'evidence'>;
  readonly mounts: ObservedScene;
}

export interface SeenCluster extends ClusterObservation {
  /** Why no server would start on what is there, with what mends it: whose data it is has nothing to do with that. */
  readonly obstacles: readonly string[];
}

export async function observeCluster(
  service: ServiceConfig,
  postgres: PostgresConfig,
  scene: ClusterScene,
  signal: AbortSignal,
): Promise<SeenCluster> {
  const [hidden, directory] = await Promise.all([
    hiddenOrUnknown(service, postgres, scene, signal),
    dataDirectory(postgres.dataDir, signal),
  ]);
  const receipt = receiptOf(scene.journal, service.name);
  const data = await dataOf(directory, postgres);
  // what is known to be right starts at once: nobody waits for a repository that may be far, or down
  const isKnown = data.kind === 'valid' && data.systemId === receipt?.systemId;
  const archives = hidden !== null || isKnown ? [] : await askArchives(service, postgres, signal);
  const obstacles =
    directory.state === 'valid' ? obstaclesOf(postgres.dataDir, directory, await userNumbers(postgres.user, signal)) : [];
  return { service: service.name, dataDir: postgres.dataDir, hidden, data, receipt, archives, obstacles };
}

async function hiddenOrUnknown(
  service: ServiceConfig,
  { dataDir }: PostgresConfig,
  scene: ClusterScene,
  signal: AbortSignal,
): Promise<Obstacle | null> {
  try {
    return await whatHides(service, dataDir, scene, signal);
  } catch (error) {
    return obstacleOf(error, signal);
  }
}

async function dataOf(data: DataDirectory, { dataDir }: PostgresConfig): Promise<ClusterData> {
  switch (data.state) {
    case 'absent':
    case 'empty':
      return { kind: 'empty' };
    case 'valid':
      if (data.missing.length > 0)
        return { kind: 'unknown', reason: `${data.missing.join(', ')}, where a part of ${dataDir} is kept, is not there` };
      return { kind: 'valid', systemId: data.control.systemId, untouched: await isUntouched(dataDir, data) };
    case 'partial':
      return { kind: 'partial', reason: data.why };
    case 'unknown':
      return { kind: 'unknown', reason: data.why };
    default:
      return data satisfies never;
  }
}

/** The cluster that was backed up here the last time. */
function receiptOf(journal: Pick<Journal, 'evidence'>, service: string): ClusterReceipt | null {
  const backups = journal.evidence({ service, kind: 'backup', limit: 100 });
  const systemId = backups.map(({ detail }) => detail['systemId']).find((each) => typeof each === 'string');
  return systemId === undefined ? null : { systemId };
}

/** What an engine is asked for only where it matters; one that is not there is one that does not answer. */
async function askArchives(
  service: ServiceConfig,
  postgres: PostgresConfig,
  signal: AbortSignal,
): Promise<ClusterObservation['archives']> {
  try {
    const engine = await engineOf({ service, postgres }, 'recover', signal);
    return await engine.held(signal);
  } catch (error) {
    return [{ repository: postgres.engine, kind: 'unreachable', ...obstacleOf(error, signal) }];
  }
}
