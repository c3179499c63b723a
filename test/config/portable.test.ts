import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Configuration } from '../../src/config/configuration.ts';
import { accepted, BASE, warningsOf } from './support/files.ts';

/** What it means, without where it was written. */
const meaning = ({ files: _, warnings: __, portable: ___, ...rest }: Configuration): unknown => rest;

const FORGE = readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/forge.yaml'), 'utf8');

test('read again it means the same, with the files of services.d merged, and it stays as it is', async () => {
  const dropIns = { 'more.yaml': 'services:\n  more:\n    backup: {paths: [/more]}\n' };
  for (const text of [FORGE, `${BASE}services:\n  app:\n    backup: {paths: [/app]}\n`]) {
    const first = await accepted(text, dropIns);
    const second = await accepted(first.portable);
    assert.deepEqual(meaning(second), meaning(first));
    assert.ok(second.services.has('more'));
    assert.equal(second.portable, first.portable);
  }
});

test('a section with nothing in it says something, and is there when it is read again', async () => {
  const first = await accepted(`${BASE}services:
  app:
    backup: {paths: [/app]}
    recover: {}
  last:
    backup: {paths: [/last]}
    recover: {}
`);
  const second = await accepted(first.portable);
  assert.deepEqual(meaning(second), meaning(first));
  assert.equal(second.services.get('app')?.recover.beforeStart, true);
});

test('what Debian calls the unit of every server is kept as the unit of this one', async () => {
  const server = '{engine: pgbackrest, dataDir: /var/lib/postgresql/17/main, stanza: main, repositories: [{path: /pg}]}';
  const first = await accepted(`${BASE}services: {db: {unit: postgresql.service, postgres: ${server}, recover: {}}}\n`);
  assert.match(first.portable, /unit: postgresql@17-main\.service/);
  assert.equal((await accepted(first.portable)).services.get('db')?.unit, 'postgresql@17-main.service');
});

test('whatever is written, it can be read again and means the same', async () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,8}$/);
  const path = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `${text.replaceAll(/[\0/]/g, '')}x`);
  const text = fc.string({ minLength: 1, maxLength: 12 });
  const pattern = text.map((each) => `not/${each}`);
  const tag = text.filter((each) => !each.includes(',') && !each.startsWith('holdfast:'));
  const backup = fc.record(
    {
      paths: fc.uniqueArray(path, { minLength: 1, maxLength: 3 }),
      exclude: fc.array(pattern, { maxLength: 2 }),
      tags: fc.array(tag, { maxLength: 3 }),
      frequency: fc.constantFrom('hourly', 'daily', '*-*-* 03:00'),
      retention: fc.record({ daily: fc.integer({ min: 1, max: 9 }) }),
      hooks: fc.record({ before: fc.array(fc.array(text, { minLength: 1, maxLength: 3 }), { maxLength: 2 }) }),
      repositories: fc.subarray(['nas', 'away'], { minLength: 1 }),
    },
    { requiredKeys: ['paths'] },
  );
  const services = fc.dictionary(name, fc.record({ backup }), { minKeys: 1, maxKeys: 3, noNullPrototype: true });
  const defaults = fc.record(
    {
      exclude: fc.array(pattern, { maxLength: 2 }),
      timeout: fc.constantFrom('5m', '2h'),
      protection: fc.record({ class: fc.constantFrom('critical', 'standard') }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(name, services, defaults, async (host, each, common) => {
      const written = Object.fromEntries(
        Object.entries(each).map(([own, { backup: its }]) => [
          own,
          { backup: { ...its, paths: its.paths.map((inside) => `/srv/${own}/${inside}`) } },
        ]),
      );
      const head = {
        version: 1,
        host,
        repositories: {
          nas: { url: '/mnt/nas', passwordFile: '/pw' },
          away: { url: '/mnt/away', passwordFile: '/pw', primary: true },
        },
      };
      const first = await accepted(JSON.stringify({ ...head, defaults: common, services: written }));
      const second = await accepted(first.portable);
      // words in commands that look like a secret are masked: that is another test's
      if (!first.portable.includes('***')) assert.deepEqual(meaning(second), meaning(first));
      assert.equal(second.portable, first.portable);
    }),
    { numRuns: 60 },
  );
});

const SECRETS = `version: 1
host: forge
repositories:
  web: {url: 'rest:https://me:hunter2@example.org/x', passwordFile: /srv/token=kept/pw}
  cloud: {url: 's3:https://host/bucket', passwordCommand: [pass, --password=hunter3, show]}
services:
  app:
    backup:
      paths: [/srv/token=kept]
      hooks:
        before:
          - [curl, -H, 'Authorization: Bearer hunter4', 'https://host/?a=1&token=hunter5&b=2']
          - {command: [mysqldump, --password, hunter6, --password-file=/etc/kept]}
notifications:
  channels:
    phone: {type: ntfy, url: 'https://me:hunter7@ntfy.example/topic'}
`;

test('secrets that were written all the same are masked, and it is said where; it is accepted as it stands', async () => {
  const { portable } = await accepted(SECRETS);
  assert.doesNotMatch(portable, /hunter/);
  for (const where of [
    'repositories.web.url',
    'repositories.cloud.passwordCommand',
    'services.app.backup.hooks',
    'notifications.channels.phone.url',
  ])
    assert.match(portable, new RegExp(`^# ${where.replaceAll('.', '\\.')}: \\*\\*\\* stands for a secret`, 'm'));
  assert.match(portable, /&b=2/);
  assert.equal((await accepted(portable)).host, 'forge');
  assert.deepEqual(await warningsOf(portable), []);
});

test('nothing is taken for a secret in a path', async () => {
  const { services, repositories } = await accepted((await accepted(SECRETS)).portable);
  assert.deepEqual(services.get('app')?.backup?.paths, ['/srv/token=kept']);
  assert.deepEqual(repositories.get('web')?.password, { kind: 'file', path: '/srv/token=kept/pw' });
  assert.ok(services.get('app')?.backup?.hooks.before.some(({ argv }) => argv.includes('--password-file=/etc/kept')));
});
