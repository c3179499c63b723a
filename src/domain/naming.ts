// Every name that two parts of Holdfast must agree on comes from here: step ids, tags, locks.

/** One service into one repository, as people write it. */
export const jobName = (service: string, repository: string): string => `${service}@${repository}`;

/** The identity of a job's snapshots inside a repository; immutable, select by host + this tag, never by path. */
export const jobTag = (service: string): string => `holdfast:job=${service}`;

/** The service that a snapshot belongs to, from its tags; null when Holdfast did not make it. */
export function serviceOfTags(tags: readonly string[]): string | null {
  const tag = tags.find((candidate) => candidate.startsWith(JOB_TAG_PREFIX));
  return tag ? tag.slice(JOB_TAG_PREFIX.length) : null;
}
const JOB_TAG_PREFIX = jobTag('');

/** The lock (and concurrency lane) of one repository. */
export const repositoryLock = (repository: string): string => `repository/${repository}`;

/** The lock (and lane) of a service: shared to read its data, exclusive to replace it or to run its hooks. */
export const serviceLock = (service: string): string => `service/${service}`;

/** Step ids: unique in a plan, stable between runs. */
export const stepId = {
  missing: (stage: string, index: number): string => `missing:${stage}:${index}`,
  unit: (unit: string): string => `unit:${unit}`,
  backup: (service: string, repository: string): string => `backup:${jobName(service, repository)}`,
  preflight: (check: string, subject: string): string => `preflight:${check}:${subject}`,
  restore: (service: string, repository: string): string => `restore:${jobName(service, repository)}`,
  retention: (repository: string): string => `retention:${repository}`,
  prune: (repository: string): string => `prune:${repository}`,
  initialise: (repository: string): string => `initialise:${repository}`,
  unlock: (repository: string): string => `unlock:${repository}`,
  refresh: (repository: string): string => `refresh:${repository}`,
};

/** It stands for a unit or job that should be there and is not. */
export const isMissing = (id: string): boolean => id.startsWith('missing:');
