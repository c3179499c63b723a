// Each PostgreSQL server: it answers, archives into its stanza, and every repository answers and holds this very cluster. Nothing is
// changed, and nothing is made.

import { existsSync } from 'node:fs';
import { duration } from '../../domain/duration.ts';
import { isSound } from '../../domain/postgres-backup.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { pgBackRestInfo, type StanzaInfo } from '../../tools/pgbackrest/info.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import type { ServerState } from '../../tools/postgresql/settings.ts';
import { type EngineService, pgBackRestOf, PROGRAM } from '../postgres/access.ts';
import { backupsIn, clusterIn } from '../postgres/open-archive.ts';
import { requireMounted } from '../postgres/mounted.ts';
import { engineJobs } from '../postgres/plan-backup.ts';
import { serverNeeds } from '../postgres/server-needs.ts';
import { askServer } from '../postgres/server.ts';
import { examineBarman } from './barman-check.ts';
import { type Check, type DoctorInput, type Finding, ok, problem, problemOf, warning } from './check.ts';

export const serverChecks = ({ config }: Pick<DoctorInput, 'config'>): Check[] =>
  [...config.services.values()]
    .flatMap((service) => engineJobs(service).slice(0, 1))
    .map((server) => ({
      id: `server:${server.service.name}`,
      title: server.service.name,
      limit: duration(3, 'm'), // pgBackRest waits for each connection that hangs
      run: (signal) =>
        server.postgres.engine === 'barman-cloud' ? examineBarman(server, signal) : examineServer(server, signal),
    }));

async function examineServer(server: EngineService, signal: AbortSignal): Promise<Finding[]> {
  const { service, postgres } = server;
  const version = await pgBackRestVersion(PROGRAM, signal);
  const access = await pgBackRestOf(server, signal);
  const troubles: Finding[] = [];
  const noted = (error: unknown): null => {
    if (!(error instanceof HoldfastError)) throw error;
    troubles.push(problemOf(error));
    return null;
  };
  for (const each of postgres.repositories) await requireMounted(service.name, each).catch(noted); // oxlint-disable-line no-await-in-loop -- a few
  const state = await askServer(server, signal).catch(noted);
  const info = await pgBackRestInfo(access, { signal }).catch(noted);
  const findings = [
    ...troubles,
    ...unit(server),
    ...(state ? settings(server, state) : []),
    ...(info ? repositories(server, info, state) : []),
  ];
  const count = info?.repositories.length ?? 0;
  const well = ok(`archives into ${count} ${count === 1 ? 'repository' : 'repositories'}, pgbackrest ${version.text}`);
  return findings.some(({ health }) => health === 'problem') ? findings : [well, ...findings];
}

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

function repositories({ service, postgres }: EngineService, info: StanzaInfo, state: ServerState | null): Finding[] {
  const configure = `holdfast postgres configure ${service.name}`;
  if (info.repositories.length === 0) return [problem('pgbackrest knows no repository of the stanza', configure)];
  return info.repositories.flatMap(({ key, state: answer, message }): Finding[] => {
    if (answer === 'other') return [problem(`repository ${key} did not answer: ${message}`, null)];
    if (answer === 'no-stanza') return [problem(`repository ${key} has no stanza ${postgres.stanza}`, configure)];
    const systemId = clusterIn(info, key)?.systemId;
    if (state && systemId !== undefined && systemId !== state.systemId)
      return [problem(`repository ${key} holds another cluster (${systemId}; the server is ${state.systemId})`, null)];
    const backups = backupsIn(info, key);
    const newest = backups.at(-1);
    if (newest === undefined) return [warning(`repository ${key} holds no backup yet`, `holdfast run ${service.name}`)];
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
