import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataDirectory } from '../../../src/engine/postgres/data-directory.ts';
import {
  postmasterOf,
  PRIVATE_SERVER,
  type PrivateServerSpec,
  startPrivateServer,
} from '../../../src/engine/postgres/private-server.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { makeCluster, OWNER, ownDirectory, postgresDirectory, SERVER_PROGRAMS } from '../../support/postgres.ts';

const { signal } = new AbortController();

function specIn(root: string, more: Partial<PrivateServerSpec> = {}): PrivateServerSpec {
  const data = makeCluster(join(root, 'data'));
  return {
    programs: SERVER_PROGRAMS,
    data,
    place: join(root, 'run'),
    owner: OWNER,
    role: 'postgres',
    durable: false,
    subject: 'test',
    ...more,
  };
}

test('a private server answers on its socket alone, and can archive nothing, whatever its data says', async () => {
  using temporary = postgresDirectory();
  const spec = specIn(temporary.path);
  const proof = join(temporary.path, 'archived');
  writeFileSync(
    join(spec.data, 'postgresql.auto.conf'),
    `archive_mode = 'on'
archive_command = 'touch ${proof}'
listen_addresses = '*'
port = 5433
shared_preload_libraries = 'not_installed'
external_pid_file = '${proof}.pid'
max_connections = 7
`,
  );
  await using server = await startPrivateServer(spec, signal);
  const ask = async (setting: string): Promise<string | undefined> =>
    (await server.sql('postgres', `SHOW ${setting}`, { signal }))[0];
  assert.equal(await ask('archive_mode'), 'off');
  assert.equal(await ask('archive_command'), '(disabled)');
  assert.equal(await ask('listen_addresses'), undefined);
  assert.equal(await ask('max_connections'), '7');
  assert.equal(statSync(spec.place).mode & 0o777, 0o700);
  await server.sql('postgres', 'CREATE TABLE t AS SELECT 1; SELECT pg_switch_wal(); CHECKPOINT', { signal });
  await server.stop();
  assert.equal(existsSync(proof), false);
  assert.equal(existsSync(`${proof}.pid`), false);
  const left = await dataDirectory(spec.data, signal);
  assert.ok(left.state === 'valid');
  assert.equal(left.control.state, 'shut down');
});

test('a server that cannot start is told with its own words', async () => {
  using temporary = postgresDirectory();
  const spec = specIn(temporary.path, { settings: { shared_buffers: 'plenty' } });
  await assert.rejects(startPrivateServer(spec, signal), (error) => {
    assert.ok(error instanceof HoldfastError);
    assert.match(error.tool?.stderrTail.join('\n') ?? '', /invalid value for parameter "shared_buffers"/);
    return true;
  });
});

test('what a server says is wrong with a statement is the error', async () => {
  using temporary = postgresDirectory();
  await using server = await startPrivateServer(specIn(temporary.path), signal);
  await assert.rejects(
    server.sql('postgres', 'SELECT * FROM nowhere', { signal }),
    /^HoldfastError: relation "nowhere" does not exist$/,
  );
});

test('the server of a Holdfast that died is ended by its data directory, and nobody else is', async () => {
  using temporary = postgresDirectory();
  const spec = specIn(temporary.path);
  await using server = await startPrivateServer(spec, signal);
  await using _other = await startPrivateServer(
    { ...spec, data: makeCluster(join(temporary.path, 'other')), place: join(temporary.path, 'run2') },
    signal,
  );
  const other = await postmasterOf(join(temporary.path, 'other'));
  // a file that names somebody else's process, as one that was left by a power cut does
  const pidFile = join(spec.data, 'postmaster.pid');
  const written = readFileSync(pidFile, 'utf8');
  writeFileSync(pidFile, written.replace(/^\d+/, String(other)));
  await PRIVATE_SERVER.undo({ data: spec.data }, signal);
  await server.sql('postgres', 'SELECT 1', { signal });
  writeFileSync(pidFile, written);
  await PRIVATE_SERVER.undo({ data: spec.data }, signal);
  await assert.rejects(server.sql('postgres', 'SELECT 1', { signal }));
  await PRIVATE_SERVER.undo({ data: spec.data }, signal);
  await PRIVATE_SERVER.undo({ data: ownDirectory(join(temporary.path, 'empty')) }, signal);
  assert.ok(other !== null && existsSync(`/proc/${other}`));
});
