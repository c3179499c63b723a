// Against a real mail server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { errorReport } from '../../../src/lib/errors.ts';
import { DeliveryError } from '../../../src/observe/notify/channel.ts';
import { openChannel } from '../../../src/observe/notify/open-channel.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { envelope, message, SECRET } from './contract.ts';
import { selfSigned } from './receiver.ts';

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly encrypted: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const SINK = join(import.meta.dirname, 'smtp-sink.py');
const never = new AbortController().signal;
const TO = { from: 'backups@forge.example', to: ['ops@example.com', 'me@example.com'] };

async function openSink({ user = '-', cert = '-', key = '-', answer = '250 OK' } = {}) {
  const child = spawn('/usr/bin/python3', [SINK, user, cert, key, answer], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
  const { port } = (await next()) as { port: number }; // what it prints first
  return {
    port,
    mail: async () => (await next()) as Mail,
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

function encrypted(directory: string) {
  const { cert, key } = selfSigned();
  const [certFile, keyFile, userFile] = ['cert', 'key', 'user'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  writeFileSync(userFile, `backups:${SECRET}\n`, { mode: 0o600 });
  return { certFile, keyFile, userFile };
}

const failureOf = async (delivery: Promise<void>): Promise<DeliveryError> => {
  const error: unknown = await delivery.catch((reason: unknown) => reason);
  assert.ok(error instanceof DeliveryError, String(error));
  const told = JSON.stringify(errorReport(error)) + String(error.stack);
  assert.ok(!told.includes(SECRET), told);
  return error;
};

test('a mail arrives as it was meant, with a name by which it is known', async () => {
  await using sink = await openSink();
  const channel = openChannel({ name: 'mail', to: { type: 'smtp', url: `smtp://127.0.0.1:${sink.port}`, ...TO } });
  const [mail] = await Promise.all([sink.mail(), channel.deliver(envelope(), never)]);
  const { title, body } = message();
  assert.deepEqual([mail.from, mail.to], [TO.from, TO.to]);
  assert.equal(mail.headers['Subject'], title);
  assert.equal(mail.headers['Auto-Submitted'], 'auto-generated');
  assert.equal(mail.headers['Message-ID'], '<holdfast-1@forge>');
  assert.equal(mail.body.replaceAll('\r\n', '\n').trim(), body);
});

test('a password is given over an encrypted connection, to a server that is known', async () => {
  using directory = temporaryDirectory();
  const { certFile, keyFile, userFile } = encrypted(directory.path);
  await using sink = await openSink({ user: `backups:${SECRET}`, cert: certFile, key: keyFile });
  const to = { type: 'smtp' as const, url: `smtp://127.0.0.1:${sink.port}`, userFile, caFile: certFile, ...TO };
  const [mail] = await Promise.all([sink.mail(), openChannel({ name: 'mail', to }).deliver(envelope(), never)]);
  assert.equal(mail.encrypted, true);
});

test('a server with a certificate that nobody signed gets nothing', async () => {
  using directory = temporaryDirectory();
  const { certFile, keyFile, userFile } = encrypted(directory.path);
  await using sink = await openSink({ user: `backups:${SECRET}`, cert: certFile, key: keyFile });
  const to = { type: 'smtp' as const, url: `smtp://127.0.0.1:${sink.port}`, userFile, ...TO };
  const failure = await failureOf(openChannel({ name: 'mail', to }).deliver(envelope(), never));
  assert.match(failure.message, /certificate is signed by nobody but itself/);
});

test('a password is never given over a connection that is not encrypted', async () => {
  using directory = temporaryDirectory();
  const { userFile } = encrypted(directory.path);
  await using sink = await openSink();
  const to = { type: 'smtp' as const, url: `smtp://127.0.0.1:${sink.port}`, userFile, ...TO };
  const failure = await failureOf(openChannel({ name: 'mail', to }).deliver(envelope(), never));
  assert.match(failure.message, /STARTTLS|TLS/);
});

test('a wrong password is told without it', async () => {
  using directory = temporaryDirectory();
  const { certFile, keyFile, userFile } = encrypted(directory.path);
  await using sink = await openSink({ user: 'backups:another', cert: certFile, key: keyFile });
  const to = { type: 'smtp' as const, url: `smtp://127.0.0.1:${sink.port}`, userFile, caFile: certFile, ...TO };
  const failure = await failureOf(openChannel({ name: 'mail', to }).deliver(envelope(), never));
  assert.equal(failure.code, 'permission-denied');
  assert.match(failure.message, /does not take that user and password/);
});

test('a mail that is refused for good does not hold up others, one that is deferred does', async () => {
  const scopeOf = async (answer: string): Promise<string> => {
    await using sink = await openSink({ answer });
    const to = { type: 'smtp' as const, url: `smtp://127.0.0.1:${sink.port}`, ...TO };
    return (await failureOf(openChannel({ name: 'mail', to }).deliver(envelope(), never))).scope;
  };
  assert.equal(await scopeOf('554 we do not like it'), 'message');
  assert.equal(await scopeOf('451 later'), 'channel');
});

test('a mail server that says nothing is left when time is up', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  const stop = new AbortController();
  const channel = openChannel({ name: 'mail', to: { type: 'smtp', url: `smtp://127.0.0.1:${port}`, ...TO } });
  const delivery = channel.deliver(envelope(), stop.signal);
  const [socket] = (await once(server, 'connection')) as [{ destroy(): void }];
  const reason = new Error('time is up');
  stop.abort(reason);
  await assert.rejects(delivery, reason);
  socket.destroy();
  server.close();
});
