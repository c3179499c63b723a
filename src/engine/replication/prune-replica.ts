// Lets go of copies that the target's own policy does not keep, on its machine, once what is newer is there on both sides.

import type { StepContext } from '../../domain/plan.ts';
import { prunable } from '../../domain/replica-prune.ts';
import { newestCommon } from '../../domain/replication.ts';
import { askAt, LISTING, type ZfsEnd } from '../../tools/zfs/end.ts';
import { destroyArgs } from '../../tools/zfs/snapshots.ts';
import type { Pair } from './observe.ts';
import type { Sending } from './replicate-step.ts';

/** An argument list has its limits. */
const AT_ONCE = 200;

/** Answers with how many went; none where the target has no policy. What cannot go is told, and stays: the copy itself is there. */
export async function pruneReplica(
  { source, target }: Pair,
  { target: { keep }, adopt }: Sending,
  end: ZfsEnd,
  context: StepContext,
): Promise<number> {
  const base = newestCommon(source, target);
  if (keep === null || base === null) return 0;
  const names = prunable(target.snapshots, base.at, { keep, adopt, now: context.now() }).map(({ name }) => name);
  let gone = 0;
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE);
    const command = {
      argv: destroyArgs(target.dataset, some),
      operation: 'prune',
      subject: target.dataset,
    };
    try {
      await askAt(end, command, context.signal, LISTING); // oxlint-disable-line no-await-in-loop -- one after the other
      gone += some.length;
    } catch (error) {
      context.signal.throwIfAborted();
      context.warn(`old snapshots of ${target.dataset} stay: ${error instanceof Error ? error.message : String(error)}`);
      break;
    }
  }
  return gone;
}
