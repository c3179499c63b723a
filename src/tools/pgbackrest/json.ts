// JSON as pgBackRest prints it. The identifiers of clusters are above 2^53: they stay the text that they are.

import type * as z from 'zod';
import { HoldfastError } from '../../lib/errors.ts';

/** Throws `tool-output` for what is not JSON of that shape. */
export function parseDocument<Shape extends z.ZodType>(
  stdout: string,
  shape: Shape,
  operation: string,
  subject: string,
): z.output<Shape> {
  let value: unknown;
  try {
    value = JSON.parse(stdout.replaceAll(CONTROL, ' ').replaceAll(SYSTEM_ID, '$1"$2"'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw unexpected(operation, subject, `pgbackrest printed no JSON: ${JSON.stringify(stdout.slice(0, 120))}`, error);
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unexpected(
    operation,
    subject,
    `pgbackrest printed something else than it should: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

/** What it could not make sense of it prints as it is, inside of a text. */
const CONTROL = /\p{Cc}/gu;
/** A quotation mark inside of a text has a backslash before it. */
const SYSTEM_ID = /((?<!\\)"system-id" *: *)(\d+)/g;

const unexpected = (operation: string, subject: string, message: string, cause?: unknown): HoldfastError =>
  new HoldfastError({
    code: 'tool-output',
    operation,
    subject,
    message,
    hint: 'Is this a version of pgBackRest that Holdfast knows (2.45 or newer)?',
    cause,
  });
