// Which snapshots stay, as it is written.

import { count, durationText, list, optional, section, word } from './scalars.ts';

export const retentionSchema = section({
  last: optional(count(0), 'Keep the newest so many snapshots.'),
  hourly: optional(count(0), 'Keep the newest snapshot of each of so many hours.'),
  daily: optional(count(0), 'Keep the newest snapshot of each of so many days.'),
  weekly: optional(count(0), 'Keep the newest snapshot of each of so many weeks.'),
  monthly: optional(count(0), 'Keep the newest snapshot of each of so many months.'),
  yearly: optional(count(0), 'Keep the newest snapshot of each of so many years.'),
  within: optional(durationText, 'Keep everything that is at most so much older than the newest snapshot.'),
  tags: optional(list(word), 'Keep every snapshot that carries one of these tags.'),
}).refine(
  (policy) =>
    Object.entries(policy).some(([key, value]) =>
      key === 'within' ? true : Array.isArray(value) ? value.length > 0 : Number(value) > 0,
    ),
  { error: 'this retention keeps nothing: at least one rule must keep something' },
);
