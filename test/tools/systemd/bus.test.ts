// A connection whose other end is ours: in which order what arrives is given out, who is heard, and how it ends.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createConnection, type DBusConnection, type Message } from 'dbus-native';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { type Bus, type Call, connectBus, DBUS } from '../../../src/tools/systemd/bus.ts';
import { ConnectionLost, refusalName } from '../../../src/tools/systemd/refusal.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const [RETURN, ERROR, SIGNAL] = [2, 3, 4] as const;

interface Ends {
  readonly bus: Bus;
  readonly peer: DBusConnection;
  /** Everything that is sent in it arrives together. */
  readonly answer: (how: (call: Message) => void) => void;
}

async function connected(use: (ends: Ends) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  const path = join(directory.path, 'socket');
  const peers: DBusConnection[] = [];
  const server = createServer((stream) => peers.push(createConnection({ stream, server: true, authMethods: ['EXTERNAL'] })));
  await once(server.listen(path), 'listening');
  await using bus = await connectBus(path, new AbortController().signal);
  const [peer] = peers;
  assert.ok(peer);
  peer.on('error', () => {});
  await use({ bus, peer, answer: (how) => peer.on('message', how) });
  peer.stream.destroy();
  server.close();
}

const call = <Answer>(read: (answer: unknown) => Answer): Call<Answer> => ({
  operation: 'try',
  subject: 'it',
  path: '/',
  interface: 'a.b',
  member: 'Call',
  read,
});
const say = (peer: DBusConnection, word: string, sender = 'systemd'): boolean =>
  peer.message({
    type: SIGNAL,
    serial: 9,
    path: '/',
    interface: 'a.b',
    member: 'Said',
    sender,
    signature: 's',
    body: [word],
  });
const reply = (peer: DBusConnection, { serial }: Message, word: string): boolean =>
  peer.message({ type: RETURN, serial: 8, replySerial: serial ?? 0, signature: 's', body: [word] });

test('an answer is read between what was said before it and after it, although all of it arrives together', async () => {
  await connected(async ({ bus, peer, answer }) => {
    const heard: unknown[] = [];
    bus.listener = ({ body }) => heard.push(body[0]);
    answer((message) => {
      say(peer, 'before');
      reply(peer, message, 'answer');
      say(peer, 'after');
    });
    await bus.call(call((word) => heard.push(word)));
    assert.deepEqual(heard, ['before', 'answer', 'after']);
  });
});

test('on a bus with others only the partner is heard, until a name has a new owner', async () => {
  await connected(async ({ bus, peer, answer }) => {
    const heard: unknown[] = [];
    bus.listener = ({ body }) => heard.push(body[0]);
    bus.hearOnly(':1.7');
    answer((message) => {
      for (const sender of [':1.8', ':1.7', DBUS]) say(peer, sender, sender);
      reply(peer, message, 'answer');
    });
    await bus.call(call(() => {}));
    assert.deepEqual(heard, [':1.7']);
    peer.message({
      type: SIGNAL,
      serial: 9,
      path: '/',
      interface: DBUS,
      member: 'NameOwnerChanged',
      sender: DBUS,
      signature: 's',
      body: ['systemd'],
    });
    await once(bus.lost, 'abort');
    assert.match(String(bus.lost.reason), /has left the bus/);
  });
});

test('a refusal has its name, and an answer that cannot be read is not understood', async () => {
  await connected(async ({ bus, peer, answer }) => {
    const errors = ['org.freedesktop.DBus.Error.AccessDenied', 'org.freedesktop.systemd1.NoSuchUnit', null];
    answer((message) => {
      const errorName = errors.shift();
      if (errorName)
        peer.message({ type: ERROR, serial: 8, replySerial: message.serial ?? 0, errorName, signature: 's', body: ['no'] });
      else reply(peer, message, 'answer');
    });
    const refused = async (): Promise<unknown> =>
      await bus
        .call(
          call(() => {
            throw new Error('no number');
          }),
        )
        .catch((error: unknown) => error);
    const [denied, gone, odd] = [await refused(), await refused(), await refused()];
    const codes = [denied, gone, odd].map((error) => error instanceof HoldfastError && `${error.code}: ${error.message}`);
    assert.deepEqual(codes, [
      'permission-denied: systemd refuses: no',
      'tool-failed: systemd refuses: no',
      'tool-output: systemd answers something unexpected: no number',
    ]);
    assert.equal(refusalName(gone), 'org.freedesktop.systemd1.NoSuchUnit');
    assert.equal(refusalName(odd), null);
  });
});

test('who waits for an answer when the connection ends is told, and so is who asks afterwards', async () => {
  await connected(async ({ bus, peer, answer }) => {
    answer(() => peer.stream.destroy());
    await assert.rejects(bus.call(call(() => {})), ConnectionLost);
    assert.ok(bus.lost.aborted);
    await assert.rejects(bus.call(call(() => {})), ConnectionLost);
  });
});

test('a word that cannot be understood ends the connection, and not Holdfast', async () => {
  await connected(async ({ bus, peer }) => {
    bus.listener = () => {
      throw new Error('what?');
    };
    say(peer, 'something');
    await once(bus.lost, 'abort');
    assert.match(String(bus.lost.reason), /what\?/);
  });
});
