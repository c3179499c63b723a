// What a recovery is refused with.

import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';

export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
  /** Trying later may help without a person. */
  readonly again?: boolean;
}

export const refusal = (service: string, { code, reason, hint, again = false }: Refusal): HoldfastError =>
  new HoldfastError({
    code,
    operation: 'recover',
    subject: service,
    message: reason,
    hint,
    retry: again ? 'later' : 'never',
  });

/** `now`: what is so, and was not when it was looked at. */
export const changedSince = (service: string, now: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'recover',
    subject: service,
    message: `it has changed since it was looked at (now: ${now}): nothing was done`,
    hint: `Try again: holdfast recover ${service}`,
    retry: 'now',
  });
