// What makes the datasets of a host as they are declared at its boot: when the pools are imported, and before any service that
// lives on one starts. It does not keep a service from starting: what must not start without its data says `recover:`.

import type { DeclaredDataset } from '../../domain/dataset.ts';
import { unitNames } from '../../domain/naming.ts';
import { stateMount } from './around.ts';
import { hardening } from './hardening.ts';
import type { Recoverable } from './recover-unit.ts';
import type { UnitScene } from './scene.ts';
import { process, tellAtOnce } from './service-unit.ts';
import { plainText, renderUnit } from './unit-file.ts';

export function datasetsUnit(scene: UnitScene, recovered: readonly Recoverable[], tellers: readonly string[]): string {
  const before = unitsOn(scene.configuration.datasets, scene, recovered);
  return renderUnit([
    {
      name: 'Unit',
      lines: [
        ['Description', 'Holdfast: datasets as they are declared'],
        ['After', 'zfs-import.target zfs-load-key.target zfs-mount.service'],
        ...(before.length === 0 ? [] : [['Before', before.map(plainText).join(' ')] as const]),
        ...stateMount(scene),
        ['StartLimitIntervalSec', '0'],
        ...tellAtOnce(tellers),
      ],
    },
    {
      name: 'Service',
      lines: [...process(scene, ['datasets', 'apply'], []), ...hardening('restore')],
    },
    { name: 'Install', lines: [['WantedBy', 'multi-user.target']] },
  ]);
}

/** Units of services with a dataset, and what recovers their data. */
function unitsOn(
  datasets: readonly DeclaredDataset[],
  { configuration }: UnitScene,
  recovered: readonly Recoverable[],
): string[] {
  const services = new Set(datasets.flatMap(({ service }) => service ?? []));
  const own = [...services].flatMap((name) => configuration.services.get(name)?.unit ?? []);
  const recovery = recovered
    .filter(({ service }) => services.has(service.name))
    .map(({ service }) => unitNames.recover(service.name));
  return [...new Set([...recovery, ...own])];
}
