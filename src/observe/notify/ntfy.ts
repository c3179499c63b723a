// ntfy: published as JSON to the root of the server, so that a title may hold any letter. https://docs.ntfy.sh/publish/

import type { DestinationOf } from '../../config/configuration.ts';
import { type Priority, rankOf } from '../../domain/notification.ts';
import type { HttpKind } from './http-channel.ts';
import { bearer, jsonRequest } from './json-request.ts';
import { shortenTo, shortenToBytes } from './shorten.ts';

/** From 4096 bytes on it becomes an attachment, which not every server takes. */
const MOST_BYTES = 4095;
const MOST_TITLE = 250;
const TAGS: Readonly<Record<Priority, string>> = {
  low: 'information_source',
  normal: 'white_check_mark',
  high: 'warning',
  urgent: 'rotating_light',
};

export const ntfy: HttpKind<DestinationOf<'ntfy'>> = {
  request({ url }, { token }, { message }) {
    const { title, body, priority } = message;
    const topic = new URL(url);
    const path = topic.pathname.replace(/\/+$/, '');
    const cut = path.lastIndexOf('/');
    topic.pathname = path.slice(0, cut + 1);
    return jsonRequest(
      topic.href,
      {
        topic: decodeURIComponent(path.slice(cut + 1)),
        title: shortenTo(title, MOST_TITLE),
        message: shortenToBytes(body, MOST_BYTES),
        priority: rankOf(priority) + 2, // of 1 to 5
        tags: [TAGS[priority]],
      },
      bearer(token),
    );
  },
};
