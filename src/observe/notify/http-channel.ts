// What all channels over HTTP have in common: secrets are read, one request is sent, and the status is judged. What a kind of
// channel is is a pure function from a message to that request, and sometimes one that reads the answer.

import type { Destination } from '../../config/configuration.ts';
import { maskSecrets } from '../../process/mask.ts';
import { printable } from '../../config/printable.ts';
import { readSmallFile } from '../../tools/util-linux/read-file.ts';
import { type Channel, type Envelope, undelivered } from './channel.ts';
import { type HttpAnswer, type HttpRequest, send } from './http.ts';
import { partsOf, readSecrets, type Secrets } from './secrets.ts';

export interface HttpKind<To extends Destination> {
  request(to: To, secrets: Secrets, envelope: Envelope): HttpRequest;
  /** Why an answer that says 2xx is none, or a better reason than the status; null: there is nothing to add. */
  complaint?(answer: HttpAnswer): string | null;
}

const QUOTED = 200;

export const httpChannel = <To extends Destination>(name: string, to: To, kind: HttpKind<To>): Channel => ({
  async deliver(envelope, signal) {
    const secrets = await readSecrets(name, to, signal);
    const caFile = 'caFile' in to ? to.caFile : undefined;
    const ca = caFile === undefined ? null : await readSmallFile(caFile, signal);
    const answer = await send(kind.request(to, secrets, envelope), { channel: name, signal, ca });
    const complaint = kind.complaint?.(answer) ?? null;
    if (answer.status >= 200 && answer.status < 300 && complaint === null) return;
    const said = complaint ?? answer.text.trim().split('\n')[0] ?? '';
    throw judged(name, answer, maskSecrets(printable(said.slice(0, QUOTED)), Object.values(secrets).flatMap(partsOf)));
  },
});

/** The statuses that say something of the address or the token; other 4xx are about the message. */
const ABOUT_US: Readonly<Record<number, string>> = {
  401: 'Is the token right, and not expired?',
  403: 'May that token write there?',
  404: 'Is the address right?',
  405: 'Is the address right?',
  407: 'A proxy wants to know who that is.',
  410: 'It is gone for good: is there a new address?',
};
const BUSY: ReadonlySet<number> = new Set([408, 425, 429]);

function judged(name: string, { status, retryAfter }: HttpAnswer, said: string): Error {
  const message = `it answered ${status}${said === '' ? '' : `: ${said}`}`;
  const hint = ABOUT_US[status];
  if (hint !== undefined) return undelivered(name, message, hint, { code: 'permission-denied' });
  if (BUSY.has(status)) return undelivered(name, message, 'It asks for patience: it will be tried again.', { retryAfter });
  if (status >= 400 && status < 500)
    return undelivered(name, message, 'It refuses this message; others may pass.', { scope: 'message' });
  return undelivered(name, message, 'Look into the log of the server; it will be tried again.', { retryAfter });
}
