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

/** On every snapshot of a host's configuration; such a snapshot belongs to no service. */
export const configurationTag = 'holdfast:configuration';

/** Where it is inside of that snapshot. Not deeper: restic 0.18.0 refuses a directory in --stdin-filename. */
export const configurationPath = '/holdfast.yaml';

/** Also on it: what the repository was called. */
export const repositoryTag = (repository: string): string => `${REPOSITORY_TAG_PREFIX}${repository}`;
const REPOSITORY_TAG_PREFIX = 'holdfast:repository=';

/** What the repository of a host's configuration was called when that was kept there; null when it does not say. */
export const repositoryOfTags = (tags: readonly string[]): string | null =>
  tags.find((tag) => tag.startsWith(REPOSITORY_TAG_PREFIX))?.slice(REPOSITORY_TAG_PREFIX.length) ?? null;

/** The lock (and concurrency lane) of one repository. */
export const repositoryLock = (repository: string): string => `repository/${repository}`;

/** Exclusive while a repository is verified: two at once would read the same files, and remember one place to go on. */
export const verificationLock = (repository: string): string => `verification/${repository}`;

/** The lock (and lane) of a service: shared to read its data, exclusive to replace it or to run its hooks. */
export const serviceLock = (service: string): string => `service/${service}`;

/** The lock (and lane) of a server's backups: pgBackRest works on one stanza once at a time. */
export const stanzaLock = (stanza: string): string => `stanza/${stanza}`;

/** Of the backups of a stanza in one repository: shared to restore one, exclusive to expire them. It sorts after the stanza's own. */
export const backupsLock = (stanza: string, repository: string): string => `${stanzaLock(stanza)}/${repository}`;

/** Exclusive while snapshots of a pool are taken or pruned by the policy. */
export const snapshotsLock = (pool: string): string => `snapshots/${pool}`;
/** Exclusive while a dataset is sent; also the lane of a target, without the dataset. */
export const replicationLock = (target: string, dataset = ''): string => `replication/${target}/${dataset}`;

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
  copies: 'copies',
  verify: (repository: string): string => `verify:${repository}`,
  scrub: (repository: string): string => `scrub:${repository}`,
  drill: (service: string, repository: string): string => `drill:${jobName(service, repository)}`,
  configuration: (repository: string): string => `configuration:${repository}`,
  bootstrap: (host: string): string => `bootstrap:${host}`,
  recover: (service: string): string => `recover:${service}`,
  recoverAgain: (service: string): string => `recover-again:${service}`,
  allowEmpty: (service: string): string => `allow-empty:${service}`,
  acknowledgeEmpty: (service: string): string => `acknowledge-empty:${service}`,
  dataset: (name: string): string => `dataset:${name}`,
  drift: (name: string): string => `drift:${name}`,
  migrate: (service: string): string => `migrate:${service}`,
  /** Of a pool, or of a dataset that is not there. */
  takeSnapshots: (name: string): string => `snapshot-take:${name}`,
  pruneSnapshots: (name: string): string => `snapshot-prune:${name}`,
  replicate: (dataset: string, target: string): string => `replicate:${dataset}@${target}`,
  lag: (target: string): string => `lag:${target}`,
  /** Of what a PostgreSQL server needs: its configuration, stanza, archive. */
  server: (what: string, service: string): string => `postgres-${what}:${service}`,
  recoveryKit: (repository: string): string => `recovery-kit:${repository}`,
  recoveryPage: (file: string): string => `recovery-page:${file}`,
};

/** What recurs on a host: see engine/schedule/scheduled-jobs.ts. */
export type ScheduledKind =
  | 'run'
  | 'verify'
  | 'drill'
  | 'retention'
  | 'refresh'
  | 'drift'
  | 'archive'
  | 'snapshot-take'
  | 'snapshot-prune'
  | 'replicate'
  | 'metrics'
  | 'notify';

/** The identity of something that recurs; `subject` is a service, a job or a repository, null where it is the host as a whole. */
export const scheduledId = (kind: ScheduledKind, subject: string | null): string =>
  subject === null ? kind : `${kind}:${subject}`;

/** Names of systemd units. Names of services and repositories need no escaping there (the schema sees to it). */
export const unitNames = {
  /** All that Holdfast starts by itself shares this slice. */
  slice: 'holdfast.slice',
  agent: 'holdfast-agent.service',
  datasets: 'holdfast-datasets.service',
  scheduled: (kind: ScheduledKind, subject: string | null): string => `${scheduledBase(kind, subject)}.service`,
  timer: (kind: ScheduledKind, subject: string | null): string => `${scheduledBase(kind, subject)}.timer`,
  recover: (service: string): string => `holdfast-recover@${service}.service`,
  /** Asks again and again, after a recovery has failed, whether it is time to start the unit of the service. */
  again: (service: string): string => `${AGAIN}${service}.timer`,
  /** Starts it then. */
  tryAgain: (service: string): string => `${AGAIN}${service}.service`,
  /** By which the unit of a service waits for its data; relative to the directory of units. */
  recoverDropIn: (unit: string): string => `${unit}.d/50-holdfast.conf`,
  /** The link by which a unit is enabled. */
  wantedBy: (target: string, unit: string): string => `${target}.wants/${unit}`,
} as const;
const AGAIN = 'holdfast-recover-again@';
/** It ticks only after something went wrong. */
export const isAgain = (unit: string): boolean => unit.startsWith(AGAIN);
const scheduledBase = (kind: ScheduledKind, subject: string | null): string =>
  subject === null ? `holdfast-${kind}` : `holdfast-${kind}@${subject}`;

/** A deployment holds timers, but never those by which people hear of it: who else would say that a hold was forgotten? */
export const mayBeHeld = (unit: string): boolean => unit.endsWith('.timer') && !TELLING.has(unit);
const TELLING: ReadonlySet<string> = new Set([unitNames.timer('metrics', null), unitNames.timer('notify', null)]);

/** It stands for a unit or job that should be there and is not. */
export const isMissing = (id: string): boolean => id.startsWith('missing:');

/** As a person is shown it, and may type it: an id of restic by its beginning; what a database engine calls a backup whole, for those of a day begin alike. */
export const shownId = (id: string): string => (/^[0-9a-f]{64}$/.test(id) ? id.slice(0, 8) : id);
