// Mail. A password is never sent over a connection that is not encrypted, and no certificate is believed that cannot be proven.

import { rootCertificates } from 'node:tls';
import type { DestinationOf } from '../../config/configuration.ts';
import { untilAborted } from '../../lib/abort.ts';
import { errnoOf } from '../../lib/errors.ts';
import { maskSecrets } from '../../process/mask.ts';
import { printable } from '../../config/printable.ts';
import { readSmallFile } from '../../tools/util-linux/read-file.ts';
import { type Channel, type Envelope, undelivered } from './channel.ts';
import { connectionTrouble } from './http.ts';
import { readSecrets } from './secrets.ts';

export const smtpChannel = (name: string, to: DestinationOf<'smtp'>): Channel => ({
  async deliver(envelope, signal) {
    const { createTransport } = await import('nodemailer');
    const { user } = await readSecrets(name, to, signal);
    const ca = to.caFile === undefined ? null : await readSmallFile(to.caFile, signal);
    const url = new URL(to.url);
    const secure = url.protocol === 'smtps:';
    const transport = createTransport({
      host: url.hostname.replaceAll(/^\[|\]$/g, ''),
      port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
      secure,
      requireTLS: user !== undefined,
      ...(user === undefined ? {} : { auth: credentials(user) }),
      ...(ca === null ? {} : { tls: { ca: [...rootCertificates, ca] } }),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    using _closed = { [Symbol.dispose]: () => transport.close() };
    try {
      await untilAborted(transport.sendMail(mailOf(to, envelope)), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw failure(name, url, error, user === undefined ? [] : [user, credentials(user).pass]);
    }
  },
});

/** A password may hold colons. */
function credentials(text: string): { user: string; pass: string } {
  const colon = text.indexOf(':');
  return colon === -1 ? { user: text, pass: '' } : { user: text.slice(0, colon), pass: text.slice(colon + 1) };
}

const mailOf = (to: DestinationOf<'smtp'>, { id, message }: Envelope) => ({
  from: to.from ?? `Holdfast <holdfast@${message.host}>`,
  to: [...to.to],
  subject: message.title.replaceAll(/\s+/g, ' '),
  text: `${message.body}\n`,
  date: new Date(message.at),
  messageId: `<${id}@${message.host}>`,
  headers: { 'Auto-Submitted': 'auto-generated', 'X-Holdfast-Event': message.kind },
  ...(message.priority === 'urgent' ? { priority: 'high' as const } : {}),
});

function failure(name: string, url: URL, error: unknown, secrets: readonly string[]): Error {
  const said = maskSecrets(printable(error instanceof Error ? error.message : String(error), 300), secrets);
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : null;
  switch (errnoOf(error)) {
    case 'EAUTH':
      return undelivered(
        name,
        `${url.host} does not take that user and password: ${said}`,
        'The file must hold user:password.',
        {
          code: 'permission-denied',
        },
      );
    case 'EENVELOPE':
    case 'EMESSAGE':
      // 4xx: it may take it later; 5xx: it refuses this mail
      return undelivered(name, `${url.host} refuses the mail: ${said}`, 'Are sender and receivers right?', {
        scope: status !== null && status >= 500 ? 'message' : 'channel',
      });
    default: {
      const [what, hint] = connectionTrouble(error instanceof Error && error.cause ? error.cause : error);
      const known = /^E[A-Z]+$/.test(what) ? said : what;
      return undelivered(name, `${url.host}: ${known}`, hint, {
        code: known.includes('certificate') ? 'refused' : 'failed',
      });
    }
  }
}
