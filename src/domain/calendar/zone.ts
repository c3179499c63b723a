// How far the clocks of a time zone are from UTC, at any second, from the runtime's own time zone data. Asking that data is
// slow (microseconds), so each stretch of about a year is asked once and kept.

/** Seconds that the wall of the zone is ahead of UTC. */
export type Offsets = (seconds: number) => number;

/** Where the law calls winter the exception: the C library takes a time that clocks skip in spring for an hour earlier there. */
export const WINTER_IS_SAVING: ReadonlySet<string> = new Set([
  'Europe/Dublin',
  'Eire',
  'Africa/Casablanca',
  'Africa/El_Aaiun',
]);

/** Null when there is no such zone: names are those of the IANA, written as there. */
export function offsetsOf(zone: string): Offsets | null {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  const made = zone === 'UTC' ? () => 0 : read(zone);
  zones.set(zone, made);
  return made;
}

const zones = new Map<string, Offsets | null>();

/** About 388 days. */
const STRETCH = 2 ** 25;
/** No two changes of a zone undo each other faster than that. */
const SAMPLE = 14 * 86_400;

interface Change {
  readonly from: number;
  readonly offset: number;
}

function read(zone: string): Offsets | null {
  const ask = asking(zone);
  if (ask === null) return null;
  const stretches = new Map<number, readonly Change[]>();
  return (seconds) => {
    const index = Math.floor(seconds / STRETCH);
    let changes = stretches.get(index);
    if (changes === undefined) {
      changes = changesWithin(ask, index * STRETCH, (index + 1) * STRETCH);
      stretches.set(index, changes);
    }
    let at = changes.length - 1;
    while (at > 0 && (changes[at]?.from ?? 0) > seconds) at -= 1;
    return changes[at]?.offset ?? 0;
  };
}

function changesWithin(ask: Offsets, from: number, to: number): readonly Change[] {
  const changes: Change[] = [{ from, offset: ask(from) }];
  let before = from;
  let offset = ask(from);
  while (before < to - 1) {
    const next = Math.min(before + SAMPLE, to - 1);
    const there = ask(next);
    if (there !== offset) {
      const change = firstOther(ask, offset, before, next);
      offset = ask(change);
      changes.push({ from: change, offset });
      before = change;
    } else before = next;
  }
  return changes;
}

/** The first second after `before`, up to `there`, that has another offset. */
function firstOther(ask: Offsets, offset: number, before: number, there: number): number {
  let [low, high] = [before, there];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (ask(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

const NAME = /^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/;

function asking(zone: string): Offsets | null {
  const format = NAME.test(zone) ? formatOf(zone) : null;
  if (format === null) return null;
  // a zone's file has one spelling, which the runtime is lenient about
  const resolved = format.resolvedOptions().timeZone;
  if (resolved !== zone && resolved.toLowerCase() === zone.toLowerCase()) return null;
  return (seconds) => {
    const [, sign, hours = '0', minutes = '0', rest = '0'] =
      /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(seconds * 1000)) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(rest));
  };
}

function formatOf(zone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
