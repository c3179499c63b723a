// What a recovery kit says about services, snapshots and secrets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kitOf } from '../../../src/engine/recovery-kit/kit-of.ts';
import { kitPage } from '../../../src/engine/recovery-kit/kit-page.ts';
import { renderPages } from '../../../src/engine/recovery-kit/plan-recovery-kit.ts';
import { postgres } from '../support/host.ts';
import { commandsOfPage } from '../../support/recovery-page.ts';
import { config, id, NOW, observation, repository, service, snapshot } from './support.ts';

const near = repository('near');
const job = (name: string): string[] => [`holdfast:job=${name}`, 'more'];

test('critical services come first, then standard ones, and of a class those that are owed sooner', () => {
  const services = [
    service('slow', {}, { rtoHours: 8 }),
    service('other', {}, { class: 'archive', rtoHours: 1 }),
    service('b', {}, { rtoHours: 4 }),
    service('a', {}, { rtoHours: 4 }),
    service('whenever', {}),
    service('vault', {}, { class: 'critical', rtoHours: 6 }),
    service('mail', {}, { class: 'critical', rtoHours: 2 }),
  ];
  const kit = kitOf(config([near], services), near, observation(), NOW);
  assert.deepEqual(
    kit.services.map(({ name }) => name),
    ['mail', 'vault', 'a', 'b', 'slow', 'whenever', 'other'],
  );
});

test('the newest snapshot and the newest complete one are told apart, and what the future dates is a warning', () => {
  const services = [service('notes', {}), service('late', {}), service('none', {})];
  const snapshots = [
    snapshot('a', '2026-02-01T00:00:00Z', job('notes')),
    snapshot('b', '2026-02-02T00:00:00Z', job('notes')),
    snapshot('c', '2027-01-01T00:00:00Z', job('late')),
    snapshot('d', '2025-01-01T00:00:00Z', job('former')),
    snapshot('e', '2025-01-01T00:00:00Z', ['holdfast:configuration']),
  ];
  const complete = new Map([
    [id('a'), true],
    [id('b'), false],
  ]);
  const kit = kitOf(config([near], services), near, observation({ snapshots, complete }), NOW);
  const [late, none, notes] = kit.services.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  assert.deepEqual([notes?.newest?.id, notes?.newest?.complete], [id('b'), false]);
  assert.equal(notes?.newestComplete?.id, id('a'));
  assert.deepEqual([late?.newest?.complete, late?.newestComplete], [null, null]);
  assert.equal(none?.newest, null);
  assert.match(kit.warnings.join('\n'), /cccccccc of late is dated in the future/);
  assert.equal(kit.configuration, true);
  assert.deepEqual(kit.others, [
    { service: 'former', why: 'it is in this repository, and no longer configured', byHand: [] },
  ]);
  const page = renderPages.markdown([kitPage(kit, null)]);
  assert.match(page, /known to be INCOMPLETE/);
  assert.match(page, /near` answered, and held no snapshot of `none`/);
});

test('a repository that does not answer leaves what is on record, with its date, and is never taken for empty', () => {
  const services = [service('notes', {}), service('unknown', {})];
  const believed = new Map([
    ['notes', { id: id('a'), time: '2026-02-01T00:00:00.000Z', files: 1, bytes: 2, complete: true }],
  ]);
  const answer = { answered: false, reason: 'no route to nas', knownSince: '2026-02-01T00:00:00.000Z' } as const;
  const kit = kitOf(config([near], services), near, observation({ answer, believed }), NOW);
  assert.equal(kit.configuration, null);
  const page = renderPages.markdown([kitPage(kit, null)]);
  assert.match(page, /could not be asked when this page was made: no route to nas\. .* last on 2026-02-01 00:00 UTC/);
  assert.match(page, /no record of a snapshot of `unknown`/);
  assert.doesNotMatch(page, /answered, and held no/);
  assert.match(page, /```sh\n(?:.*\n){1,2}restic restore latest --host forge --tag holdfast:job=unknown /);
});

test('a password whose only copies it locks in itself is a warning, also around two corners', () => {
  const risks = (passwords: Record<string, string>, paths: readonly string[], repositories: readonly string[]): string[] => {
    const all = Object.entries(passwords).map(([name, path]) => repository(name, { password: { kind: 'file', path } }));
    const made = config(all, [service('etc', { paths, repositories })]);
    return all.flatMap((each) => kitOf(made, each, observation(), NOW).secrets.map(({ risk }) => risk));
  };
  assert.deepEqual(risks({ near: '/etc/pw' }, ['/etc'], ['near']), ['locked-in']);
  assert.deepEqual(risks({ near: '/etc/pw' }, ['/etc2'], ['near']), ['host-only']);
  assert.deepEqual(risks({ near: '/etc/n', away: '/run/a' }, ['/etc'], ['near', 'away']), ['elsewhere', 'host-only']);
  assert.deepEqual(risks({ near: '/etc/n', away: '/etc/a' }, ['/etc'], ['near', 'away']), ['locked-in', 'locked-in']);
  assert.deepEqual(risks({ near: '/etc/n', away: '/run/a' }, ['/etc/n'], ['near']), ['locked-in', 'host-only']);
  const locked = repository('near', { password: { kind: 'command', argv: ['age', '-d', '-i', '/etc/machine.key', '/x'] } });
  const kit = kitOf(config([locked], [service('etc', { paths: ['/etc'] })]), locked, observation(), NOW);
  assert.match(kit.warnings.join(), /the password is backed up with etc, but only into near/);
  assert.match(renderPages.html([kitPage(kit, null)]), /None that is of use/);
});

test('what is needed to reach a repository is named: mount, login, names of variables', () => {
  const mount = { path: '/mnt/nas', type: 'nfs4', source: 'nas:/volume1/b', uuid: null };
  const markdown = (more: Parameters<typeof repository>[1], seen: Parameters<typeof observation>[0] = {}): string => {
    const made = repository('near', more);
    return renderPages.markdown([kitPage(kitOf(config([made], []), made, observation(seen), NOW), null)]);
  };
  assert.match(
    markdown({ url: '/mnt/nas/r', mounted: '/mnt/nas' }, { mount }),
    /nfs-common[\s\S]*mountpoint -q \/mnt\/nas \|\| mount nas:\/volume1\/b \/mnt\/nas\n/,
  );
  assert.match(
    markdown({ url: '/mnt/usb/r' }, { mount: { path: '/mnt/usb', type: 'ext4', source: '/dev/sdb1', uuid: '12-34' } }),
    /mount UUID=12-34 \/mnt\/usb/,
  );
  assert.match(markdown({ url: '/mnt/nas/r', mounted: '/mnt/nas' }), /\nmountpoint \/mnt\/nas\n/);
  assert.match(markdown({ url: 'sftp:me@nas:/r' }), /`\/root\/\.ssh`/);
  const store = markdown({ url: 's3:https://s3/b', environmentFile: '/run/env' }, { variables: ['AWS_SECRET_ACCESS_KEY'] });
  assert.match(
    store,
    /between the quotes: `AWS_SECRET_ACCESS_KEY=''`[\s\S]*set -a\n\. "\$HOME\/recovery\/near\.environment"/,
  );
});

test('no secret is on a page, as Markdown, as HTML or as data, wherever it stands in the configuration', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9%]{12,20}$/).map((value) => `SECRET${value}`);
  fc.assert(
    fc.property(secret, secret, secret, (inUrl, inCommand, inHook) => {
      const made = repository('near', {
        url: `rest:https://me:${inUrl}@hub/forge`,
        password: { kind: 'command', argv: ['sh', '-c', `echo ${inCommand}`, `/${inCommand}`] },
      });
      const argv = ['pg_dump', `--dbname=postgres://me:${inUrl}@db/x`, inHook] as const;
      const hook = { argv, timeout: 1 as never };
      const notes = service('notes', { hooks: { before: [hook], after: [] } });
      const known = [inUrl, inCommand, inHook];
      const kit = kitOf(config([made], [notes]), made, observation({ known }), NOW);
      const pages = [kitPage(kit, null)];
      for (const told of [JSON.stringify(kit), renderPages.markdown(pages), renderPages.html(pages)])
        for (const value of known) assert.ok(!told.includes(value), `${value} in ${told}`);
    }),
  );
});

test('a copy of a pgBackRest repository comes with how the server comes back from it, and with the passphrase that it needs', () => {
  const serverCopy = { path: '/var/lib/pgbackrest', repository: null, cipherPassFile: '/run/secrets/pgbackrest' };
  const server = postgres({ stanza: 'main', dataDir: '/pg/16' });
  const db = {
    ...service('db', { paths: ['/var/lib/pgbackrest'], serverCopy }, { unit: 'postgresql@16-main.service' }),
    postgres: server,
  };
  const kit = kitOf(config([near], [db]), near, observation(), NOW);
  assert.deepEqual(kit.others, []);
  const page = renderPages.markdown([kitPage(kit, null)]).replaceAll(/\s+/g, ' ');
  assert.match(page, /not yet the server/);
  assert.match(page, /repo1-path=\/var\/lib\/pgbackrest.*\[main\].*pg1-path=\/pg\/16/);
  assert.match(page, /repo1-cipher-pass=.*it was in `\/run\/secrets\/pgbackrest`/);
  assert.match(page, /sudo -u postgres pgbackrest --stanza=main restore`. Only when that has ended well/);
  const typed = commandsOfPage(renderPages.markdown([kitPage(kit, null)]));
  assert.ok(!typed.includes('systemctl start'), 'nobody starts it by typing what is to be typed');
});

test('of a server that pgBackRest keeps by itself the page says where it is, what it is encrypted with, and what brings it back', () => {
  const places = [
    { path: '/mnt/near/pg', cipherPassFile: '/run/secrets/pg' },
    { path: '/mnt/nas/pg', cipherPassFile: null },
  ].map((each, index) => ({ ...PLACE, ...each, key: index + 1, name: `repo${index + 1}` }));
  const db = { ...service('db', null), postgres: postgres({ stanza: 'main', dataDir: '/pg/16', repositories: places }) };
  const kit = kitOf(config([near], [db]), near, observation(), NOW);
  assert.deepEqual(kit.others[0]?.byHand, [
    'runuser -u postgres -- pgbackrest --stanza=main info',
    'runuser -u postgres -- pgbackrest --stanza=main restore',
  ]);
  const page = renderPages.markdown([kitPage(kit, null)]).replaceAll(/\s+/g, ' ');
  assert.match(page, /in \/mnt\/near\/pg and in \/mnt\/nas\/pg, encrypted with what was in \/run\/secrets\/pg\./);
  assert.match(page, /pgbackrest --stanza=main restore/);
});

const PLACE = {
  mounted: null,
  location: 'onsite' as const,
  medium: 'disk',
  bundle: true,
  block: null,
  retention: { full: 2, differential: null, archive: null },
  schedule: { full: null, differential: null, incremental: null },
};
