// The power fails while lost data comes back at a boot, again and again: a service starts on all of its data or not at all, and when
// there is power again nothing is left of the tries.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { configure, holdfast } from './support/holdfast-on.ts';
import {
  ARCHIVING,
  DATA,
  makeCluster,
  makeRepositories,
  POSTGRES_PACKAGES,
  promoted,
  SERVER,
  sql,
} from './support/postgres-on.ts';
import { quickRepositories } from './support/quick-on.ts';

const skip = missingFor('container');
/** Backups by themselves: a day may end at any moment. */
const NEVER = { frequency: '*-01-01 00:00' };
/** In a row, before it is let boot. */
const CUTS = [2, 3];
const ROWS = 1000;

/** Looks at its data as it starts: everything in it, with owners, modes and times. */
const LOOK = `cd /srv/app 2>/dev/null && { find . -printf '%p %y %m %U:%G %T@ %n %l\\n' | sort; find . -type f | sort | xargs sha256sum; } | sha256sum`;
const UNIT = `[Service]
ExecStart=/bin/sh -c 'if [ "$$(/usr/local/bin/look)" = "$$(cat /root/whole)" ]; then echo whole; else echo half; fi >>/var/log/served; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`;

let lab: Lab;
let host: Container;
/** When each is recovered at a boot to which nothing happens, in milliseconds after its begin. */
let recovering: readonly { readonly from: number; readonly to: number }[];

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.container({
      name: 'forge',
      packages: POSTGRES_PACKAGES,
      files: {
        '/usr/local/bin/look': { content: `#!/bin/sh\n${LOOK}\n`, mode: 0o755 },
        '/etc/systemd/system/app.service': UNIT,
      },
    });
    await makeCluster(host, ARCHIVING);
    await makeRepositories(host, ['/mnt/nas/pgbackrest']);
    await quickRepositories(host, ['/mnt/nas/files']);
    await host.sh(`mkdir -p /srv/app && cd /srv/app && for d in $(seq 40); do mkdir $d; for f in $(seq 30); do echo $d $f >$d/$f; done; done
      head -c 20M /dev/urandom >large; ln large again; ln -s large link; chown -R 1234:4321 1; chmod 2750 2; look >/root/whole`);
    const postgres = {
      engine: 'pgbackrest',
      dataDir: DATA,
      stanza: 'main',
      full: NEVER,
      incremental: NEVER,
      repositories: [{ path: '/mnt/nas/pgbackrest' }],
    };
    await configure(host, {
      repositories: { files: { url: '/mnt/nas/files' } },
      services: {
        app: { unit: 'app.service', backup: { paths: ['/srv/app'], ...NEVER }, recover: {} },
        db: { unit: SERVER, postgres, recover: {} },
      },
    });
    await host.exec(['holdfast', 'postgres', 'configure', 'db']);
    await host.exec(['holdfast', 'run']);
    await sql(host, `create table kept as select generate_series(1, ${ROWS}) n`); // after the only backup
    await host.exec(['holdfast', 'units', 'install']);
    await host.exec(['systemctl', 'enable', 'app.service']);
    await lose();
    const begin = Number(process.hrtime.bigint()) / 1e6; // of the clock that systemd notes
    await host.boot();
    const noted = async (name: string, property: string): Promise<number> =>
      Number(await host.tell('systemctl', 'show', '-P', property, `holdfast-recover@${name}.service`)) / 1000 - begin;
    recovering = await Promise.all(
      ['app', 'db'].map(async (name) => ({
        from: await noted(name, 'InactiveExitTimestampMonotonic'),
        to: await noted(name, 'InactiveEnterTimestampMonotonic'),
      })),
    );
    await assertAllBack();
  },
  { timeout: 300_000 },
);
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** Off, and everything is gone. */
async function lose(): Promise<void> {
  await host.sh(`systemctl stop app ${SERVER}; rm -rf /srv/app ${DATA}/*; rm -f /var/log/served`);
  await host.shutdown();
}

async function assertAllBack(): Promise<void> {
  assert.equal(await host.tell('systemctl', 'is-active', 'app.service', SERVER), 'active\nactive');
  assert.doesNotMatch(await host.read('/var/log/served'), /half/, 'it never started on a part');
  assert.equal(await host.tell('look'), await host.tell('cat', '/root/whole'));
  await promoted(host);
  assert.equal(await sql(host, 'select count(*) from kept'), String(ROWS));
}

for (const [round, cuts] of CUTS.entries()) {
  test(
    `after ${cuts} power cuts at random moments of recovering boots all of it is back, and nothing else (${round + 1} of ${CUTS.length})`,
    { skip, timeout: 300_000 },
    async (t) => {
      await lose();
      for (let cut = 1; cut <= cuts; cut += 1) {
        const booting = host.boot().then(
          () => 'after the boot',
          () => 'in it',
        );
        const { from, to } = recovering[cut % recovering.length] ?? assert.fail();
        const moment = from + (to - from) * Math.random();
        await delay(moment); // the random moment is the point
        await host.powerCut();
        t.diagnostic(`${Math.round(moment)}, between ${Math.round(from)} and ${Math.round(to)} ms: ${await booting}`);
      }
      await host.boot();
      await assertAllBack();
      assert.equal(await journal('select count(*) from effects where settled_at is null'), '0');
      const left = await host.sh(
        String.raw`find /srv /var/lib/postgresql /var/lib/holdfast/spool -regex '.*/\.[^/]*\.\(restoring\|leaving\|entering\|displaced\)-.*' -prune`,
      );
      assert.equal(left.stdout, '');
    },
  );
}

const journal = (query: string): Promise<string> => host.tell('sqlite3', '/var/lib/holdfast/journal.db', query);

test('after all of them the next backups are good', { skip }, async (t) => {
  const tries = await journal("select outcome, count(*) from steps where id like 'recover:%' group by outcome");
  t.diagnostic(tries.replaceAll('\n', ', '));
  assert.equal((await holdfast(host, ['run'])).exitCode, 0);
  assert.equal(await journal('select count(*) from runs where outcome is null'), '0');
});
