// Where the secrets of a repository live, and whether a copy of them is left when the host is gone: one that is only in the
// snapshots which it opens is none.

import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { contains, normalPath } from '../../config/repository-url.ts';
import { maskSecrets, urlSecrets } from '../../process/mask.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { KitSecret, SecretPlace } from './kit.ts';

export interface SecretSurroundings {
  readonly config: Pick<Configuration, 'services' | 'repositories'>;
  /** The home of whoever runs Holdfast: its SSH key and its rclone are used. */
  readonly home: string;
  /** Names in the environment file; null when it could not be read. */
  readonly variables: readonly string[] | null;
  /** Masked in what is shown of commands. */
  readonly known: readonly string[];
}

/** What opens it, in the order in which it is needed. */
export function secretPlaces(repository: RepositoryConfig, surroundings: SecretSurroundings): KitSecret[] {
  const secret = (purpose: KitSecret['purpose'], place: SecretPlace): KitSecret => ({
    purpose,
    place,
    variables: purpose === 'environment' ? surroundings.variables : null,
    ...copiesOf(place, surroundings),
  });
  const login = loginFile(repository.url, surroundings.home);
  return [
    ...(login === null ? [] : [secret('login', { kind: 'file', path: login })]),
    ...(urlSecrets(repository.url).length > 0 ? [secret('address', { kind: 'url' })] : []),
    ...(repository.environmentFile === null
      ? []
      : [secret('environment', { kind: 'file', path: repository.environmentFile })]),
    secret('password', passwordPlace(repository, surroundings.known)),
  ];
}

function passwordPlace({ password }: RepositoryConfig, known: readonly string[]): SecretPlace {
  if (password.kind === 'file') return { kind: 'file', path: password.path };
  if (password.kind === 'credential') return { kind: 'credential', name: password.name };
  const command = maskSecrets(password.argv.map(shellWord).join(' '), known);
  return { kind: 'command', command, files: maskedFiles(password.argv, known) };
}

/** Which of its arguments name files: what it reads, or decrypts with. */
const maskedFiles = (argv: readonly string[], known: readonly string[]): string[] =>
  argv.slice(1).filter((argument) => argument.startsWith('/') && maskSecrets(argument, known) === argument);

/** What is not Holdfast's own and is needed all the same. */
function loginFile(url: string, home: string): string | null {
  if (url.startsWith('sftp:')) return `${home}/.ssh`;
  return url.startsWith('rclone:') ? `${home}/.config/rclone/rclone.conf` : null;
}

/** The files without which a repository does not open. */
const filesOf = ({ password, environmentFile, url }: RepositoryConfig, home: string): string[] =>
  [
    ...(password.kind === 'file' ? [password.path] : []),
    ...(password.kind === 'command' ? password.argv.slice(1).filter((each) => each.startsWith('/')) : []),
    environmentFile,
    loginFile(url, home),
  ].flatMap((file) => (file === null ? [] : [normalPath(file)]));

function copiesOf(
  place: SecretPlace,
  { config, home }: Pick<SecretSurroundings, 'config' | 'home'>,
): Pick<KitSecret, 'backedUp' | 'risk'> {
  const files = place.kind === 'file' ? [place.path] : place.kind === 'command' ? place.files : [];
  const backedUp = files.flatMap((file) => holdersOf(normalPath(file), config));
  if (backedUp.length === 0) return { backedUp, risk: 'host-only' };
  const openable = openableWithout(config, home);
  const reached = backedUp.some(({ repositories }) => repositories.some((name) => openable.has(name)));
  return { backedUp, risk: reached ? 'elsewhere' : 'locked-in' };
}

/** The services whose data a file is part of, and where that goes. */
const holdersOf = (file: string, { services }: SecretSurroundings['config']): KitSecret['backedUp'] =>
  [...services.values()].flatMap(({ name, backup }) => {
    const holds = backup?.paths.map(normalPath).some((path) => file === path || contains(path, file));
    return backup && holds ? [{ service: name, repositories: backup.repositories }] : [];
  });

/**
 * The repositories that open when the host is gone, if what is in no backup was kept outside: their owner is told to. What is in
 * a backup counts as kept only when that opens; two repositories that hold each other's passwords are both lost.
 */
function openableWithout(config: SecretSurroundings['config'], home: string): ReadonlySet<string> {
  const openable = new Set<string>();
  const opens = (file: string): boolean => {
    const holding = holdersOf(file, config).flatMap(({ repositories }) => repositories);
    return holding.length === 0 || holding.some((name) => openable.has(name));
  };
  for (let before = -1; before < openable.size;) {
    before = openable.size;
    for (const repository of config.repositories.values()) {
      if (filesOf(repository, home).every(opens)) openable.add(repository.name);
    }
  }
  return openable;
}
