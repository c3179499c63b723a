import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENT_KINDS } from '../../src/domain/notification.ts';
import { accepted, assertSays, BASE, errorsOf, warningsOf } from './support/files.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/guide/notifications.md'), 'utf8');
const HOST = `${BASE}services: {photos: {backup: {paths: [/srv/photos]}}}\n`;
const channel = (text: string): string => `${HOST}notifications: {channels: {x: ${text}}}\n`;

test('every configuration in the guide is accepted as it stands', async () => {
  const blocks = [...GUIDE.matchAll(/^( *)```yaml\n(.*?)^ *```/gms)].map(([, indent = '', text = '']) =>
    text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
  assert.ok(blocks.length >= 4);
  for (const block of blocks) assert.deepEqual(await errorsOf(HOST + block), [], block);
});

test('the guide tells every event', () => {
  for (const kind of EVENT_KINDS) assert.ok(GUIDE.includes(`| \`${kind}\` |`), kind);
});

test('what is built in is filled in, and what is written wins', async () => {
  const { notifications } = await accepted(
    `${HOST}notifications: {summary: {schedule: daily}, channels: {t: {type: telegram, chat: '1', tokenFile: /t, quietHours: '22:00-07:00'}}}\n`,
  );
  assert.deepEqual(notifications.summary, { schedule: 'daily', at: 480 });
  assert.deepEqual(notifications.channels, [
    {
      name: 't',
      minPriority: 'low',
      events: null,
      services: [],
      jobs: [],
      quietHours: { from: 1320, to: 420 },
      to: { type: 'telegram', url: 'https://api.telegram.org', chat: '1', tokenFile: '/t' },
    },
  ]);
});

test('channels that could not work are refused', async () => {
  assertSays(await errorsOf(channel("{type: ntfy, url: 'https://ntfy.example'}")), [
    'has no topic: expected https://SERVER/TOPIC',
  ]);
  assertSays(await errorsOf(channel('{type: webhook}')), [
    'has no address: write url, or urlFile where the address is a secret',
  ]);
  assertSays(await errorsOf(channel("{type: webhook, url: 'https://x', urlFile: /x}")), [
    'url and urlFile exclude each other',
  ]);
  assertSays(await errorsOf(channel("{type: ntfy, url: 'https://x/y', services: [photo]}")), [
    "'photo' is no service here; did you mean 'photos'?",
  ]);
  assertSays(await errorsOf(channel("{type: ntfy, url: 'https://x/y', jobs: [photos@tape]}")), [
    "'photos@tape' is no job here",
  ]);
});

test('a secret in an address is warned about', async () => {
  assertSays(await warningsOf(channel("{type: ntfy, url: 'https://me:hunter2@x/y'}")), [
    'holds a secret: put it into a file',
  ]);
});

test('what nobody would be told of is warned about', async () => {
  const ntfy = (filter: string): string => `a: {type: ntfy, url: 'https://x/y', ${filter}}`;
  const warned = async (channels: string, more = ''): Promise<string[]> =>
    await warningsOf(`${HOST}notifications: {channels: {${channels}}${more}}\n`);
  assertSays(await warned(ntfy('events: [summary]')), [
    'nobody would be told of backup-failure, partial, stale, verify-failure, drill-failure: no channel takes that',
  ]);
  assertSays(await warned(ntfy('minPriority: urgent')), ['nobody would be told of backup-failure, partial']);
  assertSays(await warned(ntfy('services: [photos]')), ['nobody would be told of verify-failure: no channel takes that']);
  assert.deepEqual(await warned(ntfy('minPriority: high')), []);
  const off = ', templates: {verify-failure: {enable: false}}';
  assert.deepEqual(await warned(ntfy('services: [photos]'), off), []);
  const check = "b: {type: healthchecks, url: 'https://hc.example/ping/x'}";
  const rest = ntfy('events: [verify-failure, drill-failure]');
  assert.deepEqual(await warned(`${rest}, ${check}`), [], 'a check hears of backups by its pings');
  assertSays(await warned(rest), ['nobody would be told of backup-failure, partial, stale: no channel takes that']);
});
