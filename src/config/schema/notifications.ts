// Notification channels and templates as written. A placeholder that nobody fills must not reach a phone: it is an error.

import { z } from 'zod';
import { nearest } from '../nearest.ts';
import { absolutePath, flag, list, name, oneOf, optional, required, section, word } from './scalars.ts';

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

const priority = oneOf('low', 'normal', 'high', 'urgent');
const url = z.url({ protocol: /^https?$/, error: 'expected a URL that starts with https:// or http://' });
const minPriority = optional(priority, 'Messages below this priority are not sent here.', 'low');

const channel = z.discriminatedUnion(
  'type',
  [
    section({
      type: required(z.literal('ntfy'), 'A topic of an ntfy server.'),
      url: required(url, 'The topic.'),
      tokenFile: optional(absolutePath, 'A file with the access token.'),
      minPriority,
    }),
    section({
      type: required(z.literal('healthchecks'), 'A check that expects a ping and complains when none comes.'),
      url: required(url, 'The ping URL.'),
      minPriority,
    }),
    section({
      type: required(z.literal('smtp'), 'Mail.'),
      url: required(
        z.url({ protocol: /^smtps?$/, error: 'expected a URL that starts with smtps:// or smtp://' }),
        'The mail server, without user and password.',
      ),
      userFile: optional(absolutePath, 'A file with user:password.'),
      from: optional(word, 'The sender.'),
      to: required(list(word).min(1, { error: 'expected at least one address' }), 'The receivers.'),
      minPriority,
    }),
    section({
      type: required(z.literal('webhook'), 'A JSON document, posted.'),
      url: required(url, 'Where to.'),
      tokenFile: optional(absolutePath, 'A file with the bearer token.'),
      minPriority,
    }),
  ],
  { error: 'expected a channel with type: ntfy, healthchecks, smtp or webhook' },
);

const message = section({
  enable: optional(flag, 'False: this kind of event is not told.', true),
  priority: optional(priority, 'How urgent it is.'),
  title: optional(template, 'The title; ${...} placeholders are filled.'),
  body: optional(template, 'The text; ${...} placeholders are filled.'),
});

export const notificationsSchema = section({
  channels: optional(z.record(name, channel, { error: 'expected a map' }), 'Where messages go.'),
  templates: optional(
    z.record(name, message, { error: 'expected a map' }),
    'How an event is told, by the name of the event.',
  ),
});
