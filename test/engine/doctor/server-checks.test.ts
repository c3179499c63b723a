import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Finding } from '../../../src/engine/doctor/check.ts';
import { serverChecks } from '../../../src/engine/doctor/server-checks.ts';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { ArchivingServer } from '../../support/archiving-server.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { configuration, NOW, postgres, recordFact, serverRepository, service } from '../support/host.ts';

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
  assert.deepEqual(await findings(), ['problem: repository 1 does not have the stanza main']);
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

test('a server without data is to be recovered, and of repositories that lost what is on record nothing new is made', async () => {
  using directory = temporaryDirectory();
  using server = new ArchivingServer(join(directory.path, 'pg'), { repositories: 2 });
  server.pgbackrest('stanza-create');
  const repositories = [1, 2].map((key) =>
    serverRepository(key, {
      path: join(server.directory, `repo${key}`),
      mounted: key === 2 ? join(server.directory, 'repo2') : null,
    }),
  );
  const db = service('db', { backup: null, postgres: postgres({ ...server.declared, repositories }) });
  const stateDir = join(directory.path, 'state');
  const config = configuration({ stateDir, services: new Map([['db', db]]) });
  const findings = async (): Promise<Finding[]> => {
    const [check] = serverChecks({ config });
    return [...((await check?.run(new AbortController().signal)) ?? [])];
  };
  const details = async (): Promise<string[]> => (await findings()).map(({ detail }) => detail);
  const mount = `nothing is mounted at ${join(server.directory, 'repo2')}`;
  assert.deepEqual(await details(), [mount, 'repository 1 holds no backup yet'], 'what is not mounted is not asked');
  server.stop();
  rmSync(server.data, { recursive: true });
  mkdirSync(server.data);
  rmSync(join(server.directory, 'repo1', 'backup'), { recursive: true });
  {
    using journal = openJournal(stateDir);
    const detail = { place: join(server.directory, 'repo1') };
    recordFact(journal, { service: 'db', repository: 'repo1' }, { kind: 'backup', snapshotId: 'F', at: NOW, detail });
  }
  const lost = await findings();
  assert.deepEqual(
    lost.map(({ detail }) => detail),
    [mount, `its data directory ${server.data} is empty: no server can run`, 'repository 1 does not have the stanza main'],
  );
  assert.match(lost[1]?.fix ?? '', /^holdfast recover db /);
  assert.doesNotMatch(lost.map(({ fix }) => fix).join(), /configure|holdfast run/);
});
