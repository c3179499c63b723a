import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataDirectory, obstaclesOf, type DataDirectory } from '../../../src/engine/postgres/data-directory.ts';
import { isUntouched } from '../../../src/engine/postgres/untouched.ts';
import { makeCluster, OWNER, postgresDirectory } from '../../support/postgres.ts';

const { signal } = new AbortController();
const template = postgresDirectory();
const CLUSTER = makeCluster(join(template.path, 'data'));
test.after(() => template[Symbol.dispose]());

interface Copy extends Disposable {
  readonly data: string;
  readonly beside: string;
}

/** A cluster of its own, to be damaged. */
function copied(): Copy {
  const temporary = postgresDirectory();
  const data = join(temporary.path, 'data');
  execFileSync('cp', ['-a', CLUSTER, data]);
  return { data, beside: temporary.path, [Symbol.dispose]: () => temporary[Symbol.dispose]() };
}

const stateOf = async (directory: string): Promise<DataDirectory> => await dataDirectory(directory, signal);

test('a whole cluster is valid, and says which one it is', async () => {
  using copy = copied();
  const found = await stateOf(copy.data);
  assert.ok(found.state === 'valid');
  assert.match(found.control.systemId, /^\d{19}$/);
  assert.equal(found.control.state, 'shut down');
  assert.equal(found.control.timeline, 1);
  assert.equal(found.control.checksums, true);
  assert.deepEqual(found.owner, OWNER);
  assert.equal(found.mode, 0o700);
  assert.deepEqual(obstaclesOf(copy.data, found, OWNER), []);
});

test('what `rm -rf DIR/*` leaves is empty, whatever its dot files say', async () => {
  using copy = copied();
  writeFileSync(join(copy.data, '.initialized'), 'yes');
  mkdirSync(join(copy.data, '.restored'));
  execFileSync('sh', ['-c', 'rm -rf "$1"/*', 'sh', copy.data]);
  mkdirSync(join(copy.data, 'lost+found'));
  assert.equal((await stateOf(copy.data)).state, 'empty');
});

test('nothing is absent, and a link to nothing is not known', async () => {
  using temporary = postgresDirectory();
  assert.equal((await stateOf(join(temporary.path, 'data'))).state, 'absent');
  symlinkSync(join(temporary.path, 'not-mounted'), join(temporary.path, 'data'));
  const found = await stateOf(join(temporary.path, 'data'));
  assert.ok(found.state === 'unknown');
  assert.match(found.why, /not-mounted, where nothing is/);
});

const DAMAGES: Record<string, { damage: (copy: Copy) => void; why: RegExp }> = {
  'without PG_VERSION': { damage: ({ data }) => rmSync(join(data, 'PG_VERSION')), why: /PG_VERSION is missing/ },
  'without a control file': {
    damage: ({ data }) => rmSync(join(data, 'global/pg_control')),
    why: /global\/pg_control is missing/,
  },
  'with an empty control file': {
    damage: ({ data }) => truncateSync(join(data, 'global/pg_control')),
    why: /^global\/pg_control: /,
  },
  'with a control file of other bytes': {
    damage: ({ data }) => writeFileSync(join(data, 'global/pg_control'), Buffer.alloc(8192, 7)),
    why: /^global\/pg_control: its checksum/,
  },
  'without its log': {
    damage: ({ data }) => rmSync(join(data, 'pg_wal'), { recursive: true }),
    why: /pg_wal is missing/,
  },
  'with a version that is none': {
    damage: ({ data }) => writeFileSync(join(data, 'PG_VERSION'), '../../etc\n'),
    why: /does not name a version/,
  },
  'with a restore that was broken off': {
    damage: ({ data }) => {
      writeFileSync(join(data, 'backup.manifest'), '[backup]\n');
      rmSync(join(data, 'global/pg_control'));
    },
    why: /did not come to its end/,
  },
  'with a restore that was broken off in its last moment': {
    damage: ({ data }) => renameSync(join(data, 'global/pg_control'), join(data, 'global/pg_control.pgbackrest.tmp')),
    why: /did not come to its end/,
  },
  'that is something else': {
    damage: ({ data }) => {
      execFileSync('sh', ['-c', 'rm -rf "$1"/*', 'sh', data]);
      writeFileSync(join(data, 'photo.jpg'), 'x');
      writeFileSync(join(data, 'text.txt'), 'x');
    },
    why: /neither PG_VERSION nor global\/pg_control is there, but (photo\.jpg|text\.txt) and 1 more/,
  },
};

for (const [what, { damage, why }] of Object.entries(DAMAGES)) {
  test(`a directory ${what} is partial`, async () => {
    using copy = copied();
    damage(copy);
    const found = await stateOf(copy.data);
    assert.ok(found.state === 'partial', found.state);
    assert.match(found.why, why);
  });
}

test('a log and tablespaces elsewhere are named, and what is not there of them is an obstacle', async () => {
  using copy = copied();
  const [wal, space, lost] = ['wal', 'space', 'lost'].map((name) => join(copy.beside, name)) as [string, string, string];
  renameSync(join(copy.data, 'pg_wal'), wal);
  symlinkSync('../wal', join(copy.data, 'pg_wal'));
  mkdirSync(space);
  symlinkSync(space, join(copy.data, 'pg_tblspc/16384'));
  symlinkSync(lost, join(copy.data, 'pg_tblspc/16385'));
  const found = await stateOf(copy.data);
  assert.ok(found.state === 'valid');
  assert.equal(found.wal, wal);
  assert.deepEqual(Object.fromEntries(found.tablespaces), { 16384: space, 16385: lost });
  assert.deepEqual(found.missing, [lost]);
  assert.match(obstaclesOf(copy.data, found, OWNER).join(), /lost, where a part of it is kept, is not there/);
});

test('another owner and an open mode are obstacles', async () => {
  using copy = copied();
  chmodSync(copy.data, 0o755);
  const found = await stateOf(copy.data);
  assert.ok(found.state === 'valid');
  const obstacles = obstaclesOf(copy.data, found, { uid: OWNER.uid + 1, gid: OWNER.gid });
  assert.equal(obstacles.length, 2);
  assert.match(
    obstacles.join(),
    /it belongs to user \d+, and the server runs as user \d+: chown -R \d+:\d+ \S+,its mode is 0755.*: chmod 0700 /,
  );
});

test('a version whose programs are not installed is not known, with the package to install', async () => {
  using copy = copied();
  cpSync(join(copy.data, 'PG_VERSION'), join(copy.data, 'PG_VERSION.old'));
  writeFileSync(join(copy.data, 'PG_VERSION'), '99\n');
  const found = await stateOf(copy.data);
  assert.ok(found.state === 'unknown');
  assert.match(found.why, /the server programs of version 99 are not installed/);
  assert.match(found.cause?.hint ?? '', /apt install postgresql-99/);
});

test('a cluster in which nothing was made is told apart, by its files alone', async () => {
  const ask = async (change: (base: string) => void, tablespaces = new Map<string, string>()): Promise<boolean> => {
    using copy = copied();
    change(join(copy.data, 'base'));
    return await isUntouched(copy.data, { tablespaces });
  };
  assert.equal(await ask(() => {}), true);
  assert.equal(await ask((base) => writeFileSync(join(base, '1', '16384_fsm'), '')), false);
  assert.equal(await ask((base) => mkdirSync(join(base, '16385'))), false);
  assert.equal(await ask(() => {}, new Map([['16390', '/fast']])), false);
  assert.equal(await ask((base) => rmSync(base, { recursive: true })), false);
});
