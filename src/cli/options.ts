// Options that several commands share, and the parsing of their values (a wrong one is exit 64).

import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { type Duration, duration, parseDuration } from '../domain/duration.ts';

/** A free lock needs a moment to be taken, too. */
const SHORTEST_WAIT = duration(2, 's');

export const waitOption = (): Option<'--wait <duration>', undefined, undefined, Duration> =>
  new Option('--wait <duration>', 'how long to wait for something else that uses the repository (default 15m)').argParser(
    (text) => Math.max(durationArgument(text), SHORTEST_WAIT) as Duration,
  );

export const durationOption = <Flags extends string>(
  flags: Flags,
  description: string,
): Option<Flags, undefined, undefined, Duration> => new Option(flags, description).argParser(durationArgument);

function durationArgument(text: string): Duration {
  const value = text === '0' ? (0 as Duration) : parseDuration(text);
  if (value === null) throw new InvalidArgumentError('expected a duration such as 90s, 15m or 0');
  return value;
}
