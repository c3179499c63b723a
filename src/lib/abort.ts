// Waiting that ends early when a signal says so.

/** Resolves with the promise or rejects with the signal's reason, whichever comes first; the promise is left to itself. */
export async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) promise.catch(() => {}); // it has nobody else
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  using _listener = { [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort) };
  return await Promise.race([promise, aborted.promise]);
}

/**
 * What a cancelled call really ended of: the AbortError that Node.js's own functions throw says only that there was a
 * cancellation, the signal's reason says why. Anything else is answered as it is.
 */
export function firstCause(thrown: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return thrown;
  if (thrown instanceof SuppressedError) {
    return new SuppressedError(thrown.error, firstCause(thrown.suppressed, signal), thrown.message);
  }
  return thrown instanceof Error && thrown.name === 'AbortError' ? signal.reason : thrown;
}
