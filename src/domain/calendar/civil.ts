// The proleptic Gregorian calendar by arithmetic: a wall time as six numbers, and as seconds since 1970 on that wall. It knows
// no time zone.

/** Year, month (1..12), day, hour, minute, second; as many may be out of their range while it is being reckoned with. */
export type Wall = [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** The least of each field of a wall time, the year's aside. */
export const LEAST: Readonly<Wall> = [0, 1, 1, 0, 0, 0];

const DAY = 86_400;
const DAYS_OF_400_YEARS = 146_097;

/** Seconds since 1970-01-01 00:00:00 on the same wall; a month 13 or a day 0 is counted on. */
export function wallSeconds([year, month, day, hour, minute, second]: Readonly<Wall>): number {
  return daysSinceEpoch(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
}

export function wallTime(seconds: number): Wall {
  const days = Math.floor(seconds / DAY);
  const rest = seconds - days * DAY;
  // years are counted from March, so that a leap day is the last of its year
  const shifted = days + 719_468;
  const era = Math.floor(shifted / DAYS_OF_400_YEARS);
  const dayOfEra = shifted - era * DAYS_OF_400_YEARS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const sinceMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * sinceMarch + 2) / 5) + 1;
  const month = sinceMarch < 10 ? sinceMarch + 3 : sinceMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return [year, month, day, Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
}

/** 0 is Monday. */
export const weekdayOf = (seconds: number): number => (((Math.floor(seconds / DAY) + 3) % 7) + 7) % 7;

function daysSinceEpoch(year: number, month: number, day: number): number {
  const months = year * 12 + (month - 1) - 2;
  const fromMarch = Math.floor(months / 12);
  const sinceMarch = months - fromMarch * 12;
  const era = Math.floor(fromMarch / 400);
  const yearOfEra = fromMarch - era * 400;
  const dayOfYear = Math.floor((153 * sinceMarch + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_OF_400_YEARS + dayOfEra - 719_468;
}
