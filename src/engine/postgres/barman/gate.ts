// Whether what a server archives and backs up may come to a place. barman-cloud looks at no identity of a cluster: a new server in the
// place of an old one would write its log over that of the old one, and let go of its backups.

import { formatInstant } from '../../../domain/instant.ts';
import type { Journal } from '../../../journal/journal.ts';
import { type ErrorCode, HoldfastError } from '../../../lib/errors.ts';
import { textAt } from '../../../lib/json.ts';
import { archiveIsEmpty } from '../../../tools/barman-cloud/check-wal-archive.ts';
import type { BarmanCloud } from '../../../tools/barman-cloud/invoke.ts';
import { placeName } from '../../../tools/barman-cloud/place.ts';
import { archiveCommand, archivesInto } from '../../../tools/barman-cloud/wal.ts';
import type { ServerState } from '../../../tools/postgresql/settings.ts';
import { EVERYTHING } from '../../status/believed-copy.ts';
import type { EngineService } from '../access.ts';
import { barmanConfig } from './access.ts';
import type { Place } from './open-place.ts';
import { systemIdOfLog } from './log-identity.ts';

type Known = Pick<Journal, 'evidence'>;

/** Throws `refused` where another cluster is there, or was, or where backups were that are not there now. */
export async function requireOwnPlace(
  server: EngineService,
  access: BarmanCloud,
  place: Place,
  { systemId }: Pick<ServerState, 'systemId'>,
  journal: Known,
  signal: AbortSignal,
): Promise<void> {
  const { name } = server.service;
  const where = placeName(access.place);
  const [unread] = place.list.unreadable;
  if (unread !== undefined)
    throw refusal(name, 'repository-damaged', `${where}: what the backup ${unread} is cannot be read`, UNREADABLE);
  const other = place.whole.find((each) => each.systemId !== systemId);
  if (other)
    throw refusal(
      name,
      'refused',
      `${where} holds backups of another cluster (${other.systemId}; the server is ${systemId})`,
      OTHER_CLUSTER,
    );
  const recorded = journal
    .evidence({ service: name, kind: 'backup', limit: EVERYTHING })
    .filter(({ detail }) => detail['place'] === where);
  const before = recorded.find(({ detail }) => typeof detail['systemId'] === 'string' && detail['systemId'] !== systemId);
  if (before)
    throw refusal(
      name,
      'refused',
      `the cluster that was backed up there is another one (${textAt(before.detail, 'systemId')}; the server is ${systemId})`,
      OTHER_CLUSTER,
    );
  if (place.whole.length > 0) return;
  const [lost] = recorded;
  if (lost)
    throw refusal(
      name,
      'refused',
      `the backup ${lost.snapshotId} of ${formatInstant(lost.at)} went to ${where}, and nothing is there now`,
      'Are destination, serverName and endpointUrl the right ones? Has somebody emptied it? If it is to begin anew, give it another serverName.',
    );
  if (await archiveIsEmpty(access, { signal })) return;
  const found = await systemIdOfLog(access, place, signal);
  if (found !== systemId)
    throw refusal(
      name,
      'refused',
      `${where} holds log of another cluster (${found ?? 'which one is not known'}; the server is ${systemId})`,
      OTHER_CLUSTER,
    );
}

/** Throws `failed` with the SQL that makes it right: a backup without its log is none. */
export function requireArchiving(server: EngineService, state: ServerState): void {
  const { statements, restart } = archivingNeeds(server, state);
  if (statements.length === 0) return;
  throw refusal(
    server.service.name,
    'failed',
    'the server does not archive its log there, and without that no backup of it can be restored',
    `As ${server.postgres.user}, in psql: ${statements.join(' ')} Then ${restart ? 'restart the server.' : 'SELECT pg_reload_conf();'}`,
  );
}

/** SQL that makes a server archive to its place; nothing of it is ever set here. */
export function archivingNeeds(
  server: EngineService,
  state: Pick<ServerState, 'archiveMode' | 'archiveCommand' | 'walLevel'>,
): { readonly statements: readonly string[]; readonly restart: boolean } {
  const config = barmanConfig(server);
  const set = (name: string, value: string): string => `ALTER SYSTEM SET ${name} = '${value.replaceAll("'", "''")}';`;
  const restarts = [
    ...(state.archiveMode === 'off' ? [set('archive_mode', 'on')] : []),
    ...(state.walLevel === 'minimal' ? [set('wal_level', 'replica')] : []),
  ];
  const reloads = archivesInto(state.archiveCommand, config)
    ? []
    : [set('archive_command', archiveCommand(config, config.compression))];
  return { statements: [...restarts, ...reloads], restart: restarts.length > 0 };
}

const UNREADABLE = 'Nothing is added to it, nor let go, until that is known: barman-cloud-backup-list says why.';
const OTHER_CLUSTER =
  'Is the server a new one in the place of the old one? Give it a serverName of its own, in its archive_command, too, or restore the ' +
  'old one. Its log must not come among that of the other.';

const refusal = (subject: string, code: ErrorCode, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'back up', subject, message, hint, retry: 'later' });
