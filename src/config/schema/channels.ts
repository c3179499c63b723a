// Where messages go, as written: one section for each kind of channel. Secrets, and addresses that are secrets themselves, are in
// files that are named here, never here.

import { z } from 'zod';
import { EVENT_KINDS, PRIORITIES } from '../../domain/notification.ts';
import { parseQuietHours } from '../../domain/quiet-hours.ts';
import { absolutePath, argv, list, name, oneOf, optional, required, section, word } from './scalars.ts';

export const priority = oneOf(...PRIORITIES);
export const eventName = oneOf(...EVENT_KINDS);

const url = z.url({ protocol: /^https?$/, error: 'expected a URL that starts with https:// or http://' });
const quietHours = z
  .string({ error: 'expected a span such as 22:00-07:00' })
  .refine((text) => parseQuietHours(text) !== null, { error: 'expected a span such as 22:00-07:00' })
  .meta({ examples: ['22:00-07:00'] });

const common = {
  minPriority: optional(priority, 'Messages below this priority are not sent here.', 'low'),
  events: optional(list(eventName), 'Only these kinds of events; every one when not written.'),
  services: optional(list(word), 'Only what is about these services: names, or shell patterns.'),
  jobs: optional(list(word), 'Only what is about these jobs, as service@repository: names, or shell patterns.'),
  quietHours: optional(
    quietHours,
    'Messages that are not urgent wait until it is over, by the clock of this host: 22:00-07:00.',
  ),
};
const caFile = optional(
  absolutePath,
  'A file with the certificate (PEM) of the authority that signed that of the server, where it is not a public one.',
);
const urlFile = (what: string): z.ZodOptional<typeof absolutePath> => optional(absolutePath, `A file with ${what}.`);
const tokenFile = (what: string): typeof absolutePath => required(absolutePath, `A file with ${what}.`);

/** A service whose address is the secret. */
const hook = <const Type extends string>(type: Type, title: string) =>
  section({
    type: required(z.literal(type), title),
    urlFile: required(absolutePath, 'A file with the address of the incoming webhook: who knows it may post.'),
    caFile,
    ...common,
  });

const TYPES = [
  section({
    type: required(z.literal('ntfy'), 'A topic of an ntfy server.'),
    url: required(url, 'The topic.'),
    tokenFile: optional(absolutePath, 'A file with the access token.'),
    caFile,
    ...common,
  }),
  section({
    type: required(z.literal('healthchecks'), 'A check that expects a ping and complains when none comes.'),
    url: optional(url, 'The ping URL.'),
    urlFile: urlFile('the ping URL, instead of url'),
    caFile,
    ...common,
  }),
  section({
    type: required(z.literal('smtp'), 'Mail.'),
    url: required(
      z.url({ protocol: /^smtps?$/, error: 'expected a URL that starts with smtps:// or smtp://' }),
      'The mail server, without user and password. smtps:// is encrypted from the start; smtp:// as soon as the server can, and always where there is a password.',
    ),
    userFile: optional(absolutePath, 'A file with user:password.'),
    from: optional(word, 'The sender; holdfast@HOST when not written.'),
    to: required(list(word).min(1, { error: 'expected at least one address' }), 'The receivers.'),
    caFile,
    ...common,
  }),
  section({
    type: required(z.literal('webhook'), 'A JSON document, posted.'),
    url: optional(url, 'Where to.'),
    urlFile: urlFile('the address, instead of url'),
    tokenFile: optional(absolutePath, 'A file with the bearer token.'),
    secretFile: optional(
      absolutePath,
      'A file with the secret that each message is signed with (HMAC-SHA256, as Standard Webhooks describes).',
    ),
    caFile,
    ...common,
  }),
  hook('slack', 'A Slack channel.'),
  hook('discord', 'A Discord channel.'),
  hook('mattermost', 'A Mattermost channel.'),
  section({
    type: required(z.literal('matrix'), 'A Matrix room.'),
    url: required(url, 'The homeserver.'),
    room: required(word, 'The id of the room, such as !abc:example.com.'),
    tokenFile: tokenFile('the access token of the user that sends'),
    caFile,
    ...common,
  }),
  section({
    type: required(z.literal('telegram'), 'A Telegram chat.'),
    url: optional(url, 'A Bot API server of your own.', 'https://api.telegram.org'),
    chat: required(word, 'The id of the chat, or @name of a channel.'),
    tokenFile: tokenFile('the token of the bot'),
    caFile,
    ...common,
  }),
  section({
    type: required(z.literal('pushover'), 'Pushover.'),
    url: optional(url, 'The server.', 'https://api.pushover.net'),
    tokenFile: tokenFile('the token of the application'),
    userKeyFile: tokenFile('the key of the user or group'),
    caFile,
    ...common,
  }),
  section({
    type: required(z.literal('gotify'), 'A Gotify server.'),
    url: required(url, 'The server.'),
    tokenFile: tokenFile('the token of the application'),
    caFile,
    ...common,
  }),
  section({
    type: required(z.literal('command'), 'A program of yours.'),
    command: required(
      argv,
      'The program and its arguments. The text is on its standard input, and all else in variables HOLDFAST_... of its environment.',
    ),
    ...common,
  }),
] as const;

const names = TYPES.map(({ shape }) => shape.type.value);

export const channelSchema = z.discriminatedUnion('type', TYPES, {
  error: `expected a channel with type: ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`,
});

export const channelsSchema = z.record(name, channelSchema, { error: 'expected a map' });
