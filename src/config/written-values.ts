// Text that the schema has accepted, as domain values. A text that does not parse here is a bug in the schema.

import { parseDuration, type Duration } from '../domain/duration.ts';
import { HoldfastError } from '../lib/errors.ts';

export function parsed<Value>(parse: (text: string) => Value | null, text: string): Value {
  const value = parse(text);
  if (value !== null) return value;
  throw new HoldfastError({
    code: 'bug',
    operation: 'read the configuration',
    subject: text,
    message: 'the schema accepted what cannot be read',
  });
}

export const milliseconds = (text: string): Duration => parsed(parseDuration, text);

export function argvOf(words: readonly string[]): readonly [string, ...string[]] {
  const [program, ...args] = words;
  return [parsed((text) => text || null, program ?? ''), ...args];
}
