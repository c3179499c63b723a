// From the configuration and what was observed to what a recovery kit says. Pure.

import { kitDumps } from './dump-commands.ts';
import type { Configuration, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { localDirectory, normalPath } from '../../config/repository-url.ts';
import { formatDuration } from '../../domain/duration.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import { configurationTag, jobTag, serviceOfTags } from '../../domain/naming.ts';
import { byUrgency } from '../../domain/urgency.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { VERSION } from '../../lib/version.ts';
import { maskSecrets, maskUrlPassword, urlSecrets } from '../../process/mask.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import { MINIMUM_RESTIC } from '../../tools/restic/version.ts';
import type { NamedOwner } from '../../tools/util-linux/owners.ts';
import type {
  Kit,
  KitAnswer,
  KitIdentity,
  KitMount,
  KitOther,
  KitPgBackRest,
  KitReach,
  KitSecret,
  KitService,
  KitSnapshot,
  Scheme,
} from './kit.ts';
import { livePlaces } from './live-places.ts';
import { secretPlaces } from './secret-places.ts';
import { serverElsewhere } from './server-elsewhere.ts';

/** What the host and the repository said when they were asked. */
export interface Observation {
  readonly answer: KitAnswer;
  /** Of this host; empty when the repository did not answer. */
  readonly snapshots: readonly Snapshot[];
  readonly identity: KitIdentity | null;
  readonly resticVersion: string | null;
  /** What this host has recorded: whether a snapshot is complete, and, where the repository did not answer, the newest complete one. */
  readonly complete: ReadonlyMap<string, boolean>;
  readonly believed: ReadonlyMap<string, KitSnapshot>;
  /** The file system that holds a local repository, unless it is the root file system. */
  readonly mount: KitMount | null;
  /** By live path. */
  readonly owners: ReadonlyMap<string, NamedOwner>;
  readonly home: string;
  /** Names in the environment file; null when it could not be read, or there is none. */
  readonly variables: readonly string[] | null;
  /** Secrets of any repository, masked in what others have written. */
  readonly known: readonly string[];
}

export type KitConfiguration = Pick<Configuration, 'host' | 'services' | 'repositories'>;

export function kitOf(config: KitConfiguration, repository: RepositoryConfig, seen: Observation, now: Instant): Kit {
  const services = [...config.services.values()]
    .filter(({ backup }) => backup?.repositories.includes(repository.name))
    .toSorted(byUrgency)
    .map((service) => serviceOf(service, config, seen));
  const secrets = secretPlaces(repository, { config, ...seen });
  return {
    host: config.host,
    repository: repository.name,
    madeAt: formatInstant(now),
    holdfast: VERSION,
    restic: { minimum: MINIMUM_RESTIC, used: seen.resticVersion },
    reach: reachOf(repository, seen.mount),
    answer: seen.answer,
    identity: seen.identity,
    secrets,
    services,
    others: othersOf(config, repository, seen.snapshots),
    configuration: seen.answer.answered ? seen.snapshots.some(({ tags }) => tags.includes(configurationTag)) : null,
    warnings: [...secrets.flatMap(lockedIn), ...futures(seen.snapshots, now)],
  };
}

function serviceOf(service: ServiceConfig, config: KitConfiguration, seen: Observation): KitService {
  const { name, unit, backup, protection } = service;
  const paths = (backup?.paths ?? []).map(normalPath);
  return {
    name,
    class: protection.class,
    rto: protection.rto === null ? null : formatDuration(protection.rto),
    unit,
    paths,
    leftOut: backup?.exclude ?? [],
    databases: (backup?.databases ?? []).map(({ path }) => path),
    dumps: kitDumps(service),
    hooks: (backup?.hooks.before ?? []).map(({ argv }) => maskSecrets(argv.map(shellWord).join(' '), seen.known)),
    pgbackrest: pgBackRestOf(service),
    owners: paths.flatMap((path) => {
      const owner = seen.owners.get(path);
      return owner ? [{ path, ...owner }] : [];
    }),
    ...livePlaces(service, { services: config.services.values(), repositories: config.repositories.values() }),
    ...newestOf(name, seen),
  };
}

function pgBackRestOf({ postgres, backup }: ServiceConfig): KitPgBackRest | null {
  if (postgres === null || !backup?.serverCopy) return null;
  const { stanza, dataDir, user } = postgres;
  return { stanza, dataDir, user, cipherPassFile: backup.serverCopy.cipherPassFile };
}

function newestOf(service: string, seen: Observation): Pick<KitService, 'newest' | 'newestComplete'> {
  if (!seen.answer.answered) {
    const believed = seen.believed.get(service) ?? null;
    return { newest: believed, newestComplete: believed };
  }
  const held = seen.snapshots
    .filter(({ tags }) => tags.includes(jobTag(service)))
    .toSorted((a, b) => b.time - a.time)
    .map((snapshot) => snapshotOf(snapshot, seen.complete));
  return { newest: held[0] ?? null, newestComplete: held.find(({ complete }) => complete === true) ?? null };
}

const snapshotOf = ({ id, time, summary }: Snapshot, complete: ReadonlyMap<string, boolean>): KitSnapshot => ({
  id,
  time: formatInstant(time),
  files: summary?.totalFiles ?? null,
  bytes: summary?.bytesProcessed ?? null,
  complete: complete.get(id) ?? null,
});

const SCHEMES: readonly Scheme[] = ['sftp', 'rest', 's3', 'b2', 'azure', 'gs', 'swift', 'rclone'];

function reachOf({ url, mounted }: RepositoryConfig, mount: KitMount | null): KitReach {
  const directory = localDirectory(url);
  const missing = mounted === null ? null : { path: mounted, type: null, source: null, uuid: null };
  return {
    url: maskUrlPassword(url),
    urlHasSecret: urlSecrets(url).length > 0,
    scheme: SCHEMES.find((scheme) => url.startsWith(`${scheme}:`)) ?? 'local',
    directory,
    mount: mounted === null || mount?.path === mounted ? mount : missing,
  };
}

/** Every declared service that is not in this repository, and every one in it that is no longer declared. */
function othersOf(config: KitConfiguration, repository: RepositoryConfig, snapshots: readonly Snapshot[]): KitOther[] {
  const declared = [...config.services.values()].flatMap((service): KitOther[] => {
    const { name, backup, postgres, protection } = service;
    const server = serverElsewhere(service);
    if (backup?.repositories.includes(repository.name)) return backup.serverCopy ? [] : server;
    if (backup) return [...server, { service: name, why: `it is in ${backup.repositories.join(', ')}`, byHand: [] }];
    if (postgres !== null) return server;
    return [{ service: name, why: `nothing of it is backed up (class ${protection.class})`, byHand: [] }];
  });
  const former = new Set(snapshots.flatMap(({ tags }) => serviceOfTags(tags) ?? []));
  const gone = [...former].filter((name) => !config.services.has(name)).toSorted();
  return [
    ...declared,
    ...gone.map((service) => ({ service, why: 'it is in this repository, and no longer configured', byHand: [] })),
  ];
}

const SECRET_NAMES = {
  password: 'the password',
  environment: 'the environment file',
  login: 'the login',
  address: 'the address',
} as const;

function lockedIn({ purpose, place, backedUp, risk }: KitSecret): string[] {
  if (risk !== 'locked-in') return [];
  const what = place.kind === 'file' ? ` ${place.path}` : '';
  const where = [...new Set(backedUp.flatMap(({ repositories }) => repositories))].join(', ');
  const services = backedUp.map(({ service }) => service).join(', ');
  return [
    `${SECRET_NAMES[purpose]}${what} is backed up with ${services}, but only into ${where}, and nothing there opens without what is only in there: keep a copy somewhere else`,
  ];
}

/** `latest` is the one with the latest date, whatever is true of that date. */
const futures = (snapshots: readonly Snapshot[], now: Instant): string[] =>
  snapshots
    .filter(({ time }) => time > now)
    .map(
      ({ id, time, tags }) =>
        `snapshot ${id.slice(0, 8)} of ${serviceOfTags(tags) ?? 'another program'} is dated in the future (${formatInstant(time)}): latest means this one`,
    );
