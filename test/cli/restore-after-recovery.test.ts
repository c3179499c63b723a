// A real PostgreSQL server that was recovered, and then put back to a moment before that: its archive goes on being understood.

import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { ArchivingServer } from '../support/archiving-server.ts';
import { ScratchHost } from '../support/cli.ts';

test('a server that went back to before its recovery is backed up, drilled and restored along the line that it is on now', async (t) => {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg')));
  host.services['db'] = { postgres: server.section };
  server.pgbackrest('stanza-create');
  const done = async (...args: string[]): Promise<Report> => {
    const { code, stdout, stderr } = await host.run(['--json', ...args]);
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as Report;
  };
  const write = (rows: number): void => {
    server.sql(`insert into kept values (${rows})`);
    server.finishFile();
    server.waitForArchiver();
  };
  server.sql("create table kept (n int); alter system set archive_mode = 'on'");
  await done('run', 'db');
  write(1);
  server.sql('select pg_sleep(1.1)');
  const [moment = ''] = server.sql("select to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.MSOF')");
  server.sql('select pg_sleep(1.1)');
  for (const rows of [2, 3, 4]) write(rows);
  server.stop();
  for (const name of readdirSync(server.data)) rmSync(join(server.data, name), { recursive: true });
  await done('recover', 'db');
  server.start();
  server.until('not pg_is_in_recovery()');
  write(5);
  server.stop();

  await done('restore', 'db', '--in-place', '--at', moment);
  server.start();
  server.until('not pg_is_in_recovery()');
  assert.deepEqual(server.sql('select n from kept order by n'), ['1']);
  write(6);
  await done('run', 'db', '--type', 'full');
  await done('postgres', 'watch', 'db');
  await done('drill', 'db');
  write(7);
  await done('restore', 'db', '--to', host.path('pg/back'));
});
