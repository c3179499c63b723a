// What lies at the place of a server: its backups as barman lists them, the log as the object store lists it, and the line that the
// server came along. What barman does not list is no backup, whatever lies there.

import { archiveOf } from '../../../domain/postgres-archive.ts';
import type { Bytes } from '../../../domain/bytes.ts';
import type { ServerBackup, ServerCluster } from '../../../domain/server-backup.ts';
import { historyName, type Line, lineOf, parseHistory } from '../../../domain/timeline.ts';
import { filesOfALogBy, parseWalName } from '../../../domain/wal-file.ts';
import { barmanBackups, type BackupList, type WholeBackup } from '../../../tools/barman-cloud/backup-list.ts';
import type { BarmanCloud } from '../../../tools/barman-cloud/invoke.ts';
import { type ServerObjects, serverObjects, type StoredObject } from '../../../tools/barman-cloud/objects.ts';
import { type OpenArchive, timelinesOf } from '../open-archive.ts';

/** To everything else a place is one repository. */
export const REPOSITORY = 1;

export interface Place {
  readonly list: BackupList;
  readonly stored: ServerObjects;
  /** Of the newest whole backup; null where there is none. */
  readonly cluster: ServerCluster | null;
  /** Whole ones of any cluster, oldest first. */
  readonly whole: readonly PlacedBackup[];
  /** Files of the log, by their names. */
  readonly log: readonly StoredObject[];
  /** Directories of backups that are none: they never ended, or are being made. */
  readonly remains: readonly string[];
}

export interface PlacedBackup extends ServerBackup {
  readonly systemId: string;
  /** What it was called when it was made. */
  readonly name: string | null;
}

/** Throws what keeps it from being known. */
export async function openPlace(access: BarmanCloud, signal: AbortSignal): Promise<Place> {
  const list = await barmanBackups(access, { signal });
  const stored = await serverObjects(access, { signal });
  return readPlace(list, stored);
}

/** The objects were listed after the backups: what is not among them is gone by now. */
export function readPlace(all: BackupList, stored: ServerObjects): Place {
  const there = new Set(stored.objects.flatMap(({ path }) => BASE.exec(path)?.[1] ?? []));
  const backups = all.backups.filter(({ id }) => there.has(id));
  const untimed = backups.filter(({ id, whole: facts }) => facts !== null && !stored.times.has(id)).map(({ id }) => id);
  const list: BackupList = { backups, unreadable: [...all.unreadable, ...untimed] };
  const whole = backups.flatMap(({ id, name, whole: facts }) => (facts === null ? [] : placed(id, name, facts, stored)));
  const newest = backups.findLast(({ id, whole: facts }) => facts !== null && stored.times.has(id))?.whole ?? null;
  const cluster = newest && {
    id: 1,
    repository: REPOSITORY,
    systemId: newest.systemId,
    version: newest.version,
  };
  const known = new Set([...all.backups.map(({ id }) => id), ...all.unreadable]);
  const remains = [...there].filter((id) => !known.has(id)).toSorted();
  return { list, stored, cluster, whole, log: logIn(stored), remains };
}

function placed(
  label: string,
  name: string | null,
  { wal, startLsn, systemId }: WholeBackup,
  { objects, times }: ServerObjects,
): PlacedBackup[] {
  const made = times.get(label);
  if (made === undefined) return [];
  const files = objects.filter(({ path }) => path.startsWith(`base/${label}/`));
  const bytes = files.reduce((sum, { size }) => sum + size, 0) as Bytes; // of bytes
  return [
    {
      label,
      name,
      systemId,
      type: 'full',
      repository: REPOSITORY,
      databaseId: 1,
      prior: null,
      error: null, // nobody looks at checksums
      ...made,
      wal,
      startLsn,
      size: bytes, // as it lies there: how large the server was is not told
      packed: files.some(({ path }) => PACKED.test(path)),
      added: bytes,
    },
  ];
}

const BASE = /^base\/([^/]+)\//;
const PACKED = /\.(?:gz|bz2|snappy|zst|lz4|xz)$/;

/** `wals/0000000100000000/000000010000000000000001.gz`, under the name of the file. What is not whole (`.partial`) is none. */
const logIn = ({ objects }: ServerObjects): StoredObject[] =>
  objects.flatMap((each) => {
    const [, name] = LOG.exec(each.path) ?? [];
    return name === undefined ? [] : [{ ...each, path: name }];
  });
const LOG = /^wals\/[0-9A-F]{16}\/([0-9A-F]{24})(?:\.(?:gz|bz2|snappy|zst|lz4|xz))?$/;

/** Of one cluster, as `openArchive` of pgBackRest. */
export function archiveAt(
  { stored, log, whole }: Place,
  { systemId }: Pick<ServerCluster, 'systemId'>,
  timeline: number | 'newest' | 'of the newest backup',
): OpenArchive {
  const backups = whole.filter((each) => each.systemId === systemId);
  const perLog = filesOfALogBy(
    backups.flatMap(({ startLsn, wal }) => (startLsn === null || wal === null ? [] : [{ lsn: startLsn, file: wal.start }])),
  );
  const timelines = timelinesAt(stored);
  const ofBackup = parseWalName(backups.at(-1)?.wal?.start ?? '', perLog)?.timeline;
  const followed = (typeof timeline === 'number' ? timeline : timeline === 'newest' ? timelines.at(-1) : ofBackup) ?? 1;
  const archive = archiveOf(
    log.map(({ path, time }) => ({ name: path, time })),
    perLog,
  );
  return { files: log, timelines, timeline: followed, backups, archive, line: lineTo(stored, followed, perLog) };
}

/** In order; also those of which there is nothing but how they began. */
export const timelinesAt = (stored: ServerObjects): number[] =>
  timelinesOf(
    stored.objects.map(({ path }) => ({ path: path.replace(/\.(?:gz|bz2|snappy|zst|lz4|xz)$/, '') })),
    'wals',
  );

/** Alone where nothing tells what it came from. */
function lineTo({ histories }: ServerObjects, timeline: number, perLog: number): Line {
  const text = histories.get(historyName(timeline));
  return (text === undefined ? null : parseHistory(text, timeline, perLog)) ?? lineOf(timeline);
}
