// What went wrong, as an answer: the same words as on the command line, and the status that HTTP has for it.

import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { asHoldfastError, type ErrorCode, HoldfastError } from '../lib/errors.ts';

export interface Failure {
  readonly status: number;
  readonly body: { readonly error: { code: string; message: string; subject: string; hint: string | null } };
}

/** A refusal with a status of its own. */
export class Refusal extends HoldfastError {
  readonly status: number;

  constructor(
    status: number,
    refusal: { code: ErrorCode; subject: string; message: string; hint: string; operation?: string },
  ) {
    super({ operation: 'answer', ...refusal });
    this.status = status;
  }
}

export const failureOf = (thrown: unknown): Failure => {
  const error = asHoldfastError(understood(thrown), 'answer', 'the request');
  const { code, message, subject, hint = null } = error;
  const status = error instanceof Refusal ? error.status : statusOf(code);
  // what is told of a bug is in the log: its message may say anything
  const told = code === 'bug' ? 'this is a bug in Holdfast; the log of the agent tells more' : message;
  return { status, body: { error: { code, message: told, subject, hint } } };
};

/** Fastify's own refusals in our words. */
function understood(thrown: unknown): unknown {
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const [first] = thrown.validation;
    const where = first?.instancePath.replace(/^\//, '').replaceAll('/', '.') ?? '';
    return new Refusal(400, {
      code: 'usage',
      subject: where === '' ? (thrown.validationContext ?? 'the request') : where,
      message: first?.message ?? 'it is not what was expected',
      hint: 'See /openapi.json for what each request takes.',
    });
  }
  const { statusCode = 500, message } = thrown as Partial<FastifyError>; // of anything else both are undefined
  if (!(thrown instanceof Error) || thrown instanceof HoldfastError || statusCode >= 500) return thrown;
  return new Refusal(statusCode, {
    code: 'usage',
    subject: 'the request',
    message: statusCode === 413 ? 'it is larger than anything that is understood here' : (message ?? 'it is wrong'),
    hint: 'See /openapi.json for what each request takes.',
  });
}

function statusOf(code: ErrorCode): number {
  switch (code) {
    case 'usage':
      return 404; // a name that there is not; what is wrong in form is refused before
    case 'refused':
    case 'busy':
      return 409;
    case 'permission-denied':
      return 403;
    case 'journal-unusable':
    case 'no-space':
      return 503;
    case 'unsupported':
      return 501;
    default:
      return 500;
  }
}
