// Whether a problem that a run found is about something that is still declared. Pure. What is no longer declared is nobody's problem; it
// is not resolved either.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { ALL_REPOSITORIES, engineJobs, jobInto } from '../postgres/plan-backup.ts';
import { poolOf } from '../../domain/dataset.ts';
import type { Problem } from '../../domain/notification.ts';
import { isSentTo } from '../../domain/replication-names.ts';
import { isDeclaredUnit } from '../gate/declared-units.ts';

export function stillDeclared(config: Configuration, { item, source }: Pick<Problem, 'item' | 'source'>): boolean {
  if (source === 'condition') return true; // it ends with not being observed
  if (item.unit !== null) return isDeclaredUnit(config, item.unit);
  if (item.dataset !== null) return config.datasets.some(({ name }) => name === item.dataset);
  const ofZfs = OF_ZFS[item.operation];
  if (ofZfs) return ofZfs(config, item.subject);
  const { services, repositories } = config;
  const service = item.service === null ? null : services.get(item.service);
  if (service === undefined) return false;
  if (service !== null && item.repository !== null && isOfServer(service, item.repository)) return true;
  if (item.repository !== null && !repositories.has(item.repository)) return false;
  return service === null || item.repository === null || (service.backup?.repositories.includes(item.repository) ?? false);
}

/** One that its PostgreSQL server alone has. */
const isOfServer = (service: ServiceConfig, repository: string): boolean =>
  engineJobs(service).some((job) => repository === ALL_REPOSITORIES || jobInto(job, repository) !== null);

type Of = (config: Pick<Configuration, 'replication'>, subject: string) => boolean;

/** By what was done with it; the subject is that of the step. */
const OF_ZFS: Readonly<Record<string, Of | undefined>> = {
  'snapshot-take': ({ replication }, subject) =>
    replication.snapshots.datasets.some(({ dataset, autosnap }) => autosnap && isOrHolds(subject, dataset)),
  'snapshot-prune': ({ replication }, subject) =>
    replication.snapshots.datasets.some(({ dataset, autoprune }) => autoprune && isOrHolds(subject, dataset)),
  replicate: ({ replication }, subject) => {
    const at = subject.lastIndexOf('@');
    const dataset = subject.slice(0, at);
    return replication.targets.some((each) => each.name === subject.slice(at + 1) && isSentTo(each, dataset));
  },
  lag: ({ replication }, subject) => replication.targets.some(({ name }) => name === subject),
};

/** A pool, or a dataset that is not there. */
const isOrHolds = (subject: string, dataset: string): boolean => dataset === subject || poolOf(dataset) === subject;
