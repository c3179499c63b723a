// A PostgreSQL server that barman-cloud keeps: it answers, archives to its place, and what is there is of this very cluster. Nothing is
// changed.

import { HoldfastError } from '../../lib/errors.ts';
import { placeName } from '../../tools/barman-cloud/place.ts';
import { barmanVersion } from '../../tools/barman-cloud/version.ts';
import type { ServerState } from '../../tools/postgresql/settings.ts';
import type { EngineService } from '../postgres/access.ts';
import { barmanConfig, barmanOf } from '../postgres/barman/access.ts';
import { archivingNeeds } from '../postgres/barman/gate.ts';
import { openPlace, type Place } from '../postgres/barman/open-place.ts';
import { askRunning } from './ask-running.ts';
import { type Finding, ok, problem, problemOf, warning } from './check.ts';

export async function examineBarman(server: EngineService, signal: AbortSignal): Promise<Finding[]> {
  const version = await barmanVersion(signal);
  const access = await barmanOf(server, signal);
  const troubles: Finding[] = [];
  const noted = (error: unknown): null => {
    if (!(error instanceof HoldfastError)) throw error;
    troubles.push(problemOf(error));
    return null;
  };
  const state = await askRunning(server, signal).catch(noted);
  const place = await openPlace(access, signal).catch(noted);
  const where = placeName(barmanConfig(server));
  const findings = [
    ...troubles,
    ...(state ? settings(server, state) : []),
    ...(place ? contents(server, place, state, where) : []),
  ];
  const well = ok(`archives to ${where}, barman-cloud ${version}`);
  return findings.some(({ health }) => health === 'problem') ? findings : [well, ...findings];
}

function settings(server: EngineService, state: ServerState): Finding[] {
  const { statements, restart } = archivingNeeds(server, state);
  const configure = `holdfast postgres configure ${server.service.name} --dry-run first, then: `;
  return statements.length === 0
    ? []
    : [
        problem(
          'the server does not archive its log there',
          `${configure}${statements.join(' ')}${restart ? ' Then restart it.' : ''}`,
        ),
      ];
}

function contents(
  { service }: EngineService,
  { whole, cluster, list }: Place,
  state: ServerState | null,
  where: string,
): Finding[] {
  const unread = list.unreadable.map((id) => problem(`what the backup ${id} in ${where} is cannot be read`, null));
  if (state && cluster && cluster.systemId !== state.systemId)
    return [
      ...unread,
      problem(`${where} holds another cluster (${cluster.systemId}; the server is ${state.systemId})`, null),
    ];
  return whole.length > 0 ? unread : [...unread, warning(`${where} holds no backup yet`, `holdfast run ${service.name}`)];
}
