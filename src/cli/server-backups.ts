// What `holdfast snapshots` lists of PostgreSQL servers: their backups, the newest first, and from when until when each can be restored.

import type { Configuration } from '../config/configuration.ts';
import { describeBytes } from '../domain/bytes.ts';
import { formatInstant } from '../domain/instant.ts';
import { localMinute } from '../domain/local-time.ts';
import { isSound } from '../domain/postgres-backup.ts';
import type { ListedBackup, ServerHolding } from '../engine/postgres/list-backups.ts';
import type { Journal } from '../journal/journal.ts';
import type { CliContext } from './context.ts';
import { windowWords } from './render-watch.ts';
import { paint } from './style.ts';
import { printable, renderTable } from './table.ts';

export interface ServerWish {
  /** Names; none for all. */
  readonly services: readonly string[];
  readonly repository: string | undefined;
}

/** Asks each repository of the servers that are meant. */
export async function askServers(
  cli: CliContext,
  configuration: Configuration,
  { services, repository }: ServerWish,
  journal: Pick<Journal, 'evidence'>,
): Promise<ServerHolding[]> {
  const { listBackups } = await import('../engine/postgres/list-backups.ts');
  const meant = [...configuration.services.values()].filter(({ name }) => services.length === 0 || services.includes(name));
  return await listBackups(meant, repository ?? null, journal, cli.signal);
}

interface Row extends ListedBackup {
  readonly service: string;
  readonly repository: string;
}

const rowsOf = (holdings: readonly ServerHolding[]): Row[] =>
  holdings
    .flatMap(({ service, repository, backups }) =>
      backups.map((each) => ({ ...each, service, repository: repository ?? '' })),
    )
    .toSorted((a, b) => b.backup.stoppedAt - a.backup.stoppedAt);

/** Empty where no server was asked, or none answered. */
export function renderServerBackups(holdings: readonly ServerHolding[], { out, clock }: CliContext): string {
  const rows = rowsOf(holdings);
  const windows = holdings.flatMap(({ service, repository, window }) =>
    window === null || repository === null ? [] : [`${windowWords(service, { repository, ...window }, clock.now())}\n`],
  );
  const table = renderTable(
    [
      { title: 'BACKUP' },
      { title: 'TIME' },
      { title: 'SERVICE', names: true },
      { title: 'KIND' },
      { title: 'REPOSITORY' },
      { title: 'SIZE', align: 'right' },
      { title: '' },
    ],
    rows.map(({ backup, service, repository, restorable }) => [
      backup.label,
      localMinute(backup.stoppedAt),
      printable(service),
      backup.type,
      repository,
      describeBytes(backup.size),
      flawOf(backup, restorable) === null ? '' : paint(out, 'warn', flawOf(backup, restorable) ?? ''),
    ]),
    out.isTerminal ? out.columns : undefined,
  );
  return [...(rows.length === 0 ? [] : [`${table}\n`]), ...windows].join('');
}

const flawOf = (backup: Row['backup'], restorable: boolean): string | null =>
  restorable ? (isSound(backup) ? null : 'damaged pages') : 'its log is missing';

export const serverBackupsJson = (holdings: readonly ServerHolding[]): Record<string, unknown> => ({
  serverBackups: rowsOf(holdings).map(({ backup, service, repository, restorable }) => ({
    label: backup.label,
    service,
    repository,
    kind: backup.type,
    time: formatInstant(backup.stoppedAt),
    bytes: backup.size,
    restorable,
    sound: isSound(backup),
  })),
  restorable: holdings.flatMap(({ service, repository, window }) => (window ? [{ service, repository, ...window }] : [])),
});
