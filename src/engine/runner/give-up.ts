// What does not answer when it is told to stop (a system call on a dead file server) must not keep everything else from
// ending: it is left behind. It may still be at work then, so whoever gives up must not release what it holds.

import { describeDuration, type Duration } from '../../domain/duration.ts';
import type { Step, StepResult } from '../../domain/plan.ts';
import { asHoldfastError, HoldfastError } from '../../lib/errors.ts';

/** Told as what the step was to stop for, with the rest added. */
export class GivenUp extends HoldfastError {
  constructor(reason: unknown, step: Step, limit: Duration) {
    const first = asHoldfastError(reason, step.title, step.id);
    super({
      code: first.code,
      operation: first.operation,
      subject: first.subject,
      message: `${first.message}, and it did not stop within ${describeDuration(limit)} of being told to`,
      hint: 'Something that it uses does not answer: look at its mounts (findmnt, dmesg). The next command cleans up after it.',
      retry: first.retry,
      cause: reason,
    });
  }
}

/** The work's result; throws `GivenUp` when the signal aborted and the work has not ended `limit` later. */
export async function unlessDeaf(
  work: Promise<StepResult>,
  step: Step,
  signal: AbortSignal,
  limit: Duration,
): Promise<StepResult> {
  const deaf = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => deaf.reject(new GivenUp(signal.reason, step, limit)), limit);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  using _listening = {
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    },
  };
  if (signal.aborted) onAbort();
  return await Promise.race([work, deaf.promise]);
}
