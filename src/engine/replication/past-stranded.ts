// What an earlier stream has left on the other machine is in the way of every later one: it is ended, and what is to be done is decided anew.

import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ZfsEnd } from '../../tools/zfs/end.ts';
import { endStranded, type Receiving } from '../../tools/zfs/stranded.ts';

/** Null: there was one, and it is ended. Throws what `act` throws: also `busy`, where it is somebody else who receives there. */
export async function pastStranded<Done>(
  receiving: Receiving,
  end: ZfsEnd,
  context: Pick<StepContext, 'signal' | 'warn'>,
  act: () => Promise<Done>,
): Promise<Done | null> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'busy') throw error;
    if ((await endStranded(end, receiving, context.signal)) === 0) throw error;
    context.warn(`on ${end.host} an earlier stream to ${receiving.replica} still waited for its sender: it was ended`);
    return null;
  }
}
