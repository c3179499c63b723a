// A view of snapshots that stays for as long as it is held: a process of ours that sees them and does nothing. Whoever is root sees
// what it sees through /proc; with it, however it ends, all of it is gone.

import { duration } from '../../domain/duration.ts';
import { untilAborted } from '../../lib/abort.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { type ProcessResult, runProcess } from '../../process/run-process.ts';
import { inMountView, type MountView } from './mount-view.ts';

export interface HeldView extends AsyncDisposable {
  /** Before an absolute path without links: that path in the view. A link that is absolute leads out of it. */
  readonly root: string;
}

/** Mounting waits for the pool. */
const LIMIT = duration(1, 'm');
const WAIT = 'echo "$$" && exec sleep infinity';

/** As root only. Throws `failed` where it cannot be made; `subject`: what is seen in it. */
export async function holdView(view: MountView, subject: string, signal: AbortSignal): Promise<HeldView> {
  await using made = new AsyncDisposableStack();
  const end = new AbortController();
  const ready = Promise.withResolvers<string>();
  const ended = runProcess(
    { argv: inMountView(view, [], ['sh', '-c', WAIT]), operation: 'look into', subject, cwd: '/' },
    { signal: AbortSignal.any([signal, end.signal]), grace: duration(1, 's'), onLine: (line) => ready.resolve(line) },
  );
  made.defer(async () => {
    end.abort(new HoldfastError({ code: 'interrupted', operation: 'look into', subject, message: 'done' }));
    await ended.catch(() => {}); // of our own doing, or told to whoever waited for it
  });
  const limit = AbortSignal.timeout(LIMIT);
  const first = await untilAborted(Promise.race([ready.promise, ended]), AbortSignal.any([signal, limit])).catch(
    (error: unknown) => {
      if (limit.aborted && !signal.aborted) throw notSeen(subject, null);
      throw error;
    },
  );
  if (typeof first !== 'string') throw notSeen(subject, first);
  const held = made.move();
  return { root: `/proc/${first}/root`, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const notSeen = (subject: string, result: ProcessResult | null): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'look into',
    subject,
    message: `it cannot be mounted: ${result?.stderrTail.at(-1) ?? 'no answer within a minute'}`,
    hint: 'See `zpool status -x` and dmesg; by hand: mount -t zfs -o ro DATASET@SNAPSHOT DIRECTORY, as root.',
    retry: 'later',
    tool: result ? { name: 'mount', exitCode: result.exitCode, stderrTail: result.stderrTail } : undefined,
  });
