// A small configured host and a journal with facts in it, for tests of what is told from them.

import { resolveMigrate } from '../../../src/config/resolve-migrate.ts';
import type {
  BackupConfig,
  Configuration,
  MetricsConfig,
  PostgresConfig,
  PostgresRepositoryConfig,
  ProtectionConfig,
  RepositoryConfig,
  ServiceConfig,
  NotificationsConfig,
  VerificationConfig,
} from '../../../src/config/configuration.ts';
import { NO_LIMITS } from '../../../src/config/resolve-units.ts';
import { duration } from '../../../src/domain/duration.ts';
import type { Evidence } from '../../../src/domain/evidence.ts';
import { formatInstant, type Instant, later } from '../../../src/domain/instant.ts';
import { stepId } from '../../../src/domain/naming.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { Share } from '../../../src/domain/percentage.ts';
import { plannedStep } from '../../../src/domain/report.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { selfIdentity } from '../../../src/process/identity.ts';
import { plan, step } from '../../support/plans.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z') as Instant;
export const hoursAgo = (hours: number): Instant => (NOW - hours * 3_600_000) as Instant;
export const minutesAgo = (minutes: number): Instant => hoursAgo(minutes / 60);
export const snapshotId = (digit: string): string => digit.repeat(64);

export const repository = (name: string, parts: Partial<RepositoryConfig> = {}): RepositoryConfig => ({
  name,
  url: `/nowhere/${name}`,
  password: { kind: 'file', path: `/nowhere/${name}.password` },
  environmentFile: null,
  primary: false,
  location: 'onsite',
  medium: name,
  mounted: null,
  minFree: null,
  concurrency: 1,
  limits: { upload: null, download: null },
  frequency: null,
  pruneEvery: null,
  ...parts,
});

export const VERIFICATION: VerificationConfig = {
  enable: true,
  schedule: 'weekly',
  rounds: null,
  repositories: [],
  drills: { enable: true, schedule: 'monthly', sampleFiles: null, scratch: null },
};

export const METRICS: MetricsConfig = {
  textfile: null,
  capacity: { warning: 0.8 as Share, critical: 0.9 as Share },
  replicationLag: { warning: duration(12, 'h'), critical: duration(24, 'h') },
};

export const STANDARD: ProtectionConfig = {
  class: 'standard',
  rpo: duration(26, 'h'),
  offsiteRpo: duration(50, 'h'),
  rto: null,
  copies: 3,
  media: 2,
  offsite: 1,
  verifiedWithin: null,
  drilledWithin: null,
  allowEmptyStart: false,
  validators: [],
};
export const EPHEMERAL: ProtectionConfig = {
  ...STANDARD,
  class: 'ephemeral',
  rpo: null,
  offsiteRpo: null,
  copies: 0,
  media: 0,
  offsite: 0,
};

export const backup = (repositories: readonly string[], parts: Partial<BackupConfig> = {}): BackupConfig => ({
  paths: ['/nowhere'],
  exclude: [],
  tags: [],
  repositories,
  frequency: 'daily',
  randomizedDelay: null,
  timeout: duration(1, 'h'),
  retention: {
    last: null,
    hourly: null,
    daily: null,
    weekly: null,
    monthly: null,
    yearly: null,
    within: null,
  } as unknown as BackupConfig['retention'], // nothing here reads it
  databases: [],
  dumps: null,
  hooks: { before: [], after: [] },
  useSnapshots: false,
  zfsDataset: null,
  allowEmpty: false,
  resources: NO_LIMITS,
  ...parts,
});

export const service = (name: string, parts: Partial<ServiceConfig> = {}): ServiceConfig => ({
  name,
  unit: null,
  backup: backup(['nas', 'far']),
  postgres: null,
  mariadb: null,
  protection: STANDARD,
  recover: { beforeStart: false, sources: ['repository'], timeout: null, onFailure: 'block' },
  migrate: resolveMigrate(undefined),
  ...parts,
});

const KIND = { timeout: duration(12, 'h') };

/** A server that pgBackRest backs up by a configuration that is there already. */
export const postgres = (parts: Partial<PostgresConfig> = {}): PostgresConfig => ({
  engine: 'pgbackrest',
  dataDir: '/nowhere/data',
  stanza: 'main',
  user: 'postgres',
  socket: null,
  port: 5432,
  configFile: null,
  repositories: [],
  barman: null,
  excludeDatabases: [],
  schedule: {
    full: { frequency: 'weekly', ...KIND },
    differential: null,
    incremental: { frequency: 'daily', ...KIND },
  },
  compress: 'zst',
  processes: null,
  options: {},
  archiveWithin: null,
  offsite: null,
  ...parts,
});

export const serverRepository = (key: number, parts: Partial<PostgresRepositoryConfig> = {}): PostgresRepositoryConfig => ({
  key,
  name: `repo${key}`,
  path: `/nowhere/repo${key}`,
  mounted: null,
  location: 'onsite',
  medium: `medium${key}`,
  cipherPassFile: null,
  bundle: true,
  block: null,
  retention: { full: 2, differential: null, archive: null },
  schedule: postgres().schedule,
  ...parts,
});

export const REPOSITORIES: ReadonlyMap<string, RepositoryConfig> = new Map([
  ['nas', repository('nas')],
  ['far', repository('far', { location: 'offsite' })],
]);

export const NO_CHANNELS: NotificationsConfig = { channels: [], templates: {}, summary: null };

export const configuration = (parts: Partial<Configuration> = {}): Configuration => ({
  host: 'forge',
  stateDir: '/nowhere',
  files: [],
  repositories: REPOSITORIES,
  services: new Map([['sonarr', service('sonarr')]]),
  datasets: [],
  gates: new Map(),
  verification: VERIFICATION,
  metrics: METRICS,
  notifications: NO_CHANNELS,
  units: NO_LIMITS,
  agent: { declared: false, socket: '/run/holdfast/agent.sock', group: 'holdfast', schedule: null, tcp: null },
  replication: { snapshots: { adopt: 'beside', datasets: [] }, targets: [] },
  sections: {},
  portable: '',
  warnings: [],
  ...parts,
});

let runs = 0;

/** Records one ended backup run of a job; returns the run's id. */
export function recordBackup(
  journal: Journal,
  job: { readonly service: string; readonly repository: string },
  made: { readonly at: Instant; readonly outcome?: Outcome; readonly id?: string | null; readonly reason?: string },
): string {
  const outcome = made.outcome ?? 'succeeded';
  const backupStep = step(stepId.backup(job.service, job.repository), job);
  const evidence: Evidence[] = [];
  if (made.id) evidence.push(fact(job, { snapshotId: made.id, at: made.at, complete: outcome === 'succeeded' }));
  const id = openRun(journal, [backupStep]);
  journal.endStep(
    id,
    {
      ...plannedStep(backupStep),
      outcome,
      reason: made.reason ?? null,
      startedAt: formatInstant(made.at),
      endedAt: formatInstant(later(made.at, duration(1, 's'))),
    },
    evidence,
  );
  journal.endRun(id, { outcome, exitCode: 0 }, made.at);
  return id;
}

/** Records a fact in a run of its own, later than all before it. */
export function recordFact(
  journal: Journal,
  job: { service: string; repository: string },
  parts: Partial<Evidence>,
): string {
  const id = openRun(journal, []);
  journal.recordEvidence(id, fact(job, parts));
  journal.endRun(id, { outcome: 'succeeded', exitCode: 0 }, NOW);
  return id;
}

function openRun(journal: Journal, steps: ReturnType<typeof step>[]): string {
  runs += 1;
  const id = `01HOLDFASTTEST${String(runs).padStart(12, '0')}`;
  journal.openRun({ id, plan: plan(steps, { kind: 'run' }), startedAt: NOW, process: selfIdentity() });
  return id;
}

const fact = (job: { service: string; repository: string }, parts: Partial<Evidence>): Evidence => ({
  kind: 'backup',
  ...job,
  snapshotId: snapshotId('a'),
  at: NOW,
  complete: true,
  detail: {},
  ...parts,
});
