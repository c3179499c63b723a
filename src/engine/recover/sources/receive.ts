// One snapshot of a replica, from where it is to here: through one pipe, in a whole stream.

import type { StepContext } from '../../../domain/plan.ts';
import { duration } from '../../../domain/duration.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { shellWord } from '../../../lib/shell-word.ts';
import { runPipe } from '../../../process/run-pipe.ts';
import { failureAt, HERE, type ZfsEnd } from '../../../tools/zfs/end.ts';
import { receiveOnceArgs, sendOnceArgs } from '../../../tools/zfs/stream.ts';

/** How long nothing may arrive: then another source is tried. */
const STALL = duration(5, 'm');

export interface Receiving {
  readonly end: ZfsEnd;
  /** Full name, there. */
  readonly snapshot: string;
  /** It cannot be read there, and comes as it is. */
  readonly raw: boolean;
  /** A dataset that does not exist yet. */
  readonly into: string;
  /** Bytes that it refers to, and those that came before it in this recovery. */
  readonly size: number;
  readonly before: number;
}

/** Answers with the bytes that came. Throws for whichever end it was. */
export async function receive({ end, snapshot, raw, into, size, before }: Receiving, context: StepContext): Promise<number> {
  const sending = { argv: sendOnceArgs(snapshot, raw), operation: 'send', subject: snapshot };
  const receiving = { argv: receiveOnceArgs(into), operation: 'receive', subject: into };
  const env = { LC_ALL: 'C' };
  const { writer, reader, bytes } = await runPipe(
    { ...sending, argv: end.argv(sending.argv), env },
    { ...receiving, env },
    {
      signal: context.signal,
      stall: STALL,
      onBytes: (sum) =>
        context.progress({
          bytesDone: before + sum,
          bytesTotal: before + Math.max(size, sum),
          message: `receiving ${snapshot}`,
        }),
    },
  );
  if (writer !== null && writer.exitCode !== 0) throw withRight(failureAt(end, sending, writer), snapshot, end);
  if (reader.exitCode !== 0) throw failureAt(HERE, receiving, reader);
  return bytes;
}

/** Whoever may receive there may not send. */
function withRight(error: HoldfastError, snapshot: string, { host }: ZfsEnd): HoldfastError {
  if (error.code !== 'permission-denied') return error;
  const { code, operation, subject, message, retry, tool } = error;
  const dataset = shellWord(snapshot.slice(0, snapshot.indexOf('@')));
  const hint = `As root ${host === null ? 'here' : `on ${host}`}: zfs allow -u USER send ${dataset}, with the user that replication logs in as.`;
  return new HoldfastError({ code, operation, subject, message, hint, retry, tool });
}
