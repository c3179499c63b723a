// Being asked to stop: the reason that a run's signal carries when SIGINT or SIGTERM arrived.

import { HoldfastError } from './errors.ts';

export type StopSignal = 'SIGINT' | 'SIGTERM';

export const interruption = (signal: StopSignal): HoldfastError =>
  new HoldfastError({
    code: 'interrupted',
    operation: 'run',
    subject: signal,
    message: `interrupted by ${signal}`,
    retry: 'now',
  });

/** Which signal asked to stop, when that is what `reason` says. */
export function stopSignalOf(reason: unknown): StopSignal | null {
  if (!(reason instanceof HoldfastError) || reason.code !== 'interrupted') return null;
  return reason.subject === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
}
