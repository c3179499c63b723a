// Any moment of a large server: 2 GB that change while they are backed up, held against the log of what was committed when.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ScratchHost, stepOf } from '../support/cli.ts';
import { IDS, idsUntil, momentAfter, PORT, rowsOf, startProduction, USER } from '../support/pgbackrest.ts';

const ROWS = 1_900_000; // of about 1 kB
const MOMENTS = 5;

test('of 2 GB, five random moments come back with exactly what was committed until then, and the archive stays as it was', async () => {
  using production = startProduction();
  using host = new ScratchHost();
  const { data: dataDir, socket, configFile, root } = production;
  host.services = {
    db: { postgres: { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile } },
  };
  // what it looks at by itself is written into its log, which it archives: that is no doing of a restore
  production.sql('ALTER SYSTEM SET autovacuum = off');
  production.sql('SELECT pg_reload_conf()');
  production.sql(
    `CREATE TABLE bulk AS SELECT n, 0 AS version, (SELECT string_agg(md5(n::text || part::text), '') FROM generate_series(1, 30) AS part) AS noise FROM generate_series(1, ${ROWS}) AS n`,
  );
  assert.ok(Number(production.sql("SELECT pg_total_relation_size('bulk')")) > 1.9e9);
  production.pgbackrest('--type=full', '--process-max=2', 'backup');
  const first = production.committed.length;
  for (let round = 1; round <= 6; round += 1) {
    production.commit(50);
    production.sql(`UPDATE bulk SET version = ${round} WHERE n % 50 = ${round}`);
    production.archiveAll();
    if (round === 3) production.pgbackrest('--type=incr', '--process-max=2', 'backup');
  }
  production.commit(5); // so that something comes after the last of the moments
  production.archiveAll();
  const archived = production.digest();
  for (let moment = 1; moment <= MOMENTS; moment += 1) {
    const last = first + 1 + Math.floor(Math.random() * 297);
    const to = join(root, 'restored');
    const { code, stdout, stderr } = await host.run([
      'restore',
      'db',
      '--at',
      momentAfter(production, last),
      '--to',
      to,
      '--json',
    ]);
    assert.equal(code, 0, `after transaction ${last + 1}: ${stdout}${stderr}`);
    assert.equal(stepOf(JSON.parse(stdout), 'restore:db@repo1').outcome, 'succeeded');
    assert.equal(rowsOf(join(to, 'data'), IDS), idsUntil(production, last), `after transaction ${last + 1}`);
    assert.equal(rowsOf(join(to, 'data'), 'SELECT count(*), max(version) FROM bulk'), `${ROWS}|${Math.floor(last / 50)}`);
    rmSync(to, { recursive: true });
  }
  assert.equal(production.digest(), archived);
});
