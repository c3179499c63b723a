// Waiting that ends early when a signal says so.

/** Resolves with the promise or rejects with the signal's reason, whichever comes first; the promise is left to itself. */
export async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  using _listener = { [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort) };
  return await Promise.race([promise, aborted.promise]);
}
