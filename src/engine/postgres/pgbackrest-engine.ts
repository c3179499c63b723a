// A server that pgBackRest keeps, or the copy of its repository, as an engine.

import type { PostgresConfig } from '../../config/configuration.ts';
import { pgBackRestInfo, pgBackRestTablespaces } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { pgBackRestRestore, restoreCommandFor } from '../../tools/pgbackrest/restore.ts';
import { checkStanza } from '../../tools/pgbackrest/stanza.ts';
import { lookAtArchive } from './archive-look.ts';
import { archiveState } from './archive-state.ts';
import type { Engine } from './engine.ts';
import { heldBy } from './held-backups.ts';
import { unanswered, withoutStanza } from './look-at-each.ts';
import { requireMounted } from './mounted.ts';
import { archiveFiles, clusterIn, timelinesOf } from './open-archive.ts';
import { repositoriesOf } from './repositories.ts';

export const pgBackRestEngine = (access: PgBackRest, postgres: PostgresConfig): Engine => ({
  tool: 'pgbackrest',
  user: access.user,
  subject: access.subject,
  byHand: { list: 'pgbackrest info', check: `pgbackrest --stanza=${access.stanza} check` },
  repositories: (signal) => repositoriesOf(postgres, access, signal),
  state: (repository, timeline, signal) => archiveState(access, repository, timeline, signal),
  async look(key, told, signal) {
    const declared = postgres.repositories.find((each) => each.key === key);
    if (declared) await requireMounted(access.subject, declared);
    const info = await pgBackRestInfo(access, { signal, repository: key });
    const { state = 'no-stanza', message = 'no stanza' } = info.repositories.find((each) => each.key === key) ?? {};
    if (state === 'other') throw unanswered(access.subject, `it does not answer: ${message}`);
    if (state === 'no-stanza') throw withoutStanza(access.subject, message);
    const look = await lookAtArchive(access, info, key, told, signal);
    return { look, systemId: clusterIn(info, key)?.systemId ?? null };
  },
  async timelines({ cluster }, signal) {
    const { id, files } = await archiveFiles(access, cluster, signal);
    return timelinesOf(files, id);
  },
  held: (signal) => heldBy(access, postgres, signal),
  tablespaces: (repository, label, signal) => pgBackRestTablespaces(access, { repository, label }, signal),
  restore: (request, options) => pgBackRestRestore(access, { ...request, delta: false }, options),
  restoreCommand: (repository, directory) => restoreCommandFor(access, repository, directory),
  check: (signal) => checkStanza(access, { signal }),
});
