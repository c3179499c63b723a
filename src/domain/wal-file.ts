// The names of PostgreSQL's log: which timeline a file belongs to, and its place on it. Files of one timeline count up without a
// gap; a name is three numbers, of which the last two are that place.

/** A file of the log. */
export interface WalPlace {
  readonly timeline: number;
  /** Counted from the beginning of the cluster: the next file has the next number. */
  readonly number: number;
}

/** How many files share the second number of a name: 256 of 16 MiB, which is what servers are made with. */
export const FILES_OF_A_LOG = 256;

/** For servers that were made with another size (`initdb --wal-segsize`). */
export const filesOfALog = (segmentBytes: number): number => 2 ** 32 / segmentBytes;

const WAL = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/;

/** Null for what is no file of the log: history files, `.partial`, `.backup`. */
export function parseWalName(name: string, perLog = FILES_OF_A_LOG): WalPlace | null {
  const [, timeline, log, file] = WAL.exec(name) ?? [];
  if (timeline === undefined || log === undefined || file === undefined) return null;
  const place = Number.parseInt(file, 16);
  return place < perLog
    ? { timeline: Number.parseInt(timeline, 16), number: Number.parseInt(log, 16) * perLog + place }
    : null;
}

export const walName = ({ timeline, number }: WalPlace, perLog = FILES_OF_A_LOG): string =>
  [timeline, Math.floor(number / perLog), number % perLog].map(hex).join('');

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

/** '0/2000028' as the number of the file that holds it. Null when that is no position. */
export function fileOfPosition(lsn: string, perLog = FILES_OF_A_LOG): number | null {
  const [, log, offset] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn) ?? [];
  if (log === undefined || offset === undefined) return null;
  return Number.parseInt(log, 16) * perLog + Math.floor(Number.parseInt(offset, 16) / (2 ** 32 / perLog));
}

/** From 1 MiB to 1 GiB, the usual one first. */
const SIZES = [16, 1, 2, 4, 8, 32, 64, 128, 256, 512, 1024].map((mebibytes) => filesOfALog(mebibytes * 2 ** 20));

/** By positions of which it is known in which file they are: one size is right for all of them. */
export const filesOfALogBy = (known: readonly { readonly lsn: string; readonly file: string }[]): number =>
  SIZES.find((perLog) =>
    known.every(({ lsn, file }) => {
      const number = fileOfPosition(lsn, perLog);
      return number === null || parseWalName(file, perLog)?.number === number;
    }),
  ) ?? FILES_OF_A_LOG;
