// The small values of the configuration as they are written: durations, sizes, rates, names, absolute paths, argument
// lists. They are checked here and stay text; resolve.ts turns them into domain types. Messages read 'expected ...'.

import { z } from 'zod';
import { parseBytes } from '../../domain/bytes.ts';
import { parseDuration } from '../../domain/duration.ts';
import { parsePercentage } from '../../domain/percentage.ts';
import { parseRate } from '../../domain/rate.ts';
import type { Json } from '../../lib/json.ts';
import { nearest } from '../nearest.ts';
import { printable } from '../printable.ts';
import { frequencyProblem } from './frequency.ts';

/** One document is checked once: generating code for that takes longer than checking. */
z.config({ jitless: true });

/** A map with exactly these keys; an unknown one is an error that names the nearest valid key. One line for each key. */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  expected = 'expected a map',
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => unknownKey(key, known)).join('\n') : expected,
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  if (key === 'password')
    return 'a secret never stands in the configuration: use passwordFile, passwordCommand or credential';
  const near = nearest(key, known);
  return `unknown key '${printable(key, 60)}'${near ? `; did you mean '${near}'?` : `; known here: ${known.join(', ')}`}`;
}

/** An optional key with its description and, for readers, the value that holds when it is not written. */
export const optional = <Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  standard?: Json,
): z.ZodOptional<Schema> =>
  schema.meta({ description, ...(standard === undefined ? {} : { default: standard }) }).optional();

export const required = <Schema extends z.ZodType>(schema: Schema, description: string): Schema =>
  schema.meta({ description });

const text = (
  expected: string,
  accepts: (value: string) => boolean,
  hints: { examples?: Json[]; pattern?: string },
): z.ZodString =>
  z
    .string({ error: expected })
    .refine((value) => accepts(value), { error: expected })
    .meta(hints);

export const word = z.string({ error: 'expected text' }).min(1, { error: 'expected text, not the empty string' });
export const flag = z.boolean({ error: 'expected true or false' });

export const durationText = text(
  'expected a duration such as 90s, 45m, 26h or 7d',
  (value) => (parseDuration(value) ?? 0) > 0,
  { examples: ['45m', '26h', '7d'], pattern: '^(?:\\d+(?:\\.\\d+)?(?:ms|[smhdw]))+$' },
);
export const bytesText = text('expected a size such as 500MB or 50GiB', (value) => parseBytes(value) !== null, {
  examples: ['50GB', '50GiB'],
});
export const rateText = text('expected a rate such as 4MiB/s', (value) => (parseRate(value) ?? 0) > 0, {
  examples: ['4MiB/s'],
});
export const percentageText = text('expected a percentage from 0% to 100%', (value) => parsePercentage(value) !== null, {
  examples: ['10%'],
  pattern: '^\\d+(?:\\.\\d+)?%$',
});
export const frequencyText = z
  .string({ error: (issue) => frequencyProblem(issue.input) ?? '' })
  .refine((value) => frequencyProblem(value) === null, { error: (issue) => frequencyProblem(issue.input) ?? '' })
  .meta({ examples: ['hourly', 'daily', 'weekly', 'monthly', '*-*-* 03:00'] });

/** Names end up in unit names, tags, lock names and file names. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const NAME_RULE = 'expected a name of letters, digits, dots, dashes and underscores that starts with a letter or digit';
export const name = z
  .string({ error: NAME_RULE })
  .regex(NAME, { error: NAME_RULE })
  .max(100, { error: 'expected a name of at most 100 characters' });

const PATH_RULE = 'expected an absolute path';
export const absolutePath = z
  .string({ error: PATH_RULE })
  .refine((value) => value.startsWith('/') && !value.includes('\0'), {
    error: (issue) =>
      typeof issue.input === 'string' && issue.input.startsWith('~')
        ? "expected an absolute path ('~' is not expanded: write the directory out)"
        : PATH_RULE,
  })
  .meta({ pattern: '^/' });

export const list = <Item extends z.ZodType>(item: Item): z.ZodArray<Item> =>
  z.array(item, { error: 'expected a list, as in [first, second]' });

export const ARGV_RULE =
  "expected a list with the program and its arguments, such as [/usr/bin/logger, 'text'] (there is no shell)";
export const argv = z
  .array(z.string({ error: 'expected text: quote numbers and true or false' }), { error: ARGV_RULE })
  .min(1, { error: ARGV_RULE })
  .refine((value) => value[0] !== '', { error: ARGV_RULE });

export const count = (least: number): z.ZodInt =>
  z
    .int({ error: 'expected a whole number' })
    .min(least, { error: `expected a whole number of at least ${least}` })
    .max(1_000_000, {
      error: 'expected a whole number of at most 1000000',
    });

export const oneOf = <const Values extends readonly [string, ...string[]]>(
  ...values: Values
): z.ZodEnum<z.core.util.ToEnum<Values[number]>> =>
  z.enum(values, {
    error: (issue) => {
      const near = typeof issue.input === 'string' ? nearest(issue.input, values) : null;
      return `expected ${values.length === 1 ? values[0] : `one of ${values.join(', ')}`}${near ? `; did you mean '${near}'?` : ''}`;
    },
  });
