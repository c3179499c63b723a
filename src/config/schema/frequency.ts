// Whether a text has the shape of a schedule: a named one, or a systemd OnCalendar expression. It does not say when.

const NAMED = new Set([
  'minutely',
  'hourly',
  'daily',
  'weekly',
  'monthly',
  'quarterly',
  'semiannually',
  'yearly',
  'annually',
]);
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const WEEKDAYS = new RegExp(`^${DAY}(?:(?:,|\\.\\.|-)${DAY})*,?$`, 'i');
const NUMBERS = String.raw`(?:\*|\d+)(?:\.\.\d+)?(?:/\d+)?(?:,(?:\*|\d+)(?:\.\.\d+)?(?:/\d+)?)*`;
const DATE = new RegExp(`^(?:${NUMBERS}-)?${NUMBERS}[-~]${NUMBERS}$`);
const TIME = new RegExp(String.raw`^${NUMBERS}:${NUMBERS}(?::${NUMBERS}(?:\.\d+)?)?$`);
const ZONE = /^(?:UTC|[A-Z][A-Za-z_]+(?:\/[A-Za-z_+\-0-9]+)+)$/;

export function isFrequency(text: string): boolean {
  if (NAMED.has(text)) return true;
  const parts = text.trim().split(/\s+/);
  let found = 0;
  if (WEEKDAYS.test(parts[0] ?? '')) found += Number(parts.shift() !== undefined);
  if (DATE.test(parts[0] ?? '')) found += Number(parts.shift() !== undefined);
  if (TIME.test(parts[0] ?? '')) found += Number(parts.shift() !== undefined);
  if (found > 0 && ZONE.test(parts[0] ?? '')) parts.shift();
  return found > 0 && parts.length === 0;
}
