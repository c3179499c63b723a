// What a server needs to be recovered: room, and its programs. Where one of them is missing, that is what is said.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { ArchivingServer } from '../support/archiving-server.ts';
import { PATH, ScratchHost, stepOf } from '../support/cli.ts';
import { mounted } from '../support/mounted.ts';

function backedUp(t: TestContext): { host: ScratchHost; server: ArchivingServer } {
  const held = new DisposableStack();
  t.after(() => held.dispose());
  const host = held.use(new ScratchHost());
  const server = held.use(new ArchivingServer(host.path('pg')));
  host.services['db'] = { postgres: server.section };
  server.pgbackrest('stanza-create');
  server.pgbackrest('backup');
  return { host, server };
}

const lose = ({ data }: ArchivingServer): void => {
  for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true });
};

test('a disk that fills up with the log that is replayed is named, with what is free', async (t) => {
  const { host, server } = backedUp(t);
  server.sql('create table much as select generate_series(1, 500000) as n'); // twice: in its log, and in its file
  server.stop();
  mkdirSync(host.path('disk'));
  const [stanza] = JSON.parse(server.pgbackrest('info', '--output=json')) as { backup: { info: { size: number } }[] }[];
  const size = (stanza?.backup[0]?.info.size ?? 0) + 6_000_000;
  const { code, stdout } = await host.run(['--json', 'restore', 'db', '--to', host.path('disk/back')], {
    under: mounted('-t', 'tmpfs', '-o', `mode=755,size=${size}`, 'none', host.path('disk')),
  });
  const { error } = stepOf(JSON.parse(stdout) as Report, 'restore:db@repo1'); // of the shape that every command has
  assert.deepEqual([code, error?.code], [2, 'no-space'], error?.message ?? '');
  assert.match(error?.message ?? '', /no room for the log that is replayed: .* are free at \S+disk/);
});

test('programs that are not installed are told by the rehearsal, with the package', async (t) => {
  const { host, server } = backedUp(t);
  server.stop();
  lose(server);
  // as of a version that nobody has here
  const fake = host.script(
    'other/pgbackrest',
    `PATH='${PATH}'; out=$(pgbackrest "$@") || exit $?; printf '%s' "$out" | sed 's/"version":"[0-9]*"/"version":"99"/g; s/"[0-9]*-1\\//"99-1\\//g'`,
  );
  chmodSync(dirname(fake), 0o755);
  const env = { PATH: [dirname(fake), PATH].join(delimiter) };
  const { stdout } = await host.run(['recover', 'db', '--dry-run'], { env });
  assert.match(
    stdout.replaceAll(/\s+/g, ' '),
    /the server programs of version 99 are not installed.* hint: .*postgresql-99/,
  );
});
