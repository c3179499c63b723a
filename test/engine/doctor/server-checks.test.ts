import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serverChecks } from '../../../src/engine/doctor/server-checks.ts';
import { ArchivingServer } from '../../support/archiving-server.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { configuration, postgres, service } from '../support/host.ts';

test('a PostgreSQL server is well when it archives into every repository, and what is wrong is told by itself', async () => {
  using directory = temporaryDirectory();
  using server = new ArchivingServer(join(directory.path, 'pg'));
  const { data, socket, configFile } = server;
  const declared = postgres({ dataDir: data, socket, port: 5499, configFile });
  const config = configuration({ services: new Map([['db', service('db', { backup: null, postgres: declared })]]) });
  const findings = async (): Promise<string[]> => {
    const [check] = serverChecks({ config });
    const found = await check?.run(new AbortController().signal);
    return (found ?? []).map(({ health, detail }) => `${health}: ${detail}`);
  };
  assert.deepEqual(await findings(), ['problem: repository 1 has no stanza main']);
  server.pgbackrest('stanza-create');
  const [well, hint] = await findings();
  assert.match(well ?? '', /^ok: archives into 1 repository, pgbackrest \d/);
  assert.equal(hint, 'warning: repository 1 holds no backup yet');
  server.sql("alter system set archive_command = '/bin/true'");
  server.sql('select pg_reload_conf()');
  assert.match((await findings()).join(), /problem: the server does not archive its log into the stanza/);
  chmodSync(join(server.directory, 'repo1'), 0o000);
  assert.match((await findings()).join(), /problem: repository 1 did not answer: .*Permission denied/);
  chmodSync(join(server.directory, 'repo1'), 0o700);
});
