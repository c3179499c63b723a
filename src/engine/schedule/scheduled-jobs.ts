// Everything that recurs on a host, from its configuration: one list, from which timers are written, the agent's own scheduler
// works, and metrics say what should exist. Pure. How one of them runs is the command that it names, nothing else.

import { cadenceOf } from '../../config/cadence.ts';
import type { Configuration, ReplicationTarget, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { duration, type Duration } from '../../domain/duration.ts';
import { jobName, type ScheduledKind, scheduledId } from '../../domain/naming.ts';
import { serverJobs } from './server-jobs.ts';
import type { SnapshotPolicies } from '../../domain/snapshot-policy.ts';

export interface ScheduledJob {
  /** 'run:sonarr', 'run:sonarr@offsite', 'verify:nas', 'retention': unique, and the same as long as its subject exists. */
  readonly id: string;
  readonly kind: ScheduledKind;
  /** A service, a job, a repository or a target of replication; null: the host. */
  readonly subject: string | null;
  readonly title: string;
  readonly service: string | null;
  /** Those that it opens; of a PostgreSQL server its own. */
  readonly repositories: readonly string[];
  /** What follows `holdfast`. */
  readonly argv: readonly [string, ...string[]];
  /** hourly | daily | weekly | monthly | an OnCalendar expression. */
  readonly frequency: string;
  /** At most so much later, each time the same on one host. */
  readonly randomizedDelay: Duration | null;
  /** A time that was missed is made up for, once; otherwise the next one will do. */
  readonly catchUp: boolean;
}

/** In the order of the configuration; none that has nothing to do. */
export function scheduledJobs(configuration: ScheduleSource): readonly ScheduledJob[] {
  const { services, repositories, datasets, replication, verification, metrics, notifications } = configuration;
  const backedUp = [...services.values()].filter(({ backup }) => backup !== null);
  const used = new Set(backedUp.flatMap(({ backup }) => backup?.repositories ?? []));
  const held = [...repositories.keys()].filter((name) => used.has(name));
  return [
    ...backedUp.flatMap((service) => backups(service, repositories)),
    ...[...services.values()].flatMap((service) => serverJobs(service, PATIENCE).map(job)),
    ...(verification.enable ? verification.repositories.map((name) => verify(name, verification.schedule)) : []),
    ...(verification.drills.enable ? backedUp.map((service) => drill(service, verification.drills.schedule)) : []),
    ...(held.length > 0 ? [maintenance('retention', held), maintenance('refresh', held)] : []),
    ...(datasets.length > 0 ? [maintenance('drift', [])] : []),
    ...snapshots(replication.snapshots),
    ...replication.targets.map(replicate),
    ...(metrics.textfile === null ? [] : [telling('metrics')]),
    ...(notifications.channels.length > 0 ? [telling('notify')] : []),
  ];
}

export type ScheduleSource = Pick<
  Configuration,
  'services' | 'repositories' | 'datasets' | 'replication' | 'verification' | 'metrics' | 'notifications'
>;

/** Nobody waits for them: they queue as long as it takes for another to be done, but not into the next day. */
const PATIENCE = ['--wait', '12h'] as const;
const MAINTENANCE_DELAY = duration(1, 'h');
const LONG_DELAY = duration(6, 'h');

/** One job of a service, or one for each repository where they have a cadence of their own. */
function backups(service: ServiceConfig, repositories: ReadonlyMap<string, RepositoryConfig>): ScheduledJob[] {
  const { backup, name } = service;
  if (!backup) return [];
  const cadence = (repository: string): string => cadenceOf(backup, repositories.get(repository));
  const common = { kind: 'run', service: name, randomizedDelay: backup.randomizedDelay, catchUp: true } as const;
  const cadences = new Set(backup.repositories.map(cadence));
  const [only] = cadences;
  // without naming a repository its server would be backed up as well, which has times of its own
  if (only !== undefined && cadences.size === 1 && service.postgres === null) {
    return [
      job({
        ...common,
        subject: name,
        title: `Back up ${name}`,
        repositories: backup.repositories,
        argv: ['run', name, ...PATIENCE],
        frequency: only,
      }),
    ];
  }
  return backup.repositories.map((repository) =>
    job({
      ...common,
      subject: jobName(name, repository),
      title: backup.serverCopy
        ? `Copy the pgBackRest repository of ${name} to ${repository}`
        : `Back up ${name} to ${repository}`,
      repositories: [repository],
      argv: ['run', name, '--repository', repository, ...PATIENCE],
      frequency: cadence(repository),
    }),
  );
}

const verify = (repository: string, frequency: string): ScheduledJob =>
  job({
    kind: 'verify',
    subject: repository,
    title: `Verify ${repository}`,
    service: null,
    repositories: [repository],
    argv: ['verify', repository, ...PATIENCE],
    frequency,
    randomizedDelay: LONG_DELAY,
    catchUp: true,
  });

const drill = ({ name, backup }: ServiceConfig, frequency: string): ScheduledJob =>
  job({
    kind: 'drill',
    subject: name,
    title: `Drill ${name}`,
    service: name,
    repositories: backup?.repositories ?? [],
    argv: ['drill', name, ...PATIENCE],
    frequency,
    randomizedDelay: LONG_DELAY,
    catchUp: true,
  });

const MAINTENANCE = {
  retention: { title: 'Apply retention', argv: ['retention', 'apply', ...PATIENCE], frequency: 'daily' },
  refresh: {
    title: 'Ask repositories what they hold',
    argv: ['status', '--refresh', ...PATIENCE],
    frequency: 'daily',
  },
  drift: { title: 'Compare datasets with their declarations', argv: ['datasets', 'drift'], frequency: 'daily' },
} as const;

const maintenance = (kind: keyof typeof MAINTENANCE, repositories: readonly string[]): ScheduledJob =>
  job({
    kind,
    ...MAINTENANCE[kind],
    subject: null,
    service: null,
    repositories,
    randomizedDelay: MAINTENANCE_DELAY,
    catchUp: true,
  });

/** As often as the shortest kind that is kept asks for; what is due less often is taken by the first that comes after. */
function snapshots({ datasets }: SnapshotPolicies): ScheduledJob[] {
  const common = { subject: null, service: null, repositories: [], randomizedDelay: null, catchUp: true } as const;
  const taken = datasets.filter(({ autosnap }) => autosnap);
  const frequency = taken.some(({ keep }) => keep.frequently > 0) ? '*:0/15' : 'hourly';
  const take = { kind: 'snapshot-take', title: 'Take snapshots', argv: ['snapshot', 'take'], frequency } as const;
  const prune = { kind: 'snapshot-prune', title: 'Prune snapshots', argv: ['snapshot', 'prune'] } as const;
  return [
    ...(taken.length > 0 ? [job({ ...common, ...take })] : []),
    ...(datasets.some(({ autoprune }) => autoprune) ? [job({ ...common, ...prune, frequency: AFTER_TAKING })] : []),
  ];
}
/** Some minutes later, so that neither waits for the other. */
const AFTER_TAKING = '*:05';

const replicate = ({ name, frequency }: ReplicationTarget): ScheduledJob =>
  job({
    kind: 'replicate',
    subject: name,
    title: `Send snapshots to ${name}`,
    service: null,
    repositories: [],
    argv: ['replicate', '--target', name, ...PATIENCE],
    frequency,
    randomizedDelay: null,
    catchUp: true,
  });

const TELLING = {
  metrics: { title: 'Write metrics', argv: ['metrics', '--textfile'], frequency: '*:0/5' },
  notify: { title: 'Send notifications', argv: ['notify', 'flush'], frequency: 'minutely' },
} as const;

const telling = (kind: keyof typeof TELLING): ScheduledJob =>
  job({
    kind,
    ...TELLING[kind],
    subject: null,
    service: null,
    repositories: [],
    randomizedDelay: null,
    catchUp: false,
  });

const job = (of: Omit<ScheduledJob, 'id'>): ScheduledJob => ({ id: scheduledId(of.kind, of.subject), ...of });
