// A signal that aborts by itself after a while, with the error that says so.

import type { Duration } from '../domain/duration.ts';

/** setTimeout fires at once for anything longer (24.8 days). */
const LONGEST_TIMER = 2_147_483_647;

/** Aborts with `reason()` after `limit`, however long that is; disposing takes it back. */
export function limitTime(limit: Duration, reason: () => Error): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout;
  const arm = (rest: number): void => {
    timer = setTimeout(
      () => (rest > LONGEST_TIMER ? arm(rest - LONGEST_TIMER) : controller.abort(reason())),
      Math.min(rest, LONGEST_TIMER),
    );
  };
  arm(limit);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
