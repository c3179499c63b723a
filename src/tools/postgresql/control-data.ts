// pg_controldata: what a cluster says of itself without being started.

import { type Duration, duration } from '../../domain/duration.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import type { ServerPrograms } from './programs.ts';

export interface ControlData {
  /** Of the cluster, for as long as it lives. Above 2^53, hence a text. */
  readonly systemId: string;
  /** In PostgreSQL's words: `in production`, `shut down`, `in archive recovery`. */
  readonly state: string;
  /** Of the latest checkpoint. */
  readonly timeline: number;
  /** The latest checkpoint: where it stands in the log (`0/19B9EE8`), the file of that, and when it was made. */
  readonly checkpoint: { readonly lsn: string; readonly wal: string; readonly time: Instant | null };
  /** Whether pages carry checksums. */
  readonly checksums: boolean;
  /** What the server allowed itself when it last ran, by the names of its settings: one that replays its log may not allow less. */
  readonly limits: Readonly<Record<string, string>>;
}

/** As pg_controldata calls them, and as settings do. */
const LIMITS = {
  'max_connections setting': 'max_connections',
  'max_worker_processes setting': 'max_worker_processes',
  'max_prepared_xacts setting': 'max_prepared_transactions',
  'max_locks_per_xact setting': 'max_locks_per_transaction',
} as const;

const LIMIT: Duration = duration(30, 's');

/** Throws `damaged` for a control file that is not what was written, `tool-output` for words that are not understood. */
export async function controlData(programs: ServerPrograms, directory: string, signal: AbortSignal): Promise<ControlData> {
  const program = programs.need('pg_controldata');
  const { exitCode, stdout, stderrTail } = await runProcess(
    {
      argv: [program, '--pgdata', directory],
      operation: 'read the control file of',
      subject: directory,
      env: { LC_ALL: 'C', TZ: 'UTC' }, // it translates its words, and tells times in the zone of the machine
    },
    { signal, timeout: LIMIT, verbatim: true },
  );
  if (exitCode !== 0) throw unreadable(directory, stderrTail.at(-1) ?? `pg_controldata ended with ${exitCode}`);
  if (/^WARNING: /m.test(stdout)) throw unreadable(directory, 'its checksum, or the form of it, is not what was written');
  const parsed = parseControlData(stdout);
  if (parsed) return parsed;
  throw new HoldfastError({
    code: 'tool-output',
    operation: 'read the control file of',
    subject: directory,
    message: 'pg_controldata did not say what it should',
    tool: { name: 'pg_controldata', exitCode, stderrTail: stdout.split('\n').slice(0, 20) },
  });
}

/** Null when something that must be said is missing. */
export function parseControlData(stdout: string): ControlData | null {
  const lines = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const [, name, value] = /^([^:]+):\s+(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) lines.set(name, value.trim());
  }
  const systemId = lines.get('Database system identifier') ?? '';
  const state = lines.get('Database cluster state') ?? '';
  const lsn = lines.get('Latest checkpoint location') ?? '';
  const timeline = Number(lines.get("Latest checkpoint's TimeLineID"));
  if (!/^\d+$/.test(systemId) || state === '' || !/^[0-9A-F]+\/[0-9A-F]+$/.test(lsn) || !(timeline >= 1)) return null;
  return {
    systemId,
    state,
    timeline,
    checkpoint: {
      lsn,
      wal: lines.get("Latest checkpoint's REDO WAL file") ?? '',
      time: timeOf(lines.get('Time of latest checkpoint') ?? ''),
    },
    checksums: Number(lines.get('Data page checksum version') ?? 0) > 0,
    limits: Object.fromEntries(
      Object.entries(LIMITS).flatMap(([words, setting]) => {
        const value = lines.get(words);
        return value !== undefined && /^\d+$/.test(value) ? [[setting, value]] : [];
      }),
    ),
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sun Nov 22 16:28:57 2026`, in UTC as it was asked for. */
function timeOf(text: string): Instant | null {
  const [, month = '', day = '', time = '', year = ''] =
    /^\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})$/.exec(text) ?? [];
  const number = MONTHS.indexOf(month) + 1;
  if (number === 0) return null;
  return parseInstant(`${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}T${time}Z`);
}

const unreadable = (directory: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'damaged',
    operation: 'read the control file of',
    subject: directory,
    message,
    hint: 'No server starts with it: restore the cluster. Keep the directory until that has been done.',
  });
