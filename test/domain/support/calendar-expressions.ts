// Calendar expressions of every shape that systemd.time(7) tells of, and near misses of them.

import fc from 'fast-check';

export const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Europe/Dublin',
  'Asia/Kathmandu',
  'America/Santiago',
] as const;

const often = <Value>(
  weight: number,
  arbitrary: fc.Arbitrary<Value>,
): { weight: number; arbitrary: fc.Arbitrary<Value> } => ({
  weight,
  arbitrary,
});

/** Mostly within, now and then just outside. */
const value = (from: number, to: number): fc.Arbitrary<number> =>
  fc.oneof(often(30, fc.integer({ min: from, max: to })), often(1, fc.integer({ min: Math.max(0, from - 2), max: to + 2 })));

const padded = (number: fc.Arbitrary<number>): fc.Arbitrary<string> =>
  fc.tuple(number, fc.boolean()).map(([of, pad]) => (pad ? String(of).padStart(2, '0') : String(of)));

function range(from: number, to: number, fraction: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const number = fc.tuple(padded(value(from, to)), fraction).map((parts) => parts.join(''));
  const ascending = fc
    .tuple(value(from, to), value(from, to), fraction)
    .map(([a, b, part]) => `${Math.min(a, b)}${part}..${Math.max(a, b)}`);
  const step = fc
    .tuple(fc.oneof(often(20, fc.integer({ min: 1, max: Math.ceil((to - from) / 2) })), often(1, fc.constant(0))), fraction)
    .map(([by, part]) => `/${by}${part}`);
  return fc.oneof(
    often(6, number),
    often(2, ascending),
    often(
      2,
      fc.tuple(ascending, step).map((parts) => parts.join('')),
    ),
    often(
      2,
      fc.tuple(number, step).map((parts) => parts.join('')),
    ),
    often(
      1,
      fc.tuple(number, number).map((parts) => parts.join('..')),
    ),
  );
}

const none: fc.Arbitrary<string> = fc.constant('');
const field = (from: number, to: number, fraction = none): fc.Arbitrary<string> =>
  fc.oneof(
    often(3, fc.constant('*')),
    often(5, range(from, to, fraction)),
    often(
      2,
      fc.array(range(from, to, fraction), { minLength: 2, maxLength: 4 }).map((parts) => parts.join(',')),
    ),
  );

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'Monday', 'thursday', 'SUNDAY'];
const weekdayRange = fc.oneof(
  often(3, fc.constantFrom(...DAYS)),
  often(
    2,
    fc
      .tuple(fc.constantFrom('Mon', 'Tue', 'Wed'), fc.constantFrom('..', '-'), fc.constantFrom('Thu', 'Fri', 'Sun'))
      .map((parts) => parts.join('')),
  ),
  often(
    1,
    fc
      .tuple(fc.constantFrom(...DAYS), fc.constantFrom('..', '-', '.'), fc.constantFrom(...DAYS))
      .map((parts) => parts.join('')),
  ),
);
const weekdays = fc
  .tuple(fc.array(weekdayRange, { minLength: 1, maxLength: 3 }), fc.oneof(often(6, none), often(1, fc.constant(','))))
  .map(([days, comma]) => days.join(',') + comma);

const year = fc.oneof(
  often(6, fc.constant('*')),
  often(2, field(2024, 2032)),
  often(1, field(1970, 2199)),
  often(1, padded(fc.integer({ min: 0, max: 120 }))),
);
const separator = fc.oneof(often(5, fc.constant('-')), often(1, fc.constant('~')));
const date = fc.oneof(
  often(
    3,
    fc.tuple(year, fc.constant('-'), field(1, 12), fc.constant('-'), field(1, 31)).map((parts) => parts.join('')),
  ),
  often(
    2,
    fc.tuple(year, fc.constant('-'), field(1, 12), fc.constant('~'), field(1, 28)).map((parts) => parts.join('')),
  ),
  often(
    2,
    fc.tuple(field(1, 12), separator, field(1, 28)).map((parts) => parts.join('')),
  ),
  often(1, fc.constant('*-*-*')),
);

/** To the millisecond, so that what is rounded to it is what systemd reckons with. */
const fraction = fc.oneof(
  often(5, none),
  often(
    1,
    fc.integer({ min: 0, max: 998 }).map((part) => `.${String(part).padStart(3, '0')}`),
  ),
  often(
    1,
    fc.integer({ min: 0, max: 9 }).map((part) => `.${part}`),
  ),
);
/** The hours that clocks skip and show twice. */
const hour = fc.oneof(often(2, field(0, 23)), often(1, field(0, 3)));
const time = fc.oneof(
  often(
    2,
    fc.tuple(hour, field(0, 59)).map((parts) => parts.join(':')),
  ),
  often(
    2,
    fc.tuple(hour, field(0, 59), field(0, 59, fraction)).map((parts) => parts.join(':')),
  ),
);

const zone = fc.oneof(
  often(8, none),
  often(
    5,
    fc.constantFrom(...ZONES).map((name) => ` ${name}`),
  ),
  often(1, fc.constantFrom(' utc', ' Etc/UTC', '  UTC', ' Nowhere/Land', ' europe/berlin', ' /Europe/Berlin', ' ')),
);
const SHORTHANDS = 'minutely hourly daily Weekly monthly quarterly semiannually semi-annually biannually bi-annually yearly';
const shorthand = fc.constantFrom(...SHORTHANDS.split(' '), 'ANNUALLY', 'anually', 'dayly', 'secondly');
const part = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(often(1, none), often(2, arbitrary));
const spaces = fc.oneof(often(20, fc.constant(' ')), often(1, fc.constant('  ')));
const event = fc
  .tuple(part(weekdays), part(date), part(time), spaces)
  .map(([days, on, at, space]) => [days, on, at].filter((text) => text !== '').join(space));

/** One character is lost, doubled or put in. */
const damaged = fc
  .tuple(event, fc.nat(), fc.constantFrom('', '-', '..', ',', ':', '/', '~', '*', ' ', '@', '5', 'x'))
  .map(
    ([text, at, put]) =>
      text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + (put === '' ? 1 : 0)),
  );

const epoch = fc
  .tuple(part(weekdays), fc.integer({ min: 0, max: 2_500_000_000 }))
  .map(([days, at]) => (days === '' ? `@${at}` : `${days} @${at}`));

export const expressions: fc.Arbitrary<string> = fc
  .tuple(fc.oneof(often(16, event), often(2, shorthand), often(1, epoch), often(3, damaged)), zone)
  .map((parts) => parts.join(''));

const HOUR = 3_600_000;
/** Where clocks change, somewhere in ZONES. */
const CHANGES = [
  '2025-03-30T01:00Z',
  '2025-10-26T01:00Z',
  '2026-03-08T07:00Z',
  '2026-11-01T06:00Z',
  '2025-04-05T15:00Z',
  '2025-10-04T15:30Z',
  '2011-12-30T10:00Z',
  '2026-09-06T04:00Z',
  '2026-04-05T03:00Z',
].map((text) => Date.parse(text));

/** Milliseconds since the epoch, whole seconds. */
export const instants: fc.Arbitrary<number> = fc
  .oneof(
    often(3, fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) })),
    often(
      6,
      fc.tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3 * HOUR, max: 3 * HOUR })).map(([at, by]) => at + by),
    ),
    often(
      2,
      fc.tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -60 * 24 * HOUR, max: 0 })).map(([at, by]) => at + by),
    ),
    often(1, fc.integer({ min: Date.UTC(2195, 0, 1), max: Date.UTC(2200, 1, 1) })),
  )
  .map((at) => Math.floor(at / 1000) * 1000);
