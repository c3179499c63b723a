import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostgresConfig } from '../../src/config/configuration.ts';
import { accepted, assertSays, BASE, errorsOf, warningsOf } from './support/files.ts';
import { hours, minutes } from './support/units.ts';

const server = (keys: string): string =>
  `${BASE}services:\n  db: {postgres: {engine: pgbackrest, dataDir: /var/lib/postgresql/16/main, ${keys}}}\n`;
const REPOSITORY = 'path: /mnt/nas/pgbackrest, mounted: /mnt/nas';

async function postgres(text: string): Promise<PostgresConfig> {
  const found = (await accepted(text)).services.get('db')?.postgres;
  assert.ok(found);
  return found;
}

test('a server that says nothing but where it is has a stanza of its own name and backups every day', async () => {
  const { stanza, user, port, repositories, schedule, compress } = await postgres(server(''));
  assert.deepEqual(
    { stanza, user, port, repositories, compress },
    {
      stanza: 'db',
      user: 'postgres',
      port: 5432,
      repositories: [],
      compress: 'zst',
    },
  );
  assert.deepEqual(schedule, {
    full: { frequency: 'weekly', timeout: hours(12) },
    differential: null,
    incremental: { frequency: 'daily', timeout: hours(12) },
  });
});

test('a repository is kept as is recommended where it does not say otherwise', async () => {
  const [repository] = (await postgres(server(`repositories: [{${REPOSITORY}}]`))).repositories;
  assert.deepEqual(
    { ...repository, schedule: null },
    {
      key: 1,
      name: 'repo1',
      path: '/mnt/nas/pgbackrest',
      mounted: '/mnt/nas',
      location: 'onsite',
      medium: 'disk',
      cipherPassFile: null,
      bundle: true,
      block: null,
      retention: { full: 2, differential: null, archive: null },
      schedule: null,
    },
  );
});

test('a repository that says when it is written to says all of it; one that does not is written to as the server says', async () => {
  const own = '{path: /b, full: {frequency: monthly, timeout: 30m}}';
  const { repositories } = await postgres(server(`full: {}, differential: {}, repositories: [{path: /a}, ${own}]`));
  assert.deepEqual(
    repositories.map(({ schedule }) => schedule),
    [
      {
        full: { frequency: 'weekly', timeout: hours(12) },
        differential: { frequency: 'daily', timeout: hours(12) },
        incremental: null,
      },
      { full: { frequency: 'monthly', timeout: minutes(30) }, differential: null, incremental: null },
    ],
  );
});

test('a host with nothing but a PostgreSQL server needs no restic repository', async () => {
  const text = 'version: 1\nhost: h\nservices: {db: {postgres: {engine: pgbackrest, dataDir: /pg}}}\n';
  assert.deepEqual(await errorsOf(text), []);
});

const ERRORS: readonly (readonly [name: string, text: string, says: readonly string[]])[] = [
  [
    'a stanza that two servers have',
    `${BASE}services:\n  a: {postgres: {engine: pgbackrest, dataDir: /a, stanza: main}}\n  b: {postgres: {engine: pgbackrest, dataDir: /b, stanza: main}}\n`,
    ['services.b.postgres: another server has the stanza main (holdfast.yaml:8)'],
  ],
  [
    'a server that is declared twice',
    `${BASE}services:\n  a: {postgres: {engine: pgbackrest, dataDir: /a}}\n  b: {postgres: {engine: pgbackrest, dataDir: /a}}\n`,
    ['services.b.postgres.dataDir: this server is declared twice'],
  ],
  [
    'a repository inside of the data directory',
    server('repositories: [{path: /var/lib/postgresql/16/main/backup}]'),
    ['it lies inside of the data directory'],
  ],
  [
    'a repository around the data directory',
    server('repositories: [{path: /var/lib/postgresql}]'),
    ['the data directory (/var/lib/postgresql/16/main) lies inside of it'],
  ],
  [
    'two repositories in one place',
    server('repositories: [{path: /b}, {path: /b/}]'),
    ['repositories[1].path: it and repo1 (/b) are one place'],
  ],
  [
    'a mount that says nothing about the repository',
    server('repositories: [{path: /b, mounted: /mnt/nas}]'),
    ['the repository (/b) does not lie below /mnt/nas'],
  ],
  [
    'blocks without bundles',
    server('repositories: [{path: /b, bundle: false, block: true}]'),
    ['it needs bundle, which is switched off'],
  ],
  [
    'files in a repository that is called as one of pgBackRest',
    'version: 1\nrepositories: {repo1: {url: /r, passwordFile: /p}}\nservices: {db: {backup: {paths: [/a]}, postgres: {engine: pgbackrest, dataDir: /pg}}}\n',
    ['services.db.postgres: its files go to a repository called repo1'],
  ],
  [
    'or as a kind of backup, which its timers are named by',
    'version: 1\nrepositories: {full: {url: /r, passwordFile: /p}}\nservices: {db: {backup: {paths: [/a]}, postgres: {engine: pgbackrest, dataDir: /pg}}}\n',
    ['services.db.postgres: its files go to a repository called full'],
  ],
  ['root as the user', server('user: root'), ['neither PostgreSQL nor pgBackRest runs as root']],
  [
    'a secret among the options',
    server('options: {repo1-s3-key-secret: hunter2}'),
    [
      "services.db.postgres.options.repo1-s3-key-secret: 'repo1-s3-key-secret' cannot be a name here: this has a key of its own",
    ],
  ],
  [
    'an option that would add a line of its own',
    server('options: {log-path: "/a\\nrepo1-path=/b"}'),
    ["expected a value as pgBackRest's configuration has it"],
  ],
  [
    'what is for pgbackrest at another engine',
    `${BASE}services:\n  db: {postgres: {engine: dump, dataDir: /pg, stanza: main}}\n`,
    ['services.db.postgres.stanza: this is for pgbackrest, and the engine is dump'],
  ],
];

for (const [name, text, says] of ERRORS) {
  test(`refused of a PostgreSQL server: ${name}`, async () => {
    const found = await errorsOf(text);
    assertSays(found, says);
    assert.ok(!found.join().includes('hunter2'));
  });
}

test('files of the server among the paths of a service are warned of, unless they are excluded', async () => {
  const files = (exclude: string): string =>
    `${server('')}  files: {backup: {paths: [/var/lib/postgresql], exclude: [${exclude}]}}\n`;
  assertSays(await warningsOf(files('')), [
    'the files of the PostgreSQL server of db (/var/lib/postgresql/16/main) are in it',
  ]);
  assert.deepEqual(
    (await warningsOf(files("'/var/lib/postgresql/16/main'"))).filter((text) => text.includes('PostgreSQL')),
    [],
  );
});

test('an archive that may get older than the RPO is warned of', async () => {
  const text = `${BASE}services:\n  db: {protection: {rpo: 5m}, postgres: {engine: pgbackrest, dataDir: /pg, archiveWithin: 1h}}\n`;
  assertSays(await warningsOf(text), ['the newest moment may get 60m old, but at most 5m is promised']);
});

test("Debian's unit that runs no server stands for the instance that does", async () => {
  const unitOf = async (unit: string, dataDir: string): Promise<string | null | undefined> => {
    const text = `${BASE}services:\n  db: {unit: ${unit}, postgres: {engine: pgbackrest, dataDir: ${dataDir}}}\n`;
    return (await accepted(text)).services.get('db')?.unit;
  };
  assert.equal(await unitOf('postgresql.service', '/var/lib/postgresql/16/main/'), 'postgresql@16-main.service');
  assert.equal(await unitOf('postgresql.service', '/var/lib/postgresql/9.6/main'), 'postgresql@9.6-main.service');
  assert.equal(await unitOf('postgresql.service', '/var/lib/postgresql/16'), 'postgresql.service', 'as NixOS has it');
  assert.equal(await unitOf('pg.service', '/var/lib/postgresql/16/main'), 'pg.service');
});

const OFFSITE = `version: 1
repositories:
  far: {url: /far, passwordFile: /etc/hosts, location: offsite}
  near: {url: /near, passwordFile: /etc/hosts}
`;
const withCopy = (offsite: string, more = '', beside = ''): string =>
  `${OFFSITE}services:\n  db: {postgres: {engine: pgbackrest, dataDir: /pg/main, offsite: {${offsite}}, ${more}}, ${beside}}\n`;

test('an offsite copy is a backup of the first repository of pgBackRest into one of restic, as the defaults say', async () => {
  const text = withCopy('repository: far', 'repositories: [{path: /b1, cipherPassFile: /etc/hosts}, {path: /b2}]');
  const { backup } =
    (await accepted(`${text}defaults: {frequency: weekly, retention: {daily: 3}}\n`)).services.get('db') ?? {};
  assert.deepEqual(
    [backup?.paths, backup?.repositories, backup?.frequency, backup?.retention.daily],
    [['/b1'], ['far'], 'weekly', 3],
  );
  assert.deepEqual([backup?.serverCopy?.repository?.name, backup?.serverCopy?.cipherPassFile], ['repo1', '/etc/hosts']);
  const own = (await accepted(withCopy('repository: far, frequency: hourly'))).services.get('db')?.backup;
  assert.deepEqual([own?.paths, own?.frequency], [['/var/lib/pgbackrest'], 'hourly']);
});

test('a copy of what pgBackRest has not, beside files, of another engine or in the same house is told', async () => {
  assertSays(await errorsOf(withCopy('repository: far, path: /b3', 'repositories: [{path: /b1}]')), [
    'pgBackRest has no repository there; there is: /b1 (repo1)',
  ]);
  assertSays(await errorsOf(withCopy('repository: far', '', 'backup: {paths: [/etc/x]}')), [
    'files of db are backed up as well (backup): give those a service of their own',
  ]);
  assertSays(await errorsOf(withCopy('repository: far, path: /pg/main/copy')), ['lie one inside of the other']);
  assertSays(await errorsOf(withCopy('repository: far, path: /far/x')), ['this lies inside of the repository far (/far)']);
  const onsite = await warningsOf(withCopy('repository: near'));
  assert.match(onsite.join(), /near is onsite: a copy in it is none that a fire spares/);
});
