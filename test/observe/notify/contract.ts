// What every channel does, whatever it speaks: it says that a message arrived only when that was said to it, ends when it is told
// to, follows no redirect to another place, believes no certificate that nobody signed, and gives no secret away.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Destination } from '../../../src/config/configuration.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { Message } from '../../../src/domain/notification.ts';
import { errorReport, HoldfastError } from '../../../src/lib/errors.ts';
import { DeliveryError, type Envelope } from '../../../src/observe/notify/channel.ts';
import { openChannel } from '../../../src/observe/notify/open-channel.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { openReceiver, type Received, selfSigned } from './receiver.ts';

export const AT = Date.UTC(2026, 0, 2, 3, 4, 5) as Instant; // a time is a number of milliseconds

export const message = (parts: Partial<Message> = {}): Message => ({
  kind: 'backup-failure',
  priority: 'high',
  host: 'forge',
  title: 'Failed: backup of sönarr to nas (forge)',
  body: 'The repository does not answer.\n\nTo do: <look> & mount @it *now*',
  items: [],
  at: AT,
  ping: null,
  ...parts,
});
export const envelope = (parts: Partial<Message> = {}): Envelope => ({ id: 'holdfast-1', message: message(parts), now: AT });

export const SECRET = 'tk_hunter2hunter2';

export interface HttpSubject {
  /** How it is configured for a server at `url`; `secret` writes a file and answers with its path. */
  readonly to: (url: string, secret: (name: string, content: string) => string) => Destination;
  /** What must arrive of `envelope()`. */
  readonly check: (received: Received) => void;
  /** How many characters, or bytes, of a huge message may arrive as the body of the request. */
  readonly most: number;
}

const never = new AbortController().signal;

async function failureOf(delivery: Promise<void>): Promise<DeliveryError> {
  const error: unknown = await delivery.then(
    () => assert.fail('it said that it was delivered'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DeliveryError, String(error));
  const told = JSON.stringify([errorReport(error), error.stack, String(error.cause)]);
  assert.ok(!told.includes(SECRET), `the secret is in ${told}`);
  assert.ok(error.message !== '' && error.hint !== undefined);
  return error;
}

export function httpContract(type: Destination['type'], { to, check, most }: HttpSubject): void {
  const open = (url: string, directory: string, more: Partial<Record<'caFile', string>> = {}) =>
    openChannel({
      name: 'phone',
      to: {
        ...to(url, (name, content) => {
          const file = join(directory, name);
          writeFileSync(file, `${content}\n`, { mode: 0o600 });
          return file;
        }),
        ...more,
      },
    });

  describe(`a channel of type ${type}`, () => {
    it('sends what its receiver expects', async () => {
      using directory = temporaryDirectory();
      await using server = await openReceiver();
      await open(server.url, directory.path).deliver(envelope(), never);
      assert.equal(server.received.length, 1);
      const [received] = server.received;
      assert.ok(received);
      check(received);
    });

    it('cuts a message that is too long for its receiver', async () => {
      using directory = temporaryDirectory();
      await using server = await openReceiver();
      const huge = { title: 'ö'.repeat(2000), body: '😀<&*"\\'.repeat(60_000) };
      await open(server.url, directory.path).deliver(envelope(huge), never);
      const size = server.received[0]?.body.length ?? 0;
      assert.ok(size > 0 && size <= most, `${size} of ${most}`);
    });

    it('ends at once when it is told to while its receiver hangs', async () => {
      using directory = temporaryDirectory();
      await using server = await openReceiver();
      server.answer = null;
      const stop = new AbortController();
      const delivery = open(server.url, directory.path).deliver(envelope(), stop.signal);
      await server.reached();
      const reason = new HoldfastError({ code: 'interrupted', operation: 'a', subject: 'b', message: 'stopped' });
      stop.abort(reason);
      await assert.rejects(delivery, reason);
    });

    it('takes 500 and 429 for trouble of the channel, and 413 for trouble of the message', async () => {
      using directory = temporaryDirectory();
      await using server = await openReceiver();
      const channel = open(server.url, directory.path);
      const answered = async (status: number, headers = {}): Promise<DeliveryError> => {
        server.answer = { status, headers, body: `no: ${SECRET}` };
        return await failureOf(channel.deliver(envelope(), never));
      };
      assert.equal((await answered(500)).scope, 'channel');
      assert.equal((await answered(429, { 'retry-after': '90' })).retryAfter, 90_000);
      assert.equal((await answered(413)).scope, 'message');
      assert.match((await answered(403)).message, /403/);
    });

    it('follows no redirect to another host, and says where it leads', async () => {
      using directory = temporaryDirectory();
      await using server = await openReceiver();
      await using other = await openReceiver();
      server.answer = { status: 307, headers: { location: `${other.url}/elsewhere` } };
      const failure = await failureOf(open(server.url, directory.path).deliver(envelope(), never));
      assert.match(failure.message, new RegExp(`redirects to another place \\(${other.url}\\)`));
      assert.deepEqual(other.received, []);
    });

    it('believes no certificate that nobody signed, unless it is named', async () => {
      using directory = temporaryDirectory();
      const certificate = selfSigned();
      await using server = await openReceiver(certificate);
      const failure = await failureOf(open(server.url, directory.path).deliver(envelope(), never));
      assert.match(failure.message, /certificate is signed by nobody but itself/);
      assert.match(failure.hint ?? '', /caFile/);
      assert.deepEqual(server.received, []);
      const caFile = join(directory.path, 'ca.pem');
      writeFileSync(caFile, certificate.cert);
      await open(server.url, directory.path, { caFile }).deliver(envelope(), never);
      assert.equal(server.received.length, 1);
    });

    it('says when the connection is refused', async () => {
      using directory = temporaryDirectory();
      const server = await openReceiver();
      await server[Symbol.asyncDispose]();
      const failure = await failureOf(open(server.url, directory.path).deliver(envelope(), never));
      assert.match(failure.message, /refused the connection/);
      assert.equal(failure.scope, 'channel');
    });
  });
}
