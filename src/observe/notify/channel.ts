// A channel: one way to one receiver. Its contract, and what can go wrong with it.

import type { Duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Message } from '../../domain/notification.ts';
import { type ErrorDetails, HoldfastError } from '../../lib/errors.ts';

/** A message on its way. */
export interface Envelope {
  /** The same each time that this message is tried, so that a receiver can tell that it has it already. */
  readonly id: string;
  readonly message: Message;
  /** The time of this try. */
  readonly now: Instant;
}

/**
 * `deliver` resolves once the receiver has said that it has the message, and throws a DeliveryError otherwise (or the signal's
 * reason): then it may have it all the same, and is given it again. What it throws contains no secret.
 */
export interface Channel {
  deliver(envelope: Envelope, signal: AbortSignal): Promise<void>;
}

/** `channel`: no other message would come through either. `message`: this one was refused. */
export type FailureScope = 'channel' | 'message';

export class DeliveryError extends HoldfastError {
  readonly scope: FailureScope;
  /** How long the receiver asks to be left alone. */
  readonly retryAfter: Duration | null;

  constructor(details: ErrorDetails, scope: FailureScope, retryAfter: Duration | null = null) {
    super({ retry: 'later', ...details });
    this.name = 'DeliveryError';
    this.scope = scope;
    this.retryAfter = retryAfter;
  }
}

/** What a failure to deliver to `channel` is called. */
export const undelivered = (
  channel: string,
  message: string,
  hint: string,
  more: Partial<ErrorDetails> & { readonly scope?: FailureScope; readonly retryAfter?: Duration | null } = {},
): DeliveryError => {
  const { scope = 'channel', retryAfter = null, ...details } = more;
  return new DeliveryError(
    { code: 'failed', operation: 'deliver to', subject: channel, message, hint, ...details },
    scope,
    retryAfter,
  );
};
