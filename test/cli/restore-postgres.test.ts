// `holdfast restore` of a PostgreSQL server, on a real one with a real pgBackRest: exactly what was committed until a moment comes
// back, and nothing of it reaches the archive of production.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, after, test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { ScratchHost } from '../support/cli.ts';
import { IDS, idsUntil, momentAfter, PORT, type Production, rowsOf, startProduction, USER } from '../support/pgbackrest.ts';
import { asOwner, makeCluster, SERVER_PROGRAMS } from '../support/postgres.ts';

let production: Production;
let host: ScratchHost;

before(() => {
  production = startProduction();
  host = new ScratchHost();
  production.pgbackrest('--type=full', 'backup');
  production.commit(30);
  production.archiveAll();
  production.commit(30);
  production.pgbackrest('--type=incr', 'backup');
  production.commit(40);
  production.archiveAll();
  production.commit(5);
  production.archiveAll();
  host.services = {
    db: {
      postgres: {
        engine: 'pgbackrest',
        dataDir: production.data,
        stanza: 'db',
        user: USER,
        socket: production.socket,
        port: PORT,
        configFile: production.configFile,
      },
    },
  };
  host.repositories = {};
  host.configure({});
});

after(() => {
  host[Symbol.dispose]();
  production[Symbol.dispose]();
});

const reportOf = (stdout: string): Report => JSON.parse(stdout) as Report;

test('three moments come back with exactly what was committed until then, and the archive stays as it was', async () => {
  const archived = production.digest();
  const random = [
    31 + Math.floor(Math.random() * 28),
    61 + Math.floor(Math.random() * 20),
    81 + Math.floor(Math.random() * 22),
  ];
  for (const [index, last] of random.entries()) {
    const to = join(production.root, `restored-${index}`);
    const { code, stdout, stderr } = await host.run([
      'restore',
      'db',
      '--at',
      momentAfter(production, last),
      '--to',
      to,
      '--json',
    ]);
    assert.equal(code, 0, `${stdout}${stderr}`);
    const [step] = reportOf(stdout).steps;
    assert.equal(step?.outcome, 'succeeded');
    assert.equal(rowsOf(join(to, 'data'), IDS), idsUntil(production, last), `after transaction ${last + 1}`);
    const lastTransaction = Date.parse(JSON.stringify(step.result?.['lastTransaction']).slice(1, -1));
    assert.ok(Math.abs(lastTransaction - Number((production.committed[last]?.after ?? 0n) / 1000n)) < 1000);
    assert.match(readFileSync(join(to, 'data/postgresql.auto.conf'), 'utf8'), /^archive_mode = 'off'$/m);
    assert.equal(existsSync(join(to, 'data/postmaster.opts')), true); // of the look that was just taken
    rmSync(to, { recursive: true });
  }
  assert.equal(production.digest(), archived);
});

test('without a moment everything comes back that the archive holds', async () => {
  const to = join(production.root, 'newest');
  const { code, stdout, stderr } = await host.run(['restore', 'db', '--to', to]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /the last transaction was committed 20\S+Z/);
  assert.equal(rowsOf(join(to, 'data'), IDS), idsUntil(production, production.committed.length - 1));
  rmSync(to, { recursive: true });
});

test('a moment outside of what can be had is refused with the nearest one, and the nearest one can be had', async () => {
  const to = join(production.root, 'outside');
  const { code, stderr } = await host.run(['restore', 'db', '--at', '2020-01-01 12:00:00+01', '--to', to]);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /as it was at 2020-01-01T11:00:00\.000Z/);
  assert.match(stderr, /cannot be had: from 20\S+Z to\s+20\S+Z can/);
  const nearest = /The nearest is --at '(\S+)'/.exec(stderr.replaceAll(/\s+/g, ' '))?.[1] ?? '';
  const dry = await host.run(['restore', 'db', '--at', nearest, '--to', to, '--dry-run']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /can be had +from 20\S+Z to 20\S+Z \(repo1\)/);
  assert.equal(existsSync(to), false);
  const late = await host.run(['restore', 'db', '--at', '2099-01-01 12:00Z', '--to', to]);
  assert.equal(late.code, 2);
  assert.match(late.stderr, /before it\): leave\s+--at\s+out/);
  const inside = await host.run(['restore', 'db', '--to', join(production.data, 'inside')]);
  assert.equal(inside.code, 2);
  assert.match(inside.stderr, /lies in the live data of db/);
});

test('a moment of which the archive does not tell whether it is whole is not passed off as restored', async () => {
  // between the last commit and the time at which its file came into the archive
  const to = join(production.root, 'between');
  const { code, stdout } = await host.run([
    'restore',
    'db',
    '--at',
    momentAfter(production, production.committed.length - 1),
    '--to',
    to,
  ]);
  assert.equal(code, 2);
  assert.match(stdout.replaceAll(/\s+/g, ' '), /the archive holds nothing that was committed after 20/);
  assert.equal(existsSync(to), false);
  assert.deepEqual(
    readdirSync(production.root).filter((name) => name.includes('.restoring-')),
    [],
  );
});

test('a day is no moment, a wrong timeline and a wrong backup are told before anything is made', async () => {
  const to = join(production.root, 'nothing');
  const day = await host.run(['restore', 'db', '--at', '2026-01-01', '--to', to]);
  assert.equal(day.code, 64);
  assert.match(day.stderr, /is a day: say a time of it/);
  const label = await host.run(['restore', 'db', '--snapshot', '20200101-000000F', '--to', to]);
  assert.equal(label.code, 2);
  assert.match(label.stderr, /there is no backup 20200101-000000F/);
  const include = await host.run(['restore', 'db', '--include', '/x', '--to', to]);
  assert.equal(include.code, 64);
  assert.equal(existsSync(to), false);
});

test('tablespaces come below the directory that was named, and their data with them', async () => {
  const space = join(production.root, 'space');
  asOwner('mkdir', ['-m', '700', space]);
  production.sql(`CREATE TABLESPACE apart LOCATION '${space}'`);
  production.sql('CREATE TABLE far TABLESPACE apart AS SELECT generate_series(1, 100) AS n');
  production.pgbackrest('--type=incr', 'backup');
  production.commit(2);
  production.archiveAll();
  const to = join(production.root, 'with-space');
  const { code, stdout } = await host.run(['restore', 'db', '--to', to]);
  assert.equal(code, 0, stdout);
  assert.equal(rowsOf(join(to, 'data'), 'SELECT sum(n) FROM far'), '5050');
  const location = rowsOf(join(to, 'data'), "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'apart'");
  assert.ok(location.startsWith(join(to, 'tablespaces')), location);
  rmSync(to, { recursive: true });
  assert.ok(SERVER_PROGRAMS.find('postgres'));
});

test('in place: refused while the server runs and over another cluster; then the server is as it was, and archives its new timeline', async () => {
  using own = startProduction();
  own.pgbackrest('--type=full', 'backup');
  own.commit(20);
  own.archiveAll();
  own.commit(20);
  own.archiveAll();
  using target = new ScratchHost();
  const { data: dataDir, socket, configFile } = own;
  target.services = {
    db: { postgres: { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile } },
  };
  const last = own.committed[9];
  assert.ok(last);
  const at = new Date(Number(last.after / 1000n) + 1).toISOString();
  const inPlace = ['restore', 'db', '--in-place', '--at', at];
  const running = await target.run(inPlace);
  assert.equal(running.code, 2);
  assert.match(running.stderr, /a server runs on .*main/);
  own.stop();
  const archived = own.digest();
  asOwner('mv', [dataDir, `${dataDir}.real`]);
  makeCluster(dataDir);
  const foreign = await target.run(inPlace);
  assert.equal(foreign.code, 2);
  assert.match(foreign.stderr.replaceAll(/\s+/g, ' '), /another cluster is there \(\d{19}\)/);
  asOwner('rm', ['-r', dataDir]);
  asOwner('mv', [`${dataDir}.real`, dataDir]);
  const { code, stdout, stderr } = await target.run(inPlace);
  assert.equal(code, 0, stdout + stderr);
  assert.equal(own.digest(), archived); // not before it is started on purpose
  const kept = readdirSync(own.root).filter((name) => name.startsWith('.main.before-'));
  assert.equal(kept.length, 1);
  assert.match(stdout, /old data +\S+\.main\.before-/);
  assert.deepEqual(
    readdirSync(own.root).filter((name) => name.includes('.restoring-')),
    [],
  );
  own.start();
  for (let tries = 0; tries < 600 && own.sql('SELECT pg_is_in_recovery()') === 't'; tries += 1)
    own.sql('SELECT pg_sleep(0.1)');
  assert.equal(
    own.sql(IDS),
    own.committed
      .slice(0, 10)
      .map(({ id }) => id)
      .join(','),
  );
  assert.equal(own.sql('SHOW archive_mode'), 'on');
  own.sql("INSERT INTO ledger VALUES (1000, 'after')");
  own.archiveAll();
  const names = readdirSync(join(own.repository, 'archive/db'), { recursive: true, encoding: 'utf8' });
  assert.ok(
    names.some((name) => name.endsWith('/00000002.history')),
    'the history of the new timeline is in the archive',
  );
  own.pgbackrest('--type=full', 'backup');
  // the next restore follows the new timeline, also from the backup of the old one
  const to = join(own.root, 'again');
  const label = JSON.parse(own.pgbackrest('info', '--output=json').replace(/"system-id":\d+/g, '"system-id":0')) as {
    backup: { label: string }[];
  }[];
  const again = await target.run(['restore', 'db', '--snapshot', label[0]?.backup[0]?.label ?? '', '--to', to]);
  assert.equal(again.code, 0, again.stdout + again.stderr);
  assert.equal(rowsOf(join(to, 'data'), 'SELECT count(*), max(id) FROM ledger'), '11|1000');
});
