// A JSON document for programs, signed as Standard Webhooks describes (webhook-id, webhook-timestamp, webhook-signature: HMAC-
// SHA256 over all three parts), so that a receiver can tell who sent it, when, and whether it has it already.

import { createHmac } from 'node:crypto';
import type { DestinationOf } from '../../config/configuration.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { Envelope } from './channel.ts';
import type { HttpKind } from './http-channel.ts';
import { bearer, jsonRequest } from './json-request.ts';

export const webhook: HttpKind<DestinationOf<'webhook'>> = {
  request(to, { url, token, secret }, envelope) {
    const { id, now } = envelope;
    const document = payloadOf(envelope);
    const seconds = String(Math.floor(now / 1000));
    const signed = `${id}.${seconds}.${JSON.stringify(document)}`;
    const signature = secret === undefined ? {} : { 'webhook-signature': `v1,${hmac(secret, signed)}` };
    const headers = { ...bearer(token), 'webhook-id': id, 'webhook-timestamp': seconds, ...signature };
    return jsonRequest(url ?? to.url ?? '', document, headers);
  },
};

const payloadOf = ({ id, message }: Envelope) => {
  const { kind, priority, host, title, body, at, items } = message;
  return {
    schemaVersion: 1,
    type: kind,
    id,
    host,
    at: formatInstant(at),
    priority,
    title,
    body,
    items: items.map((item) => ({
      ...item,
      at: formatInstant(item.at),
      startedAt: item.startedAt === null ? null : formatInstant(item.startedAt),
    })),
  };
};

const PREFIX = 'whsec_';

/** A secret that begins with whsec_ is Base64 after it, as the standard has it; any other is taken as it is. */
const hmac = (secret: string, text: string): string =>
  createHmac('sha256', secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : secret)
    .update(text)
    .digest('base64');
