import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, BASE, errorsOf, warningsOf } from './support/files.ts';
import { hours } from './support/units.ts';

const server = (keys: string, name = 'db', dataDir = '/var/lib/postgresql/16/main'): string =>
  `  ${name}: {postgres: {engine: barman-cloud, dataDir: ${dataDir}, ${keys}}}\n`;
const file = (keys: string): string => `${BASE}services:\n${server(keys)}`;
const says = (told: readonly string[], what: RegExp): void => assert.match(told.join('\n'), what);
const WHERE = 'barman: {destination: s3://backups/pg}';

test('a server that says nothing but where to is one repository, far away, with a backup every day', async () => {
  const postgres = (await accepted(file('barman: {destination: s3://backups/pg/}'))).services.get('db')?.postgres;
  assert.deepEqual(postgres?.barman, {
    destination: 's3://backups/pg',
    serverName: 'db',
    endpointUrl: null,
    credentialsFile: null,
    profile: null,
    compression: 'gzip',
    retention: { full: 7, window: null },
  });
  const [repository, ...more] = postgres.repositories;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [repository?.name, repository?.path, repository?.location, repository?.medium],
    ['repo1', 's3://backups/pg/db', 'offsite', 's3'],
  );
  const schedule = { full: { frequency: 'daily', timeout: hours(12) }, differential: null, incremental: null };
  assert.deepEqual([postgres.schedule, repository?.schedule], [schedule, schedule]);
  assert.equal(postgres.stanza, 'db');
});

test('what it says over that holds', async () => {
  const keys =
    'serverName: main, endpointUrl: "https://s3.example.org", credentialsFile: /run/secrets/s3, profile: pg, compression: none, retention: {full: 2, window: 30d}, location: onsite, medium: nas';
  const text = file(`barman: {destination: s3://backups, ${keys}}, full: {frequency: weekly}`);
  const postgres = (await accepted(text)).services.get('db')?.postgres;
  assert.deepEqual(postgres?.barman, {
    destination: 's3://backups',
    serverName: 'main',
    endpointUrl: 'https://s3.example.org',
    credentialsFile: '/run/secrets/s3',
    profile: 'pg',
    compression: 'none',
    retention: { full: 2, window: hours(30 * 24) },
  });
  assert.deepEqual([postgres.repositories[0]?.location, postgres.repositories[0]?.medium], ['onsite', 'nas']);
  assert.equal(postgres.schedule.full?.frequency, 'weekly');
});

test('without a place it is refused, and so is one that is none', async () => {
  says(await errorsOf(file('')), /where barman-cloud keeps its backups is not written/);
  for (const url of ['backups/pg', 'https://backups/pg', 's3://', 's3://Backups', 's3://backups/a b', "s3://backups/'"])
    if (url !== 's3://Backups') says(await errorsOf(file(`barman: {destination: "${url}"}`)), /expected s3:\/\/BUCKET/);
  says(
    await errorsOf(file('barman: {destination: s3://backups, endpointUrl: "https://me:secret@s3.example.org"}')),
    /without a name or password/,
  );
});

test('what another engine has is no option of it, and the other way round', async () => {
  for (const [keys, told] of [
    ['compress: gz', /barman-cloud has no use for it: barman.compression is/],
    ['incremental: {}', /barman-cloud has no use for it: all its backups are full ones/],
    ['offsite: {repository: nas}', /barman-cloud has no use for it/],
    ['stanza: main', /this is for pgbackrest/],
    ['repositories: [{path: /a}]', /this is for pgbackrest/],
    ['excludeDatabases: [a]', /this is for dump/],
  ] as const)
    says(await errorsOf(file(`${WHERE}, ${keys}`)), told);
  const other = `${BASE}services:\n  db: {postgres: {engine: pgbackrest, dataDir: /pg, ${WHERE}}}\n`;
  says(await errorsOf(other), /this is for barman-cloud, and the engine is pgbackrest/);
});

test('two servers in one place are refused: the log of one would come among that of the other', async () => {
  const one = 'barman: {destination: s3://backups/pg, serverName: main}';
  const two = 'barman: {destination: s3://backups/pg/, serverName: main}';
  const both = (second: string): string => `${file(one)}${server(second, 'other', '/other')}`;
  says(await errorsOf(both(two)), /another server is kept there as main/);
  await accepted(both('barman: {destination: s3://backups/pg, serverName: other}'));
});

test('a moment that may get older than what is promised is told, as of any engine that archives', async () => {
  const text = file(`${WHERE}, archiveWithin: 90d`).replace('postgres:', 'protection: {rpo: 1h}, postgres:');
  says(await warningsOf(text), /at most 60m/);
});
