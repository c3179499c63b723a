// Gotify. https://gotify.net/docs/pushmsg

import type { DestinationOf } from '../../config/configuration.ts';
import type { HttpKind } from './http-channel.ts';
import { below, jsonRequest } from './json-request.ts';
import { shortenTo } from './shorten.ts';

const PRIORITY = { low: 1, normal: 4, high: 7, urgent: 10 } as const; // from 4 on with a sound, from 8 on as an alert
const MOST_CHARACTERS = 16_000;

export const gotify: HttpKind<DestinationOf<'gotify'>> = {
  request: ({ url }, { token = '' }, { message: { title, body, priority } }) =>
    jsonRequest(
      below(url, 'message'),
      { title, message: shortenTo(body, MOST_CHARACTERS), priority: PRIORITY[priority] },
      { 'x-gotify-key': token },
    ),
};
