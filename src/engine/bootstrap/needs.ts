// What a machine lacks before a configuration that came from elsewhere can work on it: secrets, mounts, directories. It only
// looks; what is not there is told, never made.

import { dirname } from 'node:path';
import type {
  Configuration,
  PostgresConfig,
  RepositoryConfig,
  ServerCopy,
  ServiceConfig,
} from '../../config/configuration.ts';
import { serverDirectories } from '../../config/server-directories.ts';
import { normalPath } from '../../config/repository-url.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { mountPoints } from '../../repositories/mounts.ts';
import { contentOf } from '../../tools/util-linux/probe.ts';
import { probeFile } from '../../tools/util-linux/read-file.ts';

export type Need = {
  readonly kind: 'secret' | 'mount' | 'directory';
  /** Where it belongs; for a secret of a command or of systemd what gives it. */
  readonly at: string;
  readonly what: string;
  /** `unknown`: it cannot be seen from here. */
  readonly state: 'there' | 'missing' | 'unreadable' | 'unknown';
};

export const needJson = (need: Need): JsonObject => ({ ...need });

export async function needsOf(config: Configuration, signal: AbortSignal): Promise<Need[]> {
  const repositories = [...config.repositories.values()];
  const wanted = [
    ...repositories.flatMap(secretsOf),
    ...serversOf(config).flatMap(secretsOfServer),
    ...[...config.services.values()].flatMap(secretsOfMariadb),
  ];
  const secrets = await Promise.all(wanted.map((each) => looked(each, signal)));
  const mounted = await mountPoints();
  const mounts = mountsOf(config).map(({ at, what }): Need => ({
    kind: 'mount',
    at,
    what,
    state: mounted.has(at) ? 'there' : 'missing',
  }));
  return [...unique(secrets), ...unique(mounts), ...(await missingParents(config, signal))];
}

interface Secret {
  readonly what: string;
  readonly file: string | null;
  readonly otherwise: string;
}

function secretsOf({ name, password, environmentFile }: RepositoryConfig): Secret[] {
  const [file, otherwise] =
    password.kind === 'file'
      ? [password.path, '']
      : [null, password.kind === 'command' ? `the command ${password.argv[0]}` : `the systemd credential ${password.name}`];
  const environment = { what: `what the environment of ${name} needs`, file: environmentFile, otherwise: '' };
  return [{ what: `the password of ${name}`, file, otherwise }, ...(environmentFile === null ? [] : [environment])];
}

interface Server {
  readonly service: string;
  readonly postgres: PostgresConfig;
  readonly copy: ServerCopy | null;
}
const serversOf = ({ services }: Configuration): Server[] =>
  [...services.values()].flatMap(({ name, postgres, backup }) =>
    postgres === null ? [] : [{ service: name, postgres, copy: backup?.serverCopy ?? null }],
  );

const secretsOfServer = ({ service, postgres, copy }: Server): Secret[] =>
  [
    ...postgres.repositories.map(({ name, cipherPassFile }) => ({
      what: `the passphrase of ${name} of ${service}`,
      file: cipherPassFile,
    })),
    { what: `the passphrase of the offsite copy of ${service}`, file: copy?.cipherPassFile ?? null },
    { what: `the credentials of barman-cloud of ${service}`, file: postgres.barman?.credentialsFile ?? null },
  ].flatMap(({ what, file }) => (file === null ? [] : [{ what, file, otherwise: '' }]));

const secretsOfMariadb = ({ name, mariadb }: ServiceConfig): Secret[] => {
  const file = mariadb?.defaultsFile ?? null;
  return file === null ? [] : [{ what: `the password of the MariaDB server of ${name}`, file, otherwise: '' }];
};

async function looked({ what, file, otherwise }: Secret, signal: AbortSignal): Promise<Need> {
  if (file === null) return { kind: 'secret', at: otherwise, what, state: 'unknown' };
  const need = { kind: 'secret', at: file, what } as const;
  try {
    const facts = await probeFile(file, signal);
    const state = facts === null || facts.size === 0 ? 'missing' : facts.readable ? 'there' : 'unreadable';
    return { ...need, state: facts !== null && !facts.readable ? 'unreadable' : state };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return { ...need, state: 'unknown' };
  }
}

function mountsOf(config: Configuration): { readonly at: string; readonly what: string }[] {
  const { repositories, gates } = config;
  const checked = [...gates.values()].flatMap(({ preflight }) => preflight.filter(({ mounted }) => mounted));
  return [
    ...[...repositories.values()].flatMap(({ name, mounted }) =>
      mounted === null ? [] : [{ at: mounted, what: `the repository ${name}` }],
    ),
    ...serversOf(config).flatMap(({ service, postgres }) =>
      postgres.repositories.flatMap(({ name, mounted }) =>
        mounted === null ? [] : [{ at: mounted, what: `${name} of ${service}` }],
      ),
    ),
    ...checked.map(({ path }) => ({ at: path, what: 'a gate' })),
  ];
}

/** Directories in which data of services belongs, and which are not there: a recovery does not make them. */
async function missingParents({ services }: Configuration, signal: AbortSignal): Promise<Need[]> {
  const byParent = Map.groupBy(
    [...services.values()].flatMap((service) =>
      [...(service.backup?.paths ?? []), ...serverDirectories(service)].map((path) => ({
        name: service.name,
        parent: dirname(normalPath(path)),
      })),
    ),
    ({ parent }) => parent,
  );
  const looks = [...byParent].map(async ([at, users]): Promise<Need[]> => {
    const what = [...new Set(users.map(({ name }) => name))].join(', ');
    try {
      return (await contentOf(at, [], signal)) === 'absent' ? [{ kind: 'directory', at, what, state: 'missing' }] : [];
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      return [{ kind: 'directory', at, what, state: 'unknown' }];
    }
  });
  return (await Promise.all(looks)).flat();
}

/** What several need of one place is told once. */
const unique = (needs: readonly Need[]): Need[] =>
  [...Map.groupBy(needs, ({ at }) => at).values()].flatMap(([first, ...more]) =>
    first ? [{ ...first, what: [first, ...more].map(({ what }) => what).join(', ') }] : [],
  );
