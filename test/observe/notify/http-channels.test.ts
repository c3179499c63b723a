import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { ulid } from 'ulid';
import { healthchecks, uuidOf } from '../../../src/observe/notify/healthchecks.ts';
import { AT, envelope, httpContract, message, SECRET } from './contract.ts';
import type { Received } from './receiver.ts';

const json = ({ body, headers }: Received): Record<string, unknown> => {
  assert.match(headers['content-type'] ?? '', /^application\/json/);
  return JSON.parse(body) as Record<string, unknown>; // each of these sends a map
};
const { title, body } = message();

httpContract('ntfy', {
  to: (url, secret) => ({ type: 'ntfy', url: `${url}/base/backups`, tokenFile: secret('token', SECRET) }),
  most: 6000,
  check(received) {
    assert.deepEqual([received.method, received.path], ['POST', '/base/']);
    assert.equal(received.headers.authorization, `Bearer ${SECRET}`);
    assert.deepEqual(json(received), { topic: 'backups', title, message: body, priority: 4, tags: ['warning'] });
  },
});

httpContract('webhook', {
  to: (url, secret) => ({ type: 'webhook', url: `${url}/in?a=1`, secretFile: secret('secret', SECRET) }),
  most: 10_000_000,
  check(received) {
    assert.deepEqual([received.method, received.path], ['POST', '/in?a=1']);
    const seconds = String(Math.floor(AT / 1000));
    const signature = createHmac('sha256', SECRET).update(`holdfast-1.${seconds}.${received.body}`).digest('base64');
    assert.equal(received.headers['webhook-id'], 'holdfast-1');
    assert.equal(received.headers['webhook-timestamp'], seconds);
    assert.equal(received.headers['webhook-signature'], `v1,${signature}`);
    const { type, host, priority, at } = json(received);
    assert.deepEqual([type, host, priority, at], ['backup-failure', 'forge', 'high', '2026-01-02T03:04:05.000Z']);
  },
});

httpContract('slack', {
  to: (url, secret) => ({ type: 'slack', urlFile: secret('url', `${url}/services/${SECRET}`) }),
  most: 100_000,
  check(received) {
    assert.deepEqual([received.method, received.path], ['POST', `/services/${SECRET}`]);
    assert.equal(
      json(received)['text'],
      `*${title}*\nThe repository does not answer.\n\nTo do: &lt;look&gt; &amp; mount @it *now*`,
    );
  },
});

httpContract('discord', {
  to: (url, secret) => ({ type: 'discord', urlFile: secret('url', `${url}/api/webhooks/1/${SECRET}`) }),
  most: 20_000,
  check(received) {
    const { embeds, allowed_mentions: mentions } = json(received);
    assert.deepEqual(mentions, { parse: [] });
    const description = 'The repository does not answer.\n\nTo do: <look> & mount @it \\*now\\*';
    assert.deepEqual(embeds, [{ title, description, color: 0xef6c00 }]);
  },
});

httpContract('mattermost', {
  to: (url, secret) => ({ type: 'mattermost', urlFile: secret('url', `${url}/hooks/${SECRET}`) }),
  most: 100_000,
  check(received) {
    assert.equal(received.path, `/hooks/${SECRET}`);
    assert.match(String(json(received)['text']), /^\*\*Failed: backup of sönarr to nas \(forge\)\*\*\n\n.*@\u200Bit/s);
  },
});

httpContract('matrix', {
  to: (url, secret) => ({ type: 'matrix', url, room: '!abc:example.com', tokenFile: secret('token', SECRET) }),
  most: 65_536,
  check(received) {
    const room = encodeURIComponent('!abc:example.com');
    assert.equal(received.method, 'PUT');
    assert.equal(received.path, `/_matrix/client/v3/rooms/${room}/send/m.room.message/holdfast-1`);
    assert.equal(received.headers.authorization, `Bearer ${SECRET}`);
    const event = json(received);
    assert.deepEqual([event['msgtype'], event['body']], ['m.text', `${title}\n${body}`]);
    assert.match(String(event['formatted_body']), /<strong>.*<\/strong><br>.*&lt;look&gt; &amp; mount/);
  },
});

httpContract('telegram', {
  to: (url, secret) => ({ type: 'telegram', url, chat: '-100123', tokenFile: secret('token', `99:${SECRET}`) }),
  most: 20_000,
  check(received) {
    assert.deepEqual([received.method, received.path], ['POST', `/bot99:${SECRET}/sendMessage`]);
    const { chat_id: chat, text, disable_notification: silent } = json(received);
    assert.deepEqual([chat, text, silent], ['-100123', `${title}\n\n${body}`, false]);
  },
});

httpContract('pushover', {
  to: (url, secret) => ({
    type: 'pushover',
    url,
    tokenFile: secret('token', SECRET),
    userKeyFile: secret('user', 'u_hunter3'),
  }),
  most: 20_000,
  check(received) {
    assert.deepEqual([received.method, received.path], ['POST', '/1/messages.json']);
    const form = Object.fromEntries(new URLSearchParams(received.body));
    const timestamp = String(Math.floor(AT / 1000));
    assert.deepEqual(form, { token: SECRET, user: 'u_hunter3', title, message: body, priority: '1', timestamp });
  },
});

httpContract('gotify', {
  to: (url, secret) => ({ type: 'gotify', url: `${url}/gotify/`, tokenFile: secret('token', SECRET) }),
  most: 100_000,
  check(received) {
    assert.deepEqual([received.method, received.path], ['POST', '/gotify/message']);
    assert.equal(received.headers['x-gotify-key'], SECRET);
    assert.deepEqual(json(received), { title, message: body, priority: 7 });
  },
});

httpContract('healthchecks', {
  to: (url, secret) => ({ type: 'healthchecks', urlFile: secret('url', `${url}/ping/${SECRET}`) }),
  most: 100_000,
  check(received) {
    assert.deepEqual([received.method, received.path], ['POST', `/ping/${SECRET}/log`]);
    assert.equal(received.body, `${title}\n${body}\n`);
  },
});

test('a ping names its run by a UUID, and says whether it began, ended well or failed', () => {
  const runId = ulid(AT);
  const pathOf = (state: 'start' | 'success' | 'fail'): string => {
    const { url } = healthchecks.request(
      { type: 'healthchecks', url: 'https://hc.example/ping/x/' },
      {},
      envelope({ kind: 'ping', ping: { state, runId } }),
    );
    return url;
  };
  assert.equal(pathOf('start'), `https://hc.example/ping/x/start?rid=${uuidOf(runId)}`);
  assert.equal(pathOf('success'), `https://hc.example/ping/x?rid=${uuidOf(runId)}`);
  assert.equal(pathOf('fail'), `https://hc.example/ping/x/fail?rid=${uuidOf(runId)}`);
  assert.match(uuidOf(runId), /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
});

test('of a log that is too long its end is sent', () => {
  const { body: sent } = healthchecks.request(
    { type: 'healthchecks', url: 'https://hc.example/ping/x' },
    {},
    envelope({ body: `${'x'.repeat(200_000)} the end` }),
  );
  assert.equal(Buffer.byteLength(sent), 100_000);
  assert.match(sent, / the end\n$/);
});
