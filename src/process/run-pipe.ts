// Two commands, one reading what the other writes. Neither is left behind: when the reader ends, nobody writes any more; when the
// writer fails, the reader sees the end. Both are judged by whoever asked for them.

import type { Bytes } from '../domain/bytes.ts';
import type { Duration } from '../domain/duration.ts';
import { HoldfastError } from '../lib/errors.ts';
import { Meter, type MeterOptions } from './meter.ts';
import { timedOut } from './process-errors.ts';
import { type Command, type ProcessResult, runProcess } from './run-process.ts';

export interface PipeOptions extends MeterOptions {
  /** Ends both. */
  readonly signal: AbortSignal;
  /** How long nothing may go through before both are ended. */
  readonly stall: Duration;
}

export interface PipeResult {
  /** Null: nobody read any more what it wrote, so that its end says nothing. */
  readonly writer: ProcessResult | null;
  readonly reader: ProcessResult;
  /** Not more than what was read: a little may have been on its way. */
  readonly bytes: Bytes;
}

/** Throws as `runProcess`, and `timed-out` when nothing goes through. Exit codes are results. */
export async function runPipe(writer: Command, reader: Command, options: PipeOptions): Promise<PipeResult> {
  const { signal, stall, pace, onBytes } = options;
  const stopAll = new AbortController();
  const stopWriter = new AbortController();
  const give = (): void => stopAll.abort(timedOut(writer.operation, writer.subject, stall));
  const still = setTimeout(give, stall);
  using _still = { [Symbol.dispose]: () => clearTimeout(still) };
  const meter = new Meter({
    pace,
    onBytes(sum) {
      still.refresh();
      onBytes?.(sum);
    },
  });
  const both = AbortSignal.any([signal, stopAll.signal]);
  const reading = runProcess({ ...reader, stdin: meter }, { signal: both });
  const writing = runProcess(writer, { signal: AbortSignal.any([both, stopWriter.signal]), output: meter });
  const ofReader = reading.then(
    (ended) => {
      if (!meter.writableEnded) stopWriter.abort(nobodyReads(writer)); // else it ends by itself
      return ended;
    },
    (error: unknown) => {
      stopAll.abort(error);
      throw error;
    },
  );
  const ofWriter = writing.catch((error: unknown) => {
    if (stopWriter.signal.aborted && !both.aborted) return null;
    stopAll.abort(error);
    throw error;
  });
  const [written, read] = await Promise.allSettled([ofWriter, ofReader]);
  if (both.aborted) throw firstOf(signal, stopAll.signal, [written, read]);
  if (written.status === 'rejected') throw written.reason;
  if (read.status === 'rejected') throw read.reason;
  return { writer: meter.writableFinished ? written.value : null, reader: read.value, bytes: meter.bytes };
}

const nobodyReads = ({ operation, subject }: Command): HoldfastError =>
  new HoldfastError({ code: 'failed', operation, subject, message: 'what it wrote was no longer read' });

/** With the last words of the command that was ended, where there are any. */
function firstOf(signal: AbortSignal, stop: AbortSignal, ends: readonly PromiseSettledResult<unknown>[]): unknown {
  const [cause] = [signal, stop].filter(({ aborted }) => aborted).map(({ reason }) => reason as unknown);
  const told = ends.find(
    (each) => each.status === 'rejected' && each.reason instanceof HoldfastError && each.reason.cause === cause,
  );
  return told?.status === 'rejected' ? told.reason : cause;
}
