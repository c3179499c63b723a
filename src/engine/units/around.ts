// What a unit needs of the machine before it starts, and from where its secrets come.

import type { RepositoryConfig, ResourceLimits, ServiceConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { mountsOnTheWay } from '../../lib/unit-name.ts';
import { LAST_STATE_VARIABLE } from '../configuration/last-good.ts';
import { pathList, type UnitLine, word } from './unit-file.ts';
import type { UnitScene } from './scene.ts';

/**
 * The mounts on the way to these paths come first, and are asked for; but one that fails keeps nothing from starting, as
 * RequiresMountsFor= and AssertPathIsMountPoint= would: Holdfast sees itself what is missing, tells and records it, and works
 * with the repositories that are there. (WantsMountsFor=, which systemd has since 256, written out.)
 */
export function afterMounts(paths: readonly string[]): UnitLine[] {
  const units = [...new Set(paths.flatMap(mountsOnTheWay))];
  return units.length === 0 ? [] : after(units);
}

/** The network, where one of them is behind it. */
export const afterNetwork = (repositories: readonly RepositoryConfig[]): UnitLine[] =>
  repositories.some(isRemote) ? NETWORK : [];

const after = (units: readonly string[]): UnitLine[] => [
  ['Wants', units.join(' ')], // names of units are never quoted, and their backslashes stay
  ['After', units.join(' ')],
];

export const NETWORK: UnitLine[] = after(['network-online.target']);

export const isRemote = ({ url }: RepositoryConfig): boolean => localDirectory(url) === null;

/** What its server is backed up into is on another machine. */
export const isKeptFar = ({ postgres }: Pick<ServiceConfig, 'postgres'>): boolean => (postgres?.barman ?? null) !== null;

/** Where their data is, as far as it is on this machine. */
export const placesOf = (repositories: readonly RepositoryConfig[]): string[] =>
  repositories.flatMap(({ url, mounted }) => [localDirectory(url), mounted].filter((path) => path !== null));

/** Of the PostgreSQL server of a service: directories only, a bucket is elsewhere. */
export const serverPlacesOf = (service: Pick<ServiceConfig, 'postgres'> | null): string[] =>
  (service?.postgres?.repositories ?? []).flatMap(({ path, mounted }) =>
    [path, mounted].filter((each) => each?.startsWith('/') === true).map(String),
  );

/**
 * From the machine's stores of credentials (/etc/credstore/NAME). One that is not there keeps nothing from starting: the
 * repository is then told to have no password, and the others get their copies.
 */
export const credentials = (repositories: readonly RepositoryConfig[]): UnitLine[] =>
  repositories.flatMap(({ password }) =>
    password.kind === 'credential' ? [['LoadCredential', password.name] as const] : [],
  );

export const limits = ({ memoryMax, memoryHigh, cpuQuota, cpuWeight, ioWeight }: ResourceLimits): UnitLine[] => {
  const all: readonly (readonly [string, string | number | null])[] = [
    ['MemoryHigh', memoryHigh],
    ['MemoryMax', memoryMax],
    ['CPUQuota', cpuQuota],
    ['CPUWeight', cpuWeight],
    ['IOWeight', ioWeight],
  ];
  return all.flatMap(([key, value]) => (value === null ? [] : [[key, String(value)] as const]));
};

const STANDARD_STATE = '/var/lib/holdfast';

/** Without its state directory nothing can be recorded: that one is required. */
export const stateMount = ({ configuration: { stateDir } }: UnitScene): UnitLine[] =>
  stateDir === STANDARD_STATE ? [] : [['RequiresMountsFor', pathList([stateDir])]]; // StateDirectory= says it, too

/** Also when the configuration is broken, and says nothing of it, people are to be told so. */
export const lastState = ({ configuration: { stateDir } }: UnitScene): UnitLine[] =>
  stateDir === STANDARD_STATE ? [] : [['Environment', word(`${LAST_STATE_VARIABLE}=${stateDir}`)]];

export const ownDirectories = ({ configuration: { stateDir } }: UnitScene): UnitLine[] => [
  ...(stateDir === STANDARD_STATE
    ? ([
        ['StateDirectory', 'holdfast'],
        ['StateDirectoryMode', '0700'],
      ] as const)
    : []),
  ['CacheDirectory', 'holdfast'],
  ['CacheDirectoryMode', '0700'],
];

export const environment = ({ environment: variables }: Pick<UnitScene, 'environment'>): UnitLine[] =>
  Object.entries(variables).map(([name, value]) => ['Environment', word(`${name}=${value}`)] as const);
