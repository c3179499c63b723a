// A zfs receive that waits on another machine for a stream whose sender is gone: its ssh server does not notice that the network fell
// silent, or that the power of the sender failed, for hours, and nothing can be received meanwhile. It is known by a mark in its
// environment, which only whoever held the lock of the replica has put there: nothing is ended by the look of its command line.

import { duration } from '../../domain/duration.ts';
import { askAt, type ZfsEnd } from './end.ts';

type Argv = readonly [string, ...string[]];

export interface Receiving {
  /** The machine that sends, and its target. */
  readonly host: string;
  readonly target: string;
  readonly replica: string;
}

const markOf = ({ host, target, replica }: Receiving): string => `HOLDFAST_RECEIVES=${host}:${target}:${replica}`;

/** Of this machine none is left behind: it sees the end of its pipe. */
export const markedArgs = (end: ZfsEnd, receiving: Receiving, argv: Argv): Argv =>
  end.host === null ? argv : ['env', markOf(receiving), ...argv];

/** Prints the ids of those that it told to end, once they are gone; after 10 s also of those that are not. */
const END_MARKED = `ended=
for each in /proc/[0-9]*/environ; do
  tr '\\0' '\\n' 2>/dev/null <"$each" | grep -qxF -e "$1" || continue
  id=\${each#/proc/}
  id=\${id%/environ}
  kill "$id" && ended="$ended $id"
done 2>/dev/null
for id in $ended; do
  tries=100
  while kill -0 "$id" 2>/dev/null && [ "$tries" -gt 0 ]; do
    sleep 0.1
    tries=$((tries - 1))
  done
  echo "$id"
done`;

export const endStrandedArgs = (receiving: Receiving): Argv => ['sh', '-c', END_MARKED, 'sh', markOf(receiving)];

const LIMIT = duration(2, 'm');

/**
 * Answers with how many there were. To be called by whoever has the lock of the replica: then none of them is anybody's. What they had
 * received is kept. Finds none where there is no /proc. Throws as `askAt`.
 */
export async function endStranded(end: ZfsEnd, receiving: Receiving, signal: AbortSignal): Promise<number> {
  if (end.host === null) return 0;
  const command = {
    argv: endStrandedArgs(receiving),
    operation: 'end what still waits for a stream to',
    subject: receiving.replica,
  };
  const stdout = await askAt(end, command, signal, LIMIT);
  return stdout.split('\n').filter(Boolean).length;
}
