// Times for people: this machine's own zone, to the minute.

import type { Instant } from './instant.ts';

/** `2026-03-01 12:00` */
export function localMinute(at: Instant): string {
  const date = new Date(at);
  const two = (value: number): string => value.toString().padStart(2, '0');
  const day = [date.getFullYear().toString().padStart(4, '0'), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
