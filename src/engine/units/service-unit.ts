// The systemd service of one scheduled job.

import type { RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { serverDirectories } from '../../config/server-directories.ts';
import { unitNames } from '../../domain/naming.ts';
import { placeOf } from '../../domain/replication-names.ts';
import type { ScheduledJob } from '../schedule/scheduled-jobs.ts';
import {
  afterMounts,
  afterNetwork,
  isKeptFar,
  NETWORK,
  credentials,
  environment,
  lastState,
  limits,
  ownDirectories,
  placesOf,
  serverPlacesOf,
  stateMount,
} from './around.ts';
import { type Deeds, hardening } from './hardening.ts';
import type { UnitScene } from './scene.ts';
import { commandLine, pathList, plainText, renderUnit, type UnitLine } from './unit-file.ts';

export function serviceUnit(job: ScheduledJob, scene: UnitScene, tellers: readonly string[]): string {
  const { configuration } = scene;
  const service = job.service === null ? null : (configuration.services.get(job.service) ?? null);
  const repositories = job.repositories.flatMap((name) => configuration.repositories.get(name) ?? []);
  const deeds = deedsOf(job, service);
  return renderUnit([
    {
      name: 'Unit',
      lines: [
        ['Description', plainText(`Holdfast: ${job.title}`)],
        ...stateMount(scene),
        ...afterMounts([...dataOf(job, service), ...placesOf(repositories), ...serverPlacesOf(service)]),
        ...(needsNetwork(job, scene) || (service !== null && isKeptFar(service)) ? NETWORK : afterNetwork(repositories)),
        ...afterItsStart(job, service),
        ['StartLimitIntervalSec', '0'],
        ...(isTeller(job) ? [] : tellAtOnce(tellers)),
      ],
    },
    {
      name: 'Service',
      lines: [
        ...process(scene, job.argv, repositories),
        { remark: 'Whoever stops it has not made it fail: it ends with 143 then.' },
        ['SuccessExitStatus', '143'],
        ...(job.kind === 'notify' ? lastState(scene) : []),
        ['Slice', unitNames.slice],
        ['Nice', '10'],
        ['IOSchedulingClass', 'idle'],
        ...(service?.backup ? limits(service.backup.resources) : []),
        ...hardening(deeds),
      ],
    },
  ]);
}

export const isTeller = ({ kind }: ScheduledJob): boolean => kind === 'metrics' || kind === 'notify';

/** However it ends, these tell of it now, not at their next time. */
export const tellAtOnce = (tellers: readonly string[]): UnitLine[] =>
  tellers.length === 0
    ? []
    : [
        ['OnSuccess', tellers.join(' ')],
        ['OnFailure', tellers.join(' ')],
      ];

/** Longer than a step gets to stop in, after which Holdfast gives it up. */
const STOP_TIME = '6min';

/** Running Holdfast once. Time limits are its own: they do not count what it waits for. */
export const process = (
  scene: UnitScene,
  argv: readonly string[],
  repositories: readonly RepositoryConfig[],
): UnitLine[] => [
  ['Type', 'oneshot'],
  ['ExecStart', commandLine([...scene.program, ...argv])],
  ...environment(scene),
  ...credentials(repositories),
  ...ownDirectories(scene),
  ['TimeoutStartSec', 'infinity'],
  ['TimeoutStopSec', STOP_TIME],
  ['KillMode', 'mixed'],
];

function deedsOf(job: ScheduledJob, service: ServiceConfig | null): Deeds {
  if (isTeller(job)) return 'tell';
  const { before = [], after = [] } = service?.backup?.hooks ?? {};
  if (job.kind === 'run' && before.length + after.length > 0) return 'hooks';
  return job.kind === 'drill' ? 'drill' : 'work';
}

/** Where a target of replication is behind it. */
const needsNetwork = ({ kind, subject }: ScheduledJob, { configuration }: UnitScene): boolean =>
  kind === 'replicate' &&
  configuration.replication.targets.some(({ name, destination }) => name === subject && placeOf(destination).host !== null);

/**
 * A time that was missed is made up for at the next boot, while data that was lost still comes back, and a server still starts: a
 * backup waits for both. It asks for neither.
 */
function afterItsStart({ kind }: ScheduledJob, service: ServiceConfig | null): UnitLine[] {
  if (service === null || service.unit === null || (kind !== 'run' && kind !== 'archive')) return [];
  const names = [
    ...(service.recover.beforeStart ? [unitNames.recover(service.name)] : []),
    ...(serverDirectories(service).length === 0 ? [] : [plainText(service.unit)]),
  ];
  return names.length === 0 ? [] : [['After', names.join(' ')]];
}

/** What is read where it lives. */
const dataOf = ({ kind }: ScheduledJob, service: ServiceConfig | null): readonly string[] =>
  kind !== 'run' || service === null
    ? []
    : [...(service.backup?.paths ?? []), ...serverDirectories(service), ...serverPlacesOf(service)];

export const requiresMounts = (paths: readonly string[]): UnitLine[] =>
  paths.length === 0 ? [] : [['RequiresMountsFor', pathList(paths)]];
