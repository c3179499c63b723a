// What is told of a schedule that cannot be understood: what is wrong with it, and what was probably meant.

import { calendarProblem, nextElapse, parseCalendar, SHORTHAND_NAMES } from '../../domain/calendar.ts';
import type { Instant } from '../../domain/instant.ts';
import { nearest } from '../nearest.ts';

const EXPECTED = 'expected hourly, daily, weekly, monthly or a systemd OnCalendar expression such as *-*-* 03:00';
const EPOCH = 0 as Instant;
/** Five fields of numbers and stars. */
const CRON = /^(?:[\d*,/-]+\s+){4}[\d*,/-]+$/;

/** 'expected ...', with the reason where there is one to tell; null when it is a schedule that comes true at some time. */
export function frequencyProblem(text: unknown): string | null {
  if (typeof text !== 'string') return EXPECTED;
  const calendar = parseCalendar(text);
  if (calendar !== null) {
    return nextElapse(calendar, EPOCH, 'UTC') === null ? `${EXPECTED}; there is no day or time like that` : null;
  }
  if (CRON.test(text)) return `${EXPECTED}; this is the form of cron, where 0 3 * * * is *-*-* 03:00 here`;
  const meant = /^\p{L}+$/u.test(text.trim()) ? nearest(text.trim(), SHORTHAND_NAMES) : null;
  if (meant !== null) return `${EXPECTED}; did you mean '${meant}'?`;
  return `${EXPECTED}; ${calendarProblem(text) ?? ''}`;
}
