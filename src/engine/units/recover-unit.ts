// What brings the data of a service back before its unit starts, and the drop-in by which that unit waits for it. It takes no part
// in a unit that runs: nothing here is stopped with it, and installing it starts nothing.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { serverDirectories } from '../../config/server-directories.ts';
import { duration, formatDuration } from '../../domain/duration.ts';
import { unitNames } from '../../domain/naming.ts';
import { placeOf } from '../../domain/replication-names.ts';
import { afterMounts, isKeptFar, isRemote, placesOf, serverPlacesOf, stateMount } from './around.ts';
import { hardening } from './hardening.ts';
import type { UnitScene } from './scene.ts';
import { process, requiresMounts, tellAtOnce } from './service-unit.ts';
import { commandLine, plainText, renderUnit, type UnitLine } from './unit-file.ts';

export interface Recoverable {
  readonly service: ServiceConfig;
  readonly unit: string;
  readonly paths: readonly string[];
}

/** Those that say `recover:`, have a unit, and are kept in a way that can be judged: others would never start. */
export const recoverables = ({ services }: Configuration): Recoverable[] =>
  [...services.values()].flatMap((service) => {
    const { unit, recover } = service;
    const paths = dataOf(service);
    return recover.beforeStart && unit !== null && paths !== null ? [{ service, unit, paths }] : [];
  });

/** Null where nothing of it is kept. */
function dataOf(service: ServiceConfig): readonly string[] | null {
  const { backup, postgres } = service;
  if (postgres === null && backup === null) return null;
  return [...serverDirectories(service), ...(backup?.serverCopy ? [] : (backup?.paths ?? []))];
}

export function recoverUnit({ service, unit, paths }: Recoverable, scene: UnitScene, tellers: readonly string[]): string {
  const { configuration } = scene;
  const repositories = (service.backup?.repositories ?? []).flatMap((name) => configuration.repositories.get(name) ?? []);
  return renderUnit([
    {
      name: 'Unit',
      lines: [
        ['Description', plainText(`Holdfast: recover ${service.name} if its data is lost`)],
        ['Before', plainText(unit)],
        ...stateMount(scene),
        ...afterMounts([...paths, ...placesOf(repositories), ...serverPlacesOf(service)]),
        ['StartLimitIntervalSec', '0'],
        ...tellAtOnce(tellers),
        { remark: 'What does not answer now may answer later: then the service starts by itself.' },
        ['Wants', unitNames.again(service.name)],
      ],
    },
    {
      name: 'Service',
      lines: [
        ...(repositories.some(isRemote) || isKeptFar(service) || asksReplicas(service, configuration)
          ? networkWhenNeeded(paths)
          : []),
        // no SuccessExitStatus=143: a recovery that was ended has not brought anything back, and nothing may start on it
        ...process(scene, ['recover', service.name, '--before-start', '--wait', '1h'], repositories),
        ['ExecStartPost', `-${commandLine(['/bin/sh', '-c', WELL, 'sh', unitNames.again(service.name)])}`],
        ...hardening('restore'),
      ],
    },
  ]);
}

const WELL = 'exec systemctl stop --no-block "$1"';

/**
 * It is started with each recovery, and not after one that failed: who stops the unit meanwhile stops this, too, and then nothing
 * starts the unit against their will.
 */
export const againTimer = ({ service, unit }: Recoverable): string =>
  renderUnit([
    {
      name: 'Unit',
      lines: [
        ['Description', plainText(`Holdfast: time to try again to recover ${service.name}`)],
        { remark: 'Who stops the service does not want it to start by itself.' },
        ['PartOf', plainText(unit)],
      ],
    },
    {
      name: 'Timer',
      lines: [
        ['OnActiveSec', formatDuration(LOOK_EVERY)],
        ['OnUnitInactiveSec', formatDuration(LOOK_EVERY)],
        ['AccuracySec', '1s'],
      ],
    },
  ]);
/** Whether it is time for a try is decided each time: see domain/recovery-again.ts. */
const LOOK_EVERY = duration(5, 'm');

export const againUnit = ({ service }: Recoverable, scene: UnitScene): string =>
  renderUnit([
    {
      name: 'Unit',
      lines: [
        ['Description', plainText(`Holdfast: start ${service.name} again, if its recovery may go well now`)],
        ...stateMount(scene),
        ['StartLimitIntervalSec', '0'],
      ],
    },
    {
      name: 'Service',
      lines: [...process(scene, ['recover', service.name, '--again'], []), ...hardening('tell')],
    },
  ]);

const asksReplicas = ({ recover }: ServiceConfig, { replication }: Configuration): boolean =>
  recover.sources.includes('replica') && replication.targets.some(({ destination }) => placeOf(destination).host !== null);

/** At a boot the network may be late. Whose data is there does not wait for it. */
const networkWhenNeeded = (paths: readonly string[]): UnitLine[] => [
  { remark: 'The network is waited for only when something is missing.' },
  ['ExecStartPre', `-${commandLine(['/bin/sh', '-c', NETWORK, 'sh', ...paths])}`],
];
const NETWORK = 'for path; do [ "$(ls -A -- "$path" 2>/dev/null)" ] || exec systemctl start network-online.target; done';

/** For one unit, which may hold several services. */
export const recoverDropIn = (of: readonly Recoverable[]): string => {
  const names = of.map(({ service }) => unitNames.recover(service.name)).join(' ');
  return renderUnit([
    {
      name: 'Unit',
      lines: [
        { remark: 'It starts only with its data: what is lost is brought back first. See `holdfast recover --help`.' },
        ['Requires', names],
        ['After', names],
        ...requiresMounts(of.flatMap(({ paths }) => paths)),
      ],
    },
  ]);
};
