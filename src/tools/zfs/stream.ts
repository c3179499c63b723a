// zfs send and zfs receive: their arguments, what a stream will be, and what a half received one is of.

import type { Bytes } from '../../domain/bytes.ts';
import { duration } from '../../domain/duration.ts';
import type { ResumeToken } from '../../domain/replication.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { rowsOf, tryZfs, unexpected } from './ask.ts';
import { askAt, failureAt, HERE, type ZfsEnd } from './end.ts';

type Argv = readonly [string, ...string[]];

export type Stream =
  /** `to`: a full name. */
  | { readonly kind: 'full'; readonly to: string; readonly raw: boolean }
  /** `from`: a full name, of a snapshot or a bookmark; `all`: with every snapshot between. */
  | {
      readonly kind: 'incremental';
      readonly from: string;
      readonly to: string;
      readonly all: boolean;
      readonly raw: boolean;
    }
  | { readonly kind: 'resume'; readonly token: string };

/** Raw, or with large, compressed and embedded blocks as they are on the disk; never with properties. */
export function sendArgs(stream: Stream): Argv {
  if (stream.kind === 'resume') return ['zfs', 'send', '-t', stream.token];
  const shape = stream.raw ? '-w' : '-Lec';
  return stream.kind === 'full'
    ? ['zfs', 'send', shape, stream.to]
    : ['zfs', 'send', shape, stream.all ? '-I' : '-i', stream.from, stream.to];
}

/** A whole one, of which nothing is kept where it goes but for a while: of any encryption there, or raw. Full name. */
export const sendOnceArgs = (snapshot: string, raw: boolean): Argv => ['zfs', 'send', raw ? '-w' : '-Lc', snapshot];

/** What is half received goes by itself. Never mounted. */
export const receiveOnceArgs = (dataset: string): Argv => [
  'zfs',
  'receive',
  '-u',
  ...['canmount=noauto', 'mountpoint=none', 'readonly=on'].flatMap((each) => ['-o', each]),
  dataset,
];

/** The same, which only says what it would send. */
export const sizeArgs = (stream: Stream): Argv => {
  const [zfs, send = '', ...rest] = sendArgs(stream);
  return [zfs, send, '-nvP', ...rest];
};

/** Of `size N`, the last line; null where it is not said. */
export function parseSize(stdout: string): Bytes | null {
  const row = rowsOf(stdout).findLast(([key]) => key === 'size');
  return row?.[1] === undefined ? null : (Number(row[1]) as Bytes); // as -P prints it
}

/** Throws as `askZfs`. */
export const sizeOf = async (stream: Stream, subject: string, signal: AbortSignal): Promise<Bytes | null> =>
  parseSize(
    await askAt(HERE, { argv: sizeArgs(stream), operation: 'ask for the size of', subject }, signal, duration(5, 'm')),
  );

/** Never mounted, by nobody but a person, and never written to; what is half received is kept. Nothing is rolled back (no -F). */
export const receiveArgs = (dataset: string, type: 'filesystem' | 'volume'): Argv => [
  'zfs',
  'receive',
  '-s',
  '-u',
  ...(type === 'filesystem' ? ['-o', 'canmount=noauto'] : []),
  '-o',
  'readonly=on',
  dataset,
];

/** Drops what is half received. */
export const abandonArgs = (dataset: string): Argv => ['zfs', 'receive', '-A', dataset];

/** `fromguid = 0x1f`, `toguid = 0x2e`, `rawok = 1` of what `zfs send -nv -t` prints; it prints them, too, when it cannot send. */
export function parseToken(text: string, printed: string): ResumeToken {
  const value = (key: string): string | null => new RegExp(`^\\s*${key} = (\\S+)$`, 'm').exec(printed)?.[1] ?? null;
  const guid = (key: string): string | null => {
    const hex = value(key);
    return hex === null ? null : BigInt(hex).toString();
  };
  const toGuid = guid('toguid');
  if (toGuid === null) throw unexpected('zfs send -t', [printed]);
  return { text, toGuid, fromGuid: guid('fromguid'), raw: value('rawok') === '1' };
}

/** What a token stands for: asked on the side of the source, which need not have what it was of any more. */
export async function readToken(text: string, subject: string, signal: AbortSignal): Promise<ResumeToken> {
  const command = { argv: sizeArgs({ kind: 'resume', token: text }), operation: 'read the resume token of', subject };
  const result = await tryZfs(command, signal);
  const printed = [result.stdout, ...result.stderrTail].join('\n');
  if (!printed.includes('toguid')) throw failureAt(HERE, command, result);
  return parseToken(text, printed);
}

/** Why a stream did not arrive, told by whichever end knows: what the other says follows from it. */
export function streamFailure(
  subject: string,
  target: ZfsEnd,
  { writer, reader }: { readonly writer: Ended | null; readonly reader: Ended },
): HoldfastError {
  const sending = { argv: ['zfs', 'send'] as const, operation: 'send', subject };
  const receiving = { argv: ['zfs', 'receive'] as const, operation: 'receive', subject };
  const isCut = reader.stderrTail.some((line) => /failed to read from stream|incomplete stream|bad file desc/i.test(line));
  if (writer !== null && writer.exitCode !== 0 && (isCut || reader.exitCode === 0))
    return failureAt(HERE, sending, { ...writer, stdout: '' });
  const failure = failureAt(target, receiving, { ...reader, stdout: '' });
  const told = WHY.find(([said]) => reader.stderrTail.some((line) => said.test(line)));
  return told === undefined
    ? failure
    : new HoldfastError({
        code: told[1],
        operation: 'receive',
        subject,
        message: reader.stderrTail.find((line) => told[0].test(line)) ?? failure.message,
        hint: told[2],
        retry: 'later',
        tool: failure.tool,
      });
}

type Ended = {
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
  readonly stderrTail: readonly string[];
};

const WHY = [
  [
    /is busy|contains partially-complete state/,
    'busy',
    'Something else receives there, or destroys it: see `ps -ef | grep zfs` on that machine. It is tried again the next time.',
  ],
  [
    /has been modified|most recent snapshot .* does not match/,
    'refused',
    'Somebody else writes or sends there. Nothing there is rolled back: the next run says what is to be done.',
  ],
  [
    /out of space|No space left|quota exceeded/,
    'no-space',
    'Make room there (zfs list -o space), or give it a larger quota; what arrived is kept, and the next run goes on from it.',
  ],
  [
    /raw receive on top|non-raw|IV set guid|raw incremental/i,
    'refused',
    'Raw and decrypted streams never follow one another: go on as it was begun, or send everything anew with --start-over.',
  ],
] as const;
