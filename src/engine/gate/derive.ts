// The gate of a host that has not configured one: the well-known backup units that it has, in the order in which they do not
// disturb one another, then Holdfast's own jobs. Pure.

import { stringify } from 'yaml';
import type { GateConfig, GateStage, PreflightPath, RepositoryConfig } from '../../config/configuration.ts';
import { formatBytes } from '../../domain/bytes.ts';
import { duration, formatDuration } from '../../domain/duration.ts';
import { formatPercentage, type Share } from '../../domain/percentage.ts';
import type { FoundUnit } from '../../tools/systemd/manager.ts';
import { arrangeStage, isThere, MASKED } from './arrange.ts';

/** A stage of which nothing more is said. */
export const STANDARD: Omit<GateStage, 'name' | 'units'> = {
  exclude: [],
  jobs: [],
  concurrency: null,
  timeout: null,
  onFailure: 'count',
  expect: null,
  atLeast: null,
  needs: [],
  whenRunning: 'skip',
  freshWithin: null,
};

/** Snapshots are cheap and first; what copies snapshots comes before what loads the disks. */
const WELL_KNOWN: readonly GateStage[] = [
  {
    ...STANDARD,
    name: 'ZFS snapshots',
    units: ['sanoid.service', 'zfs-auto-snapshot-*.service'],
    timeout: duration(5, 'm'),
    onFailure: 'warn',
  },
  {
    ...STANDARD,
    name: 'ZFS replication',
    units: ['syncoid-*.service', 'syncoid.service'],
    exclude: ['*-info.service', '*-reachability.service', '*-check.service'],
    timeout: duration(30, 'm'),
  },
  {
    ...STANDARD,
    name: 'PostgreSQL',
    units: ['pgbackrest-*backup*.service', 'barman-backup*.service', 'postgresqlBackup*.service', 'pg_dump*.service'],
    exclude: ['*-info.service', '*-check.service', '*-verify.service'],
    concurrency: 1,
    timeout: duration(1, 'h'),
  },
  {
    ...STANDARD,
    name: 'Applications',
    units: ['restic-backup-*.service', 'restic-backups-*.service', 'borgmatic*.service', 'borgbackup-job-*.service'],
    exclude: ['*-check.service', '*-prune.service', '*-verify.service'],
    jobs: ['*'],
    concurrency: 3,
  },
];

/** Every pattern of the standard gate, for asking which units there are. */
export const WELL_KNOWN_PATTERNS: readonly string[] = WELL_KNOWN.flatMap(({ units }) => units);

/** The standard gate with only what this host has of it: patterns and stages that nothing belongs to are left out. */
export function deriveGate(
  repositories: readonly RepositoryConfig[],
  found: readonly FoundUnit[],
  hasJobs: boolean,
): GateConfig {
  const there = found.filter(isThere);
  const belongs = (stage: GateStage, pattern: string): boolean => {
    const { units, leftOut } = arrangeStage({ ...stage, units: [pattern], jobs: [] }, there, []);
    const names = [...units, ...leftOut.filter(({ why }) => why === MASKED).map(({ name }) => name)];
    return names.some((name) => there.some((unit) => unit.name === name));
  };
  const stages = WELL_KNOWN.map((stage) => ({
    ...stage,
    units: stage.units.filter((pattern) => belongs(stage, pattern)),
    jobs: hasJobs ? stage.jobs : [],
  })).filter(({ units, jobs }) => units.length + jobs.length > 0);
  return { name: 'default', preflight: preflightOf(repositories), criticalAbove: 0.5 as Share, stages };
}

const preflightOf = (repositories: readonly RepositoryConfig[]): PreflightPath[] =>
  repositories.flatMap(({ mounted, minFree }) => (mounted === null ? [] : [{ path: mounted, minFree, mounted: true }]));

/** The gate as its owner would write it into the configuration. */
export function gateText({ name, preflight, criticalAbove, stages }: GateConfig): string {
  const written = {
    preflight: preflight.map(({ path, minFree, mounted }) => ({
      path,
      ...(minFree === null ? {} : { minFree: formatBytes(minFree) }),
      ...(mounted ? { mounted } : {}),
    })),
    criticalAbove: formatPercentage(criticalAbove),
    stages: stages.map((stage) => ({
      name: stage.name,
      ...(stage.units.length > 0 ? { units: stage.units } : {}),
      ...(stage.exclude.length > 0 && stage.units.length > 0 ? { exclude: stage.exclude } : {}),
      ...(stage.jobs.length > 0 ? { jobs: stage.jobs } : {}),
      ...(stage.concurrency === null ? {} : { concurrency: stage.concurrency }),
      ...(stage.timeout === null ? {} : { timeout: formatDuration(stage.timeout) }),
      ...(stage.onFailure === 'count' ? {} : { onFailure: stage.onFailure }),
    })),
  };
  const { preflight: paths, ...rest } = written;
  return stringify({ gate: { [name]: paths.length > 0 ? written : rest } }, { lineWidth: 0 });
}
