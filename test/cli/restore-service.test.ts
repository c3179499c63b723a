// `holdfast restore --in-place` of a PostgreSQL server that runs as a unit: what was started is asked what it is, on a real server with a
// real pgBackRest.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { asUser } from '../../src/tools/util-linux/as-user.ts';
import { PATH, ScratchHost, stepOf } from '../support/cli.ts';
import { mounted } from '../support/mounted.ts';
import { PORT, type Production, startProduction, USER } from '../support/pgbackrest.ts';
import { OWNER, SERVER_PROGRAMS } from '../support/postgres.ts';

/** There is no systemd here: this one starts and stops the real server as it would. `starting`: what happens before that. */
function hostOf({ data, socket, configFile, root }: Production, starting = ''): ScratchHost {
  const host = new ScratchHost();
  chmodSync(host.root, 0o755);
  const postgres = { engine: 'pgbackrest', dataDir: data, stanza: 'db', user: USER, socket, port: PORT, configFile };
  host.services = { db: { unit: 'db.service', postgres } };
  const control = [...asUser(OWNER), SERVER_PROGRAMS.need('pg_ctl'), '-D', data].join(' ');
  host.script(
    'bin/systemctl',
    `exec </dev/null
case $1 in
show) printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\n';;
stop) cd / && exec ${control} -w -m fast stop >/dev/null;;
start) ${starting}
cd / && exec setsid --wait ${control} -W -l ${join(root, 'log/unit.log')} start >/dev/null;;
esac`,
  );
  return host;
}

const restore = async (
  host: ScratchHost,
  ...args: string[]
): Promise<{ code: number | null; step: ReturnType<typeof stepOf> }> => {
  const env = { PATH: [host.path('bin'), PATH].join(delimiter) };
  const { code, stdout } = await host.run(['--json', 'restore', 'db', '--in-place', ...args], { env });
  return { code, step: stepOf(JSON.parse(stdout) as Report, 'restore:db@repo1') };
};

const IDS = "SELECT string_agg(id::text, ',' ORDER BY id) FROM ledger";

test('it waits for the server, proves where that went on, and leaves nothing of the recovery in its settings', async () => {
  using production = startProduction();
  using host = hostOf(production);
  production.sql(`ALTER SYSTEM SET restore_command = 'cp "/my own/%f" ''%p'''`);
  production.sql("ALTER SYSTEM SET work_mem = '7MB'");
  production.pgbackrest('--type=full', 'backup');
  production.commit(10);
  production.archiveAll();
  production.commit(10);
  production.archiveAll();
  const last = production.committed[4];
  assert.ok(last);
  const first = await restore(host, '--at', new Date(Number(last.after / 1000n) + 1).toISOString());
  assert.deepEqual([first.code, first.step.outcome], [0, 'succeeded'], JSON.stringify(first.step));
  assert.equal(first.step.result?.['timeline'], 2);
  assert.match(JSON.stringify(first.step.result['left']), /^"timeline 1 at 0\/\w+, before 20/);
  assert.equal(production.sql('SELECT pg_is_in_recovery()'), 'f');
  assert.equal(production.sql(IDS), '1,2,3,4,5');
  const settings = readFileSync(join(production.data, 'postgresql.auto.conf'), 'utf8');
  assert.doesNotMatch(settings, /recovery_target|archive-get|archive_mode/);
  assert.match(settings, /work_mem = '7MB'/);
  assert.equal(production.sql('SHOW restore_command'), `cp "/my own/%f" '%p'`);
  assert.ok(existsSync(join(production.repository, 'archive/db/15-1/00000002.history')));

  // once more, and everything this time: along the new timeline
  production.sql("INSERT INTO ledger VALUES (1000, 'after')");
  production.archiveAll();
  const second = await restore(host);
  assert.deepEqual([second.code, second.step.outcome], [0, 'succeeded'], JSON.stringify(second.step));
  assert.match(JSON.stringify(second.step.result?.['left']), /^"timeline 2 at 0\/\w+, no recovery target specified/);
  assert.equal(production.sql(IDS), '1,2,3,4,5,1000');
  assert.equal(readdirSync(production.root).filter((name) => name.startsWith('.main.before-')).length, 2);
});

test('a server that does not archive, or goes on from elsewhere, is told as that; its data stays', async () => {
  using production = startProduction();
  production.pgbackrest('--type=full', 'backup');
  production.commit(3);
  production.archiveAll();
  const ended = production.sql('SELECT last_archived_wal FROM pg_stat_archiver');
  using silent = hostOf(production, `echo "archive_mode = off" >>${join(production.data, 'postgresql.conf')}`);
  const mute = await restore(silent);
  assert.deepEqual([mute.code, mute.step.outcome], [1, 'partial'], JSON.stringify(mute.step));
  assert.match(mute.step.reason ?? '', /it does not archive: archive_mode is off/);
  assert.equal(production.sql(IDS), '1,2,3');

  // the last file of the log does not come: to the server that is the end of it
  const { data } = production;
  using deaf = hostOf(
    production,
    `rm -f ${join(data, 'pg_wal', ended)}; echo "restore_command = 'false'" >>${join(data, 'postgresql.auto.conf')}`,
  );
  const short = await restore(deaf);
  assert.deepEqual([short.code, short.step.outcome], [2, 'failed'], JSON.stringify(short.step));
  assert.match(short.step.error?.message ?? '', /in place at .*, but it left timeline 1 at .* goes on to 0000/);
  assert.match(short.step.error?.hint ?? '', /restore again/);
});

test('a data directory that is a mount point stays: what was there is kept inside, and it can be restored again', async () => {
  using production = startProduction();
  const { data } = production;
  using host = hostOf(production);
  production.pgbackrest('--type=full', 'backup');
  production.commit(6);
  production.archiveAll();
  const again = async (): Promise<string[]> => {
    production.stop();
    host.services = { db: { ...host.services['db'], unit: undefined } };
    const { code, stdout, stderr } = await host.run(['--json', 'restore', 'db', '--in-place'], {
      under: mounted('--bind', data, data),
    });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /is a mount point: the old data is kept inside it, and comes into every backup until/);
    production.start();
    while (production.sql('SELECT pg_is_in_recovery()') === 't') production.sql('SELECT pg_sleep(0.1)');
    assert.equal(production.sql(IDS), '1,2,3,4,5,6');
    return readdirSync(data).filter((name) => name.startsWith('.main'));
  };
  const first = await again();
  assert.equal(first.length, 1);
  assert.ok(existsSync(join(data, first[0] ?? '', 'PG_VERSION')));
  production.archiveAll();
  production.pgbackrest('--type=full', 'backup'); // the user of the server can read all that is in there
  const second = await again();
  assert.equal(second.length, 2, 'the first came back with the backup, as was told');
  const kept = second.find((name) => !first.includes(name)) ?? '';
  assert.ok(existsSync(join(data, kept, 'PG_VERSION')));
  assert.ok(existsSync(join(data, kept, first[0] ?? '', 'PG_VERSION')));
});
