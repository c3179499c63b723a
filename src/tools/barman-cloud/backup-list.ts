// `barman-cloud-backup-list`: which backups are there. Its times are in the zone of the server that was backed up, which it does not
// say: when a backup was made is read elsewhere (objects.ts).

import * as z from 'zod';
import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { type BarmanCloud, type BarmanOptions, invokeBarman, type Invocation } from './invoke.ts';

export interface ListedBackup {
  /** '20260101T020000' */
  readonly id: string;
  /** What it was called when it was made; null where nothing was said. */
  readonly name: string | null;
  /** Null: of a backup that is not whole (it failed, or is being made). */
  readonly whole: WholeBackup | null;
}

export interface WholeBackup {
  /** Above 2^53, hence a text. */
  readonly systemId: string;
  /** '15' */
  readonly version: string;
  /** The first and the last WAL file that it needs. */
  readonly wal: { readonly start: string; readonly stop: string };
  /** Where in the log it begins: '0/900028'. */
  readonly startLsn: string;
  readonly tablespaces: readonly Tablespace[];
}

export interface Tablespace {
  readonly name: string;
  readonly oid: number;
}

export interface BackupList {
  /** Oldest first. */
  readonly backups: readonly ListedBackup[];
  /** Of which something is there that cannot be read: what they are is not known. */
  readonly unreadable: readonly string[];
}

const LIMIT = duration(10, 'm');

export const LIST: Invocation = {
  program: 'backup-list',
  options: ['--format=json'],
  operation: 'ask for the backups of',
};

const base = z.object({ backup_id: z.string().min(1), backup_name: z.string().nullish(), status: z.string() });
const whole = base.extend({
  systemid: z.string().regex(/^\d+$/),
  version: z.number().int().positive(),
  begin_wal: z.string(),
  end_wal: z.string(),
  begin_xlog: z.string(),
  tablespaces: z.array(z.tuple([z.string(), z.number().int(), z.string()])).nullish(),
});
const shape = z.object({ backups_list: z.array(z.looseObject({ backup_id: z.string(), status: z.string() })) });

/** Throws `tool-output` for what is not such a list. */
export function parseBackupList(stdout: string, said: readonly string[], subject: string): BackupList {
  const { backups_list: listed } = parsed(shape, jsonOf(stdout, subject), subject);
  const backups = listed.map((each): ListedBackup => {
    const { backup_id: id, backup_name: name = null, status } = parsed(base, each, subject);
    return { id, name, whole: status === DONE ? wholeOf(parsed(whole, each, subject)) : null };
  });
  return {
    backups: backups.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    unreadable: said.flatMap((line) => /Unable to open backup\.info file for (\S+):/.exec(line)?.[1] ?? []),
  };
}

const DONE = 'DONE';

const wholeOf = (each: z.output<typeof whole>): WholeBackup => ({
  systemId: each.systemid,
  version: String(Math.floor(each.version / 10_000)),
  wal: { start: each.begin_wal, stop: each.end_wal },
  startLsn: each.begin_xlog,
  tablespaces: (each.tablespaces ?? []).map(([name, oid]) => ({ name, oid })),
});

function jsonOf(stdout: string, subject: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw unexpected(subject, `it printed no JSON: ${JSON.stringify(stdout.slice(0, 120))}`, error);
  }
}

function parsed<Shape extends z.ZodType>(of: Shape, value: unknown, subject: string): z.output<Shape> {
  const result = of.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw unexpected(subject, `it printed something else than it should: ${issue?.path.join('.')}: ${issue?.message}`);
}

const unexpected = (subject: string, message: string, cause?: unknown): HoldfastError =>
  new HoldfastError({
    code: 'tool-output',
    operation: LIST.operation,
    subject,
    message: `barman-cloud-backup-list: ${message}`,
    hint: 'Is this a version of barman-cloud that Holdfast knows (3.4 or newer)?',
    cause,
  });

/** Throws `repository-missing` where there is no such bucket, `repository-unreachable` where nothing answers. */
export async function barmanBackups(access: BarmanCloud, options: BarmanOptions): Promise<BackupList> {
  const { stdout, said } = await invokeBarman(access, LIST, { timeout: LIMIT, ...options });
  return parseBackupList(stdout, said, access.subject);
}
