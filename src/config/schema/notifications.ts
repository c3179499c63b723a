// Notifications as written. A placeholder that nobody fills must not reach a phone, and a template for an event that does not
// exist must not be mistaken for one that is told: both are errors.

import { z } from 'zod';
import { EVENT_KINDS } from '../../domain/notification.ts';
import { parseTimeOfDay } from '../../domain/quiet-hours.ts';
import { nearest } from '../nearest.ts';
import { channelsSchema, priority } from './channels.ts';
import { flag, oneOf, optional, required, section } from './scalars.ts';

/** What a template may mention, as `${name}`. */
export const PLACEHOLDERS = [
  'serviceName',
  'repository',
  'host',
  'unit',
  'dataset',
  'operation',
  'outcome',
  'title',
  'errorMessage',
  'hint',
  'runId',
  'startedAt',
  'duration',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

const template = z.string({ error: 'expected text' }).superRefine((value, context) => {
  for (const [, placeholder = ''] of value.matchAll(/\$\{([^}]*)\}?/g)) {
    if (PLACEHOLDERS.some((known) => known === placeholder)) continue;
    const near = nearest(placeholder, PLACEHOLDERS);
    context.addIssue({
      code: 'custom',
      message: `unknown placeholder \${${placeholder}}${near ? `; did you mean \${${near}}?` : `; known: ${PLACEHOLDERS.join(', ')}`}`,
    });
  }
});

const message = section({
  enable: optional(flag, 'False: this kind of event is not told.', true),
  priority: optional(priority, 'How urgent it is.'),
  title: optional(template, 'The title; ${...} placeholders are filled.'),
  body: optional(template, 'The text; ${...} placeholders are filled.'),
});

const timeOfDay = z
  .string({ error: 'expected a time of day such as 08:00' })
  .refine((text) => parseTimeOfDay(text) !== null, { error: 'expected a time of day such as 08:00' })
  .meta({ examples: ['08:00'] });

export const notificationsSchema = section({
  channels: optional(channelsSchema, 'Where messages go.'),
  templates: optional(
    section(
      Object.fromEntries(EVENT_KINDS.map((kind) => [kind, optional(message, `How ${kind} is told.`)])) as Record<
        (typeof EVENT_KINDS)[number],
        z.ZodOptional<typeof message>
      >, // every kind is a key
      'expected a map',
    ),
    'How an event is told, by the name of the event.',
  ),
  summary: optional(
    section({
      schedule: required(oneOf('daily', 'weekly'), 'Every day, or every Monday.'),
      at: optional(timeOfDay, 'When, by the clock of this host.', '08:00'),
    }),
    'A message that says how things stand, also when all is well; none when not written.',
  ),
});
