// restic's --json output, line by line: what is JSON and what is not. Nothing here knows a verb.
// Names: restic writes a newline, quote or control character as JSON escapes, so a line is always one message; every byte
// that is not valid UTF-8 becomes one U+FFFD (0.18 and 0.19 alike), so such a name cannot be handed back to restic.

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';
import { HoldfastError } from '../../lib/errors.ts';

const typed = z.object({ message_type: z.string() });

/** The `message_type` of a parsed line, or null. */
export function messageType(value: unknown): string | null {
  const parsed = typed.safeParse(value);
  return parsed.success ? parsed.data.message_type : null;
}

/** Turns a whole document into a typed value. Throws `tool-output` when it has another shape. */
export function parseDocument<Value>(text: string, schema: z.ZodType<Value>, operation: string, subject: string): Value {
  const value = parseJson(text);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const start = text.trim().slice(0, 120);
  if (start === '') throw unexpectedOutput(operation, subject, 'restic printed nothing where it should print JSON');
  if (value === undefined) throw unexpectedOutput(operation, subject, `restic printed something that is no JSON: ${start}`);
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  const what = where === '' ? 'JSON of another shape' : `JSON with an unexpected '${where}'`;
  throw unexpectedOutput(operation, subject, `restic printed ${what}: ${start}`);
}

/** A program that exited with success and did not say what its contract promises is not a success. */
export const unexpectedOutput = (operation: string, subject: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-output',
    operation,
    subject,
    message,
    hint: 'Check that `restic version` answers 0.17 or newer, and that the program is restic itself and not a wrapper script that prints text.',
    retry: 'never',
  });

/** 64 hexadecimal digits: the only form in which Holdfast accepts an id from restic. */
export const fullId = z.string().regex(/^[0-9a-f]{64}$/);
