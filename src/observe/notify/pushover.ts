// Pushover. https://pushover.net/api

import type { DestinationOf } from '../../config/configuration.ts';
import { rankOf } from '../../domain/notification.ts';
import type { HttpKind } from './http-channel.ts';
import { below } from './json-request.ts';
import { shortenTo } from './shorten.ts';

const MOST_MESSAGE = 1024;
const MOST_TITLE = 250;
/** Seconds: an emergency sounds again until somebody has seen it, but not all night. */
const EMERGENCY = { retry: '300', expire: '3600' } as const;

export const pushover: HttpKind<DestinationOf<'pushover'>> = {
  request({ url }, { token = '', userKey = '' }, { message }) {
    const { title, body, priority, at } = message;
    const form = new URLSearchParams({
      token,
      user: userKey,
      title: shortenTo(title, MOST_TITLE),
      message: shortenTo(body === '' ? title : body, MOST_MESSAGE),
      priority: String(rankOf(priority) - 1), // of -2 to 2
      timestamp: String(Math.floor(at / 1000)),
      ...(priority === 'urgent' ? EMERGENCY : {}),
    });
    return {
      method: 'POST',
      url: below(url ?? '', '1/messages.json'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    };
  },
};
