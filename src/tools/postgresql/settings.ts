// What a running server says of itself, asked with psql: the settings that archiving needs, how that goes, and where its log is.

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';
import type { FinishedFile } from '../../domain/finished-log.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { askLiveServer, type LiveServer } from './live-server.ts';
import { requireSupported } from './supported-version.ts';

export interface ServerState {
  /** Above 2^53, hence a text. */
  readonly systemId: string;
  readonly timeline: number;
  readonly inRecovery: boolean;
  readonly archiveMode: string;
  readonly archiveCommand: string;
  readonly walLevel: string;
  readonly dataDirectory: string;
  /** In seconds; 0: a file of the log that is not full is never archived. */
  readonly archiveTimeout: number;
  readonly archived: { readonly file: string; readonly at: Instant } | null;
  /** The last that could not be archived, and when that was tried. */
  readonly failed: { readonly file: string; readonly at: Instant; readonly count: number } | null;
  /** How often archiving a file has failed since its statistics were begun. */
  readonly failures: number;
  /** Of its log, as far as it still knows. */
  readonly finished: readonly FinishedFile[];
  /** The file that it writes into; null in recovery. */
  readonly current: string | null;
}

/** What follows has words that older ones do not know. */
const QUERY = `select current_setting('server_version_num')::int < 120000 as old \\gset
\\if :old
select json_build_object('tooOld', split_part(current_setting('server_version'), ' ', 1));
\\else
select json_build_object(
  'systemId', (select system_identifier::text from pg_control_system()),
  'timeline', (select timeline_id from pg_control_checkpoint()),
  'inRecovery', pg_is_in_recovery(),
  'archiveMode', current_setting('archive_mode'),
  'archiveCommand', current_setting('archive_command'),
  'walLevel', current_setting('wal_level'),
  'dataDirectory', current_setting('data_directory'),
  'archiveTimeout', (select setting::int from pg_settings where name = 'archive_timeout'),
  'archivedFile', a.last_archived_wal, 'archivedAt', a.last_archived_time,
  'failedFile', a.last_failed_wal, 'failedAt', a.last_failed_time, 'failedCount', a.failed_count,
  'finished', (select coalesce(json_agg(json_build_object('file', left(name, 24), 'waits', name ~ 'ready$', 'at', modification)), '[]')
    from pg_ls_archive_statusdir() where name ~ '^[0-9A-F]{24}[.](ready|done)$'),
  'current', case when pg_is_in_recovery() then null else pg_walfile_name(pg_current_wal_lsn()) end)
from pg_stat_archiver a;
\\endif
`;

const time = z.string().nullable();
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text) as Instant);
const shape = z.object({
  systemId: z.string().regex(/^\d+$/),
  timeline: z.number().int().positive(),
  inRecovery: z.boolean(),
  archiveMode: z.string(),
  archiveCommand: z.string(),
  walLevel: z.string(),
  dataDirectory: z.string(),
  archiveTimeout: z.number().int(),
  archivedFile: z.string().nullable(),
  archivedAt: time,
  failedFile: z.string().nullable(),
  failedAt: time,
  failedCount: z.number().int(),
  finished: z.array(z.object({ file: z.string(), waits: z.boolean(), at: instant })),
  current: z.string().nullable(),
});

const old = z.object({ tooOld: z.string() });

/** Throws `tool-output`; `unsupported` for a server that is too old. */
export function parseState(stdout: string, subject: string): ServerState {
  const said = parseJson(stdout);
  const older = old.safeParse(said);
  if (older.success) requireSupported(older.data.tooOld, 'ask', subject);
  const parsed = shape.safeParse(said);
  if (!parsed.success)
    throw new HoldfastError({ code: 'tool-output', operation: 'ask', subject, message: 'psql did not say what it should' });
  const { archivedFile, archivedAt, failedFile, failedAt, failedCount, ...state } = parsed.data;
  const [archived, failed] = [parseInstant(archivedAt ?? ''), parseInstant(failedAt ?? '')];
  return {
    ...state,
    failures: failedCount,
    archived: archivedFile === null || archived === null ? null : { file: archivedFile, at: archived },
    failed: failedFile === null || failed === null ? null : { file: failedFile, at: failed, count: failedCount },
  };
}

/** Throws `source-missing` where no server answers. */
export const serverState = async (server: LiveServer, signal: AbortSignal): Promise<ServerState> =>
  parseState((await askLiveServer(server, QUERY, { signal })).join('\n'), server.subject);
