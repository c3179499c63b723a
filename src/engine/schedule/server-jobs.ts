// What recurs for a PostgreSQL server: each kind of backup by its calendar. All of them ask for what is due, so that two whose times
// fall together make one backup, the stronger one, and one that was missed is made up for by whichever comes next. Pure.

import type { PostgresSchedule, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { jobName } from '../../domain/naming.ts';
import { BACKUP_KINDS } from '../../domain/postgres-backup.ts';
import { ALL_REPOSITORIES, engineJobs } from '../postgres/plan-backup.ts';
import { owedWithin } from '../postgres/archive-verdict.ts';
import type { ScheduledJob } from './scheduled-jobs.ts';

export const serverJobs = (service: ServiceConfig, patience: readonly string[]): Omit<ScheduledJob, 'id'>[] => [
  ...backups(service, patience),
  ...(engineJobs(service).length > 0 ? [watch(service)] : []),
];

/** Often enough to see what is owed before it is broken. */
const watch = (service: ServiceConfig): Omit<ScheduledJob, 'id'> => ({
  kind: 'archive',
  subject: service.name,
  title: `Look at the archived log of ${service.name}`,
  service: service.name,
  repositories: [],
  argv: ['postgres', 'watch', service.name],
  frequency: (owedWithin(service) ?? duration(1, 'h')) < duration(30, 'm') ? '*:0/2' : '*:0/15',
  randomizedDelay: null,
  catchUp: false,
});

function backups(service: ServiceConfig, patience: readonly string[]): Omit<ScheduledJob, 'id'>[] {
  const { name, postgres } = service;
  const jobs = engineJobs(service);
  if (postgres === null || jobs.length === 0) return [];
  const names = jobs.map(({ repository }) => repository?.name ?? ALL_REPOSITORIES);
  const schedules = jobs.map(({ repository }) => (repository ?? postgres).schedule);
  const [first] = schedules;
  const alike = new Set(schedules.map((each) => JSON.stringify(each))).size === 1;
  if (first !== undefined && alike)
    return kinds(first).map(({ kind, frequency }) => ({
      ...COMMON,
      subject: jobName(name, kind),
      title: `Back up the PostgreSQL server of ${name} (${kind})`,
      service: name,
      repositories: names,
      argv: ['run', name, '--due', ...patience],
      frequency,
    }));
  return schedules.flatMap((schedule, index) => {
    const repository = names[index] ?? '';
    return kinds(schedule).map(({ kind, frequency }) => ({
      ...COMMON,
      subject: jobName(name, `${repository}-${kind}`),
      title: `Back up the PostgreSQL server of ${name} to ${repository} (${kind})`,
      service: name,
      repositories: [repository],
      argv: ['run', name, '--due', '--repository', repository, ...patience] as const,
      frequency,
    }));
  });
}

const COMMON = { kind: 'run', randomizedDelay: null, catchUp: true } as const;

const kinds = (schedule: PostgresSchedule): { kind: string; frequency: string }[] =>
  BACKUP_KINDS.flatMap((kind) => {
    const frequency = schedule[kind]?.frequency;
    return frequency === undefined ? [] : [{ kind, frequency }];
  });
