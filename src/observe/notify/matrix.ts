// Matrix: an event in a room, under a transaction id, so that the same message sent twice is there once.
// https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid

import type { DestinationOf } from '../../config/configuration.ts';
import { escapeHtml } from '../../lib/page/html.ts';
import type { HttpKind } from './http-channel.ts';
import { bearer, below, jsonRequest } from './json-request.ts';
import { shortenToBytes } from './shorten.ts';

/** An event has at most 65,536 bytes, and holds the text twice. */
const MOST_BYTES = 16_000;

export const matrix: HttpKind<DestinationOf<'matrix'>> = {
  request({ url, room }, { token }, { id, message }) {
    const { title } = message;
    const body = shortenToBytes(message.body, MOST_BYTES);
    const html = escapeHtml(body).replaceAll('\n', '<br>');
    const path = `_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${encodeURIComponent(id)}`;
    return jsonRequest(
      below(url, path),
      {
        msgtype: 'm.text',
        body: `${title}\n${body}`,
        format: 'org.matrix.custom.html',
        formatted_body: `<strong>${escapeHtml(title)}</strong><br>${html}`,
        'm.mentions': {},
      },
      bearer(token),
      'PUT',
    );
  },
};
