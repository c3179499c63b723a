// What is in a configuration file of pgBackRest against what is declared. Pure. What somebody else has written is told, and stays.

import { isSecret, parseConfiguration } from '../../tools/pgbackrest/configuration.ts';
import { MARK } from './wanted-configuration.ts';

export interface OptionDifference {
  readonly name: string;
  /** Null: not there. Never a secret. */
  readonly is: string | null;
  readonly wanted: string | null;
}

/**
 * - `same`: nothing is to be written.
 * - `absent`, `ours`: it is written, or written anew.
 * - `foreign`: somebody else's, and different: it stays as it is.
 */
export interface Comparison {
  readonly standing: 'same' | 'absent' | 'ours' | 'foreign';
  readonly differences: readonly OptionDifference[];
}

/** `text`: null where there is no file. */
export function compareConfiguration(text: string | null, stanza: string, wanted: ReadonlyMap<string, string>): Comparison {
  const there = text === null ? [] : parseConfiguration(text);
  const own = new Map(there.filter(({ section }) => section === stanza).map(({ name, value }) => [name, value]));
  const others = there.filter(({ section }) => section !== stanza);
  const differences = [
    ...[...wanted].flatMap(([name, value]) =>
      own.get(name) === value ? [] : [difference(name, own.get(name) ?? null, value)],
    ),
    ...[...own].flatMap(([name, value]) => (wanted.has(name) ? [] : [difference(name, value, null)])),
  ];
  if (differences.length === 0) return { standing: 'same', differences };
  if (text === null || text.trim() === '') return { standing: 'absent', differences };
  const isOurs = text.startsWith(MARK) && others.length === 0;
  return { standing: isOurs ? 'ours' : 'foreign', differences };
}

const difference = (name: string, is: string | null, wanted: string | null): OptionDifference =>
  isSecret(name) ? { name, is: is === null ? null : '***', wanted: wanted === null ? null : '***' } : { name, is, wanted };

/** `- repo1-path=/old`, `+ repo1-path=/new`. */
export const differenceLines = (differences: readonly OptionDifference[]): string[] =>
  differences.flatMap(({ name, is, wanted }) => [
    ...(is === null ? [] : [`- ${name}=${is}`]),
    ...(wanted === null ? [] : [`+ ${name}=${wanted}`]),
  ]);
