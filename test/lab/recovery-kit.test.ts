// The house burned down: somebody types what the page says on a new machine that has stock restic and no Holdfast, and
// everything is back.

import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import type { Executed } from '../../lab/host.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { compareTrees } from '../../src/engine/restore/compare-trees.ts';
import { commandsOfPage } from '../support/recovery-page.ts';
import { makeOddTree } from '../support/tree.ts';
import { configure, holdfast, PASSWORD_FILE, restic } from './support/holdfast-on.ts';

const skip = missingFor('container');
const REPOSITORY = '/mnt/disk/repository';
const DISK = { '/mnt/disk': { type: 'ext4', size: '200MB' } } as const;
const APP = '/srv/my app';
const QUOTED = `/srv/it's "$HOME" \`id\``;
const UNIT = { '/etc/systemd/system/app.service': '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n' };

let lab: Lab;
let forge: Container;
let bare: Container;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    forge = await lab.container({
      name: 'forge',
      fileSystems: DISK,
      files: {
        ...UNIT,
        [`${QUOTED}/file`]: 'quoted',
        '/srv/outer/own': 'own',
        '/srv/outer/inner/part': 'part',
      },
    });
    makeOddTree(forge.outside('/srv/odd'));
    await forge.sh(
      `mkdir "$1" && sqlite3 "$1/app.db" 'pragma journal_mode = wal; create table t (x); insert into t values (42)' &&
       echo secret >"$1/file" && chmod 600 "$1/file" && chown -R 12345:54321 "$1" && chmod 2750 "$1"`,
      [APP],
    );
    await configure(forge, {
      repositories: { near: { url: REPOSITORY, mounted: '/mnt/disk' } },
      services: {
        odd: { backup: { paths: ['/srv/odd'] }, protection: { class: 'standard', rto: '8h' } },
        app: {
          unit: 'app.service',
          backup: {
            paths: [APP],
            databases: [{ type: 'sqlite', path: `${APP}/app.db` }],
            hooks: { before: [['/bin/true']] },
          },
          protection: { class: 'critical' },
        },
        quoted: { backup: { paths: [QUOTED] } },
        outer: { backup: { paths: ['/srv/outer'], exclude: ['own-cache'] }, protection: { class: 'critical' } },
        inner: { backup: { paths: ['/srv/outer/inner'] } },
        system: { backup: { paths: ['/etc/passwd'] } },
        cache: { protection: { class: 'ephemeral' } },
      },
    });
    assert.equal((await holdfast(forge, ['repository', 'init', 'near'])).exitCode, 0);
    const { exitCode, report } = await holdfast(forge, ['run']);
    assert.equal(exitCode, 0, JSON.stringify(report.steps));

    bare = await lab.container({ name: 'bare', fileSystems: DISK, files: UNIT });
    await bare.exec(['rm', '/usr/local/bin/holdfast', '/usr/local/bin/node']);
    cpSync(forge.outside(REPOSITORY), bare.outside(REPOSITORY), { recursive: true }); // the disk is put into the other machine
  },
  { timeout: 300_000 },
);
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** Types it. */
async function follow(page: string): Promise<Executed> {
  await bare.write('/root/typed.sh', commandsOfPage(page));
  return await bare.exec(['bash', '-e', '/root/typed.sh'], { env: { HOME: '/root' }, anyExit: true });
}

/** That everything on the new machine is as it was on the old one. */
async function assertAllBack(typed: Executed): Promise<void> {
  assert.equal(typed.exitCode, 0, `${typed.stdout}\n${typed.stderr}`);
  const { signal } = new AbortController();
  for (const path of ['/srv/odd', QUOTED, '/srv/outer']) {
    const compared = await compareTrees(forge.outside(path), bare.outside(path), signal);
    assert.deepEqual([path, compared.differences], [path, []]);
  }
  const inApp = (host: Container): Promise<string> =>
    host.tell('find', APP, '-not', '-name', 'app.db-*', '-printf', String.raw`%p %y %m %U %G\n`);
  const is = await inApp(bare);
  assert.equal(is, await inApp(forge));
  assert.match(is, /12345 54321/);
  assert.equal(await bare.tell('sqlite3', '-readonly', `${APP}/app.db`, 'select x from t'), '42');
  assert.match(typed.stdout, /^ok$/m, 'the page looks at the database itself');
  assert.equal(await bare.tell('systemctl', 'is-active', 'app.service'), 'active');
  assert.equal(await bare.read('/root/recovery/system/etc/passwd'), await forge.read('/etc/passwd'));
  assert.match(await bare.read('/root/recovery/configuration.yaml'), /^host: "?forge/m);
}

const forget = (): Promise<unknown> =>
  bare.sh('systemctl stop app.service; rm -rf /srv/* /root/recovery /root/.cache && mkdir -p "$1"', [APP]);

test(
  'whoever types the page on a machine without Holdfast, and has the password, gets every service back',
  { skip },
  async (t) => {
    await forget();
    await bare.sh('echo newer >"$1/app.db" && echo torn >"$1/app.db-wal" && systemctl start app.service', [APP]);
    const page = await forge.tell('holdfast', 'recovery-kit', 'near');
    assert.ok(!page.includes('correct horse'), 'no secret is on it');
    await bare.exec(['install', '-d', '-m', '700', '/root/recovery']);
    await bare.write('/root/recovery/near.password', await forge.read(PASSWORD_FILE), 0o600);
    assert.notEqual((await bare.sh('command -v holdfast', [], { anyExit: true })).exitCode, 0);
    const typed = await follow(page);
    t.diagnostic(`restic there: ${await bare.tell('restic', 'version')}`);
    await assertAllBack(typed);
    assert.equal(await bare.read(`${APP}.before/app.db`), 'newer\n', 'what stood there is kept');
  },
);

test('a page with the secrets needs nothing else', { skip }, async () => {
  await forget();
  const ended = await forge.exec(['holdfast', 'recovery-kit', 'near', '--out', '/root/kit.md', '--include-secrets']);
  assert.equal(ended.exitCode, 0);
  assert.equal(await forge.tell('stat', '--format', '%a', '/root/kit.md'), '600');
  await assertAllBack(await follow(await forge.read('/root/kit.md')));
  assert.equal(await bare.tell('stat', '--format', '%a', '/root/recovery/near.password'), '600');
});

test('the same page still works when newer snapshots are there and those that it names are gone', { skip }, async () => {
  const page = await forge.tell('holdfast', 'recovery-kit', 'near');
  await forge.sh('echo more >>/srv/outer/own');
  assert.equal((await holdfast(forge, ['run'])).exitCode, 0);
  await restic(forge, REPOSITORY, ['forget', '--keep-last', '1', '--group-by', 'host,tags', '--prune']);
  await forget();
  await bare.exec(['rm', '-r', REPOSITORY]);
  cpSync(forge.outside(REPOSITORY), bare.outside(REPOSITORY), { recursive: true });
  await bare.exec(['install', '-d', '-m', '700', '/root/recovery']);
  await bare.write('/root/recovery/near.password', await forge.read(PASSWORD_FILE), 0o600);
  await assertAllBack(await follow(page));
});
