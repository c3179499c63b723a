// Configurations and observations for recovery kits, as small as they can be.

import { resolveMigrate } from '../../../src/config/resolve-migrate.ts';
import type { BackupConfig, RepositoryConfig, ServiceConfig } from '../../../src/config/configuration.ts';
import { NO_LIMITS } from '../../../src/config/resolve-units.ts';
import { duration } from '../../../src/domain/duration.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { Observation } from '../../../src/engine/recovery-kit/kit-of.ts';
import type { Snapshot } from '../../../src/tools/restic/snapshots.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z') as Instant;

export const repository = (name: string, more: Partial<RepositoryConfig> = {}): RepositoryConfig => ({
  name,
  url: `/mnt/${name}/restic`,
  password: { kind: 'file', path: `/run/secrets/${name}` },
  environmentFile: null,
  primary: false,
  location: 'onsite',
  medium: 'disk',
  mounted: null,
  minFree: null,
  concurrency: 1,
  limits: { upload: null, download: null },
  frequency: null,
  pruneEvery: null,
  ...more,
});

const BACKUP: BackupConfig = {
  paths: [],
  exclude: [],
  tags: [],
  repositories: ['near'],
  frequency: 'daily',
  randomizedDelay: null,
  timeout: duration(1, 'h'),
  retention: {
    last: 0,
    hourly: 0,
    daily: 7,
    weekly: 0,
    monthly: 0,
    yearly: 0,
    within: null,
    tags: [],
  },
  databases: [],
  dumps: null,
  hooks: { before: [], after: [] },
  useSnapshots: false,
  zfsDataset: null,
  allowEmpty: false,
  resources: NO_LIMITS,
};

export const service = (
  name: string,
  backup: Partial<BackupConfig> | null,
  more: { readonly class?: string; readonly rtoHours?: number; readonly unit?: string } = {},
): ServiceConfig => ({
  name,
  unit: more.unit ?? null,
  backup: backup === null ? null : { ...BACKUP, paths: [`/srv/${name}`], ...backup },
  postgres: null,
  mariadb: null,
  protection: {
    class: more.class ?? 'standard',
    rpo: null,
    offsiteRpo: null,
    rto: more.rtoHours === undefined ? null : duration(more.rtoHours, 'h'),
    copies: 0,
    media: 0,
    offsite: 0,
    verifiedWithin: null,
    drilledWithin: null,
    allowEmptyStart: false,
    validators: [],
  },
  recover: { beforeStart: false, sources: ['repository'], timeout: null, onFailure: 'block' },
  migrate: resolveMigrate(undefined),
});

export const config = (
  repositories: readonly RepositoryConfig[],
  services: readonly ServiceConfig[],
): { host: string; repositories: ReadonlyMap<string, RepositoryConfig>; services: ReadonlyMap<string, ServiceConfig> } => ({
  host: 'forge',
  repositories: new Map(repositories.map((each) => [each.name, each])),
  services: new Map(services.map((each) => [each.name, each])),
});

export const id = (digit: string): string => digit.repeat(64);

export const snapshot = (digit: string, time: string, tags: readonly string[]): Snapshot => ({
  id: id(digit),
  shortId: digit.repeat(8),
  time: Date.parse(time) as Instant,
  timeText: time,
  host: 'forge',
  user: 'root',
  tags,
  paths: [],
  tree: id('0'),
  parent: null,
  programVersion: null,
  summary: null,
});

export const observation = (more: Partial<Observation> = {}): Observation => ({
  answer: { answered: true, at: '2026-03-01T12:00:00.000Z' },
  snapshots: [],
  identity: null,
  resticVersion: '0.18.0',
  complete: new Map(),
  believed: new Map(),
  mount: null,
  owners: new Map(),
  home: '/root',
  variables: null,
  known: [],
  ...more,
});
