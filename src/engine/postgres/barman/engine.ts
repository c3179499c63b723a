// A server that barman-cloud keeps, as an engine.

import { besideLine } from '../../../domain/postgres-archive.ts';
import { reachesOf } from '../../../domain/moments.ts';
import { jobName } from '../../../domain/naming.ts';
import type { ArchiveState as HeldState } from '../../../domain/postgres-recovery.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { barmanBackups } from '../../../tools/barman-cloud/backup-list.ts';
import type { BarmanCloud } from '../../../tools/barman-cloud/invoke.ts';
import { placeName, shellWords } from '../../../tools/barman-cloud/place.ts';
import { restoreCommand } from '../../../tools/barman-cloud/wal.ts';
import { requireSupported } from '../../../tools/postgresql/supported-version.ts';
import type { EngineService } from '../access.ts';
import { judgeArchive } from '../archive-look.ts';
import type { ArchiveState } from '../archive-state.ts';
import type { Engine } from '../engine.ts';
import { obstacleOf } from '../held-backups.ts';
import { nameOfRepository } from '../../../domain/postgres-repository.ts';
import { finishLog } from './finish-log.ts';
import { archiveAt, openPlace, type Place, REPOSITORY, timelinesAt } from './open-place.ts';
import { restoreHere } from './restore.ts';

const NAME = nameOfRepository(REPOSITORY);

export const barmanEngine = (access: BarmanCloud, server: EngineService): Engine => ({
  tool: 'barman-cloud',
  user: access.user,
  subject: access.subject,
  byHand: {
    list: shellWords(access.place, 'barman-cloud-backup-list', []),
    check: 'SELECT pg_switch_wal(), and see in pg_stat_archiver that it goes out',
  },
  repositories: () => Promise.resolve([REPOSITORY]),
  state: async (_repository, timeline, signal) => stateOf(await openPlace(access, signal), timeline, access),
  async look(_repository, { timeline, finished }, signal) {
    const place = await openPlace(access, signal);
    const { cluster } = place;
    const followed = timeline ?? 'of the newest backup';
    const open = archiveAt(place, cluster ?? { systemId: '' }, followed);
    return { look: judgeArchive(open, finished), systemId: cluster?.systemId ?? null };
  },
  timelines: async (_state, signal) => timelinesAt((await openPlace(access, signal)).stored),
  async held(signal) {
    try {
      return [{ repository: NAME, ...holdings(await openPlace(access, signal)) }];
    } catch (error) {
      return [{ repository: NAME, kind: 'unreachable', ...obstacleOf(error, signal) }];
    }
  },
  async tablespaces(_repository, label, signal) {
    const { backups } = await barmanBackups(access, { signal });
    return (backups.find(({ id }) => id === label)?.whole?.tablespaces ?? []).map(({ name }) => name);
  },
  restore: (request, options) => restoreHere(access, request, options),
  restoreCommand: () => restoreCommand(access.place),
  async check(signal) {
    const file = await finishLog(server, signal);
    const { log } = await openPlace(access, signal);
    if (!log.some(({ path }) => path === file)) throw elsewhere(access, file);
  },
});

function stateOf(place: Place, timeline: number | null, access: BarmanCloud): ArchiveState {
  const { cluster } = place;
  if (cluster === null) throw nothingThere(access);
  requireSupported(cluster.version, 'restore', access.subject);
  const open = archiveAt(place, cluster, timeline ?? 'newest');
  return {
    ...open,
    repository: REPOSITORY,
    cluster,
    orphan: open.timeline > 1 && open.line.length === 1,
    beside: besideLine(open.archive, open.line),
    reaches: reachesOf(open.backups, open.archive, open.line),
  };
}

/**
 * Nothing in a bucket shows that it is the one that was set up: where there is no backup, it counts as one that does not answer, and
 * nothing ever begins anew because of it.
 */
function holdings({ whole, list, log }: Place): HeldState {
  if (whole.length > 0) {
    const newest = new Map(whole.map(({ systemId, label }) => [systemId, { systemId, label }])); // the last one is the newest
    return { kind: 'backups', newest: [...newest.values()] };
  }
  const [unread] = list.unreadable;
  const reason =
    unread !== undefined
      ? `its backup ${unread} cannot be read`
      : `it holds no backup${log.length > 0 ? ', and log of a server' : ', and so does any bucket'}`;
  return { kind: 'unreachable', reason, mayPass: false };
}

const elsewhere = ({ subject, place }: BarmanCloud, file: string): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'have a file of the log archived of',
    subject,
    message: `the server has archived ${file}, and it is not in ${placeName(place)}`,
    hint: 'Its archive_command sends it elsewhere: holdfast postgres configure --dry-run says what it should be.',
    retry: 'later',
  });

const nothingThere = ({ subject }: BarmanCloud): HoldfastError =>
  new HoldfastError({
    code: 'snapshot-missing',
    operation: 'ask for the backups of',
    subject: jobName(subject, NAME),
    message: 'it holds no backup of the server',
    hint: 'If it should: are destination, serverName and endpointUrl the right ones? An empty bucket answers so, too.',
    retry: 'later',
  });
