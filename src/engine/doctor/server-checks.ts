// Each PostgreSQL server: it answers, archives into its stanza, and every repository answers and holds this very cluster. Nothing is
// changed, and nothing is made.

import { existsSync } from 'node:fs';
import type { PostgresRepositoryConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { isSound } from '../../domain/postgres-backup.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { pgBackRestInfo, type StanzaInfo } from '../../tools/pgbackrest/info.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import type { ServerState } from '../../tools/postgresql/settings.ts';
import { type EngineService, pgBackRestOf, PROGRAM } from '../postgres/access.ts';
import { dataDirectory } from '../postgres/data-directory.ts';
import { backupsIn, clusterIn } from '../postgres/open-archive.ts';
import { untoldOf } from '../postgres/held-backups.ts';
import { onRecord } from '../postgres/look-at-each.ts';
import { LOST, missingStanza } from '../postgres/missing-stanza.ts';
import { requireMounted } from '../postgres/mounted.ts';
import { requireDeclaredMounts } from '../postgres/new-stanza.ts';
import { engineJobs } from '../postgres/plan-backup.ts';
import { tablespacesByHand } from '../postgres/restore-in-place.ts';
import { serverNeeds } from '../postgres/server-needs.ts';
import { askRunning } from './ask-running.ts';
import { examineBarman } from './barman-check.ts';
import { readable } from './recorded.ts';
import { type Check, type DoctorInput, type Finding, ok, problem, problemOf, warning } from './check.ts';

export const serverChecks = ({ config }: Pick<DoctorInput, 'config'>): Check[] =>
  [...config.services.values()]
    .flatMap((service) => engineJobs(service).slice(0, 1))
    .map((server) => ({
      id: `server:${server.service.name}`,
      title: server.service.name,
      limit: duration(3, 'm'), // pgBackRest waits for each connection that hangs
      run: async (signal) => [
        ...(await (server.postgres.engine === 'barman-cloud'
          ? examineBarman(server, signal)
          : examineServer(server, onRecordOf(server, config.stateDir), signal))),
        ...(await tablespaces(server, signal)),
      ],
    }));

/** Known now, not when its data is lost and its unit waits. */
async function tablespaces({ service, postgres }: EngineService, signal: AbortSignal): Promise<Finding[]> {
  const found = service.recover.beforeStart ? await dataDirectory(postgres.dataDir, signal) : null;
  if (found?.state !== 'valid' || found.tablespaces.size === 0) return [];
  return [
    warning(
      `it has tablespaces (${[...found.tablespaces.values()].join(', ')}): with \`recover\` its unit does not start on lost data, and does not bring it back by itself, either`,
      tablespacesByHand(service.name),
    ),
  ];
}

/** The numbers of those that backups went to. */
function onRecordOf({ service, postgres }: EngineService, stateDir: string): readonly number[] {
  const opened = readable(stateDir);
  if (opened === 'unreadable') return [];
  using journal = opened;
  return journal === null ? [] : onRecord(service.name, postgres, journal);
}

async function examineServer(server: EngineService, recorded: readonly number[], signal: AbortSignal): Promise<Finding[]> {
  const { service, postgres } = server;
  const version = await pgBackRestVersion(PROGRAM, signal);
  const access = await pgBackRestOf(server, signal);
  const troubles: Finding[] = [];
  const noted = (error: unknown): null => {
    if (!(error instanceof HoldfastError)) throw error;
    troubles.push(problemOf(error));
    return null;
  };
  const away = new Set<number>(); // to pgBackRest the empty directory below is a repository without the stanza
  for (const each of postgres.repositories)
    // oxlint-disable-next-line no-await-in-loop -- a few
    await requireThere(service.name, each).catch((error: unknown) => {
      away.add(each.key);
      noted(error);
    });
  const state = await askRunning(server, signal).catch(noted);
  const infos = await Promise.all(
    away.size === 0
      ? [pgBackRestInfo(access, { signal }).catch(noted)]
      : postgres.repositories
          .filter(({ key }) => !away.has(key))
          .map(({ key }) => pgBackRestInfo(access, { signal, repository: key }).catch(noted)),
  );
  const info = together(infos.filter((each) => each !== null));
  const findings = [
    ...troubles,
    ...unit(server),
    ...(state ? settings(server, state) : []),
    ...(info ? await repositories(server, info, { state, recorded }) : []),
  ];
  const count = info?.repositories.length ?? 0;
  const well = ok(`archives into ${count} ${count === 1 ? 'repository' : 'repositories'}, pgbackrest ${version.text}`);
  return findings.some(({ health }) => health === 'problem') ? findings : [well, ...findings];
}

/** Throws `not-mounted`, also where only the administrator has said that something is mounted there. */
async function requireThere(service: string, repository: PostgresRepositoryConfig): Promise<void> {
  await requireMounted(service, repository);
  await requireDeclaredMounts(service, repository);
}

/** Null where none was asked, or none answered. */
const together = ([first, ...more]: readonly StanzaInfo[]): StanzaInfo | null =>
  first === undefined
    ? null
    : more.reduce(
        (all, each) => ({
          repositories: [...all.repositories, ...each.repositories],
          clusters: [...all.clusters, ...each.clusters],
          backups: [...all.backups, ...each.backups],
          locked: all.locked || each.locked,
        }),
        first,
      );

/** Where its cluster lies elsewhere, only the machine can tell (see config/server-unit.ts). */
const DEBIAN = ['/lib/systemd/system/postgresql@.service', '/usr/lib/systemd/system/postgresql@.service'];
const unit = ({ service }: EngineService): Finding[] =>
  service.unit === 'postgresql.service' && DEBIAN.some((file) => existsSync(file))
    ? [
        problem(
          'postgresql.service runs no server itself here: to hold it back, to stop or to start it does nothing to the one that is meant',
          `Give services.${service.name}.unit the name of its instance: pg_lsclusters; postgresql@VERSION-NAME.service`,
        ),
      ]
    : [];

function settings({ postgres }: EngineService, state: ServerState): Finding[] {
  const { statements, restart, remarks } = serverNeeds(postgres, state);
  return [
    ...(statements.length > 0
      ? [
          problem(
            'the server does not archive its log into the stanza',
            `${statements.join(' ')}${restart ? ' Then restart it.' : ''}`,
          ),
        ]
      : []),
    ...remarks.map((each) => warning(each, null)),
  ];
}

const DAMAGED =
  'Its log says which. See to the disk, then to the server (pg_amcheck; restore it beside and compare), and take a full backup: holdfast run SERVICE --type full';

interface Known {
  readonly state: ServerState | null;
  /** See onRecordOf. */
  readonly recorded: readonly number[];
}

async function repositories(server: EngineService, info: StanzaInfo, { state, recorded }: Known): Promise<Finding[]> {
  const { service, postgres } = server;
  if (info.repositories.length === 0) {
    const untold = await untoldOf(service.name, postgres);
    if (untold) return [problem(untold.reason, null)];
    const fix = recorded.length > 0 ? LOST : `holdfast postgres configure ${service.name}`;
    return [problem('pgbackrest knows no repository of the stanza', fix)];
  }
  return info.repositories.flatMap(({ key, state: answer, message }): Finding[] => {
    if (answer === 'other') return [problem(`repository ${key} did not answer: ${message}`, null)];
    if (answer === 'no-stanza') {
      const { message: words, hint } = missingStanza(server, key, recorded.includes(key));
      return [problem(words, hint)];
    }
    const systemId = clusterIn(info, key)?.systemId;
    if (state && systemId !== undefined && systemId !== state.systemId)
      return [problem(`repository ${key} holds another cluster (${systemId}; the server is ${state.systemId})`, null)];
    const backups = backupsIn(info, key);
    const newest = backups.at(-1);
    if (newest === undefined && recorded.includes(key)) return [problem(`repository ${key} holds no backup any more`, LOST)];
    if (newest === undefined)
      return [warning(`repository ${key} holds no backup yet`, state ? `holdfast run ${service.name}` : null)];
    if (isSound(newest)) return [];
    const last = backups.findLast(isSound);
    const than = last === undefined ? 'and it holds no sound one' : `the last sound one is ${last.label}`;
    return [
      problem(
        `the newest backup in repository ${key}, ${newest.label}, holds damaged pages of the server; ${than}`,
        DAMAGED.replace('SERVICE', service.name),
      ),
    ];
  });
}
