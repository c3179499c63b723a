import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { defaultCacheDirectory } from '../../src/config/cache.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration, type LoadOptions } from '../../src/config/load.ts';
import { BASE, type Folder, makeFolder } from './support/files.ts';

const TEXT = `${BASE}services: {app: {backup: {paths: [/srv/app], frequency: weekly}}}
gate: {default: {stages: [{name: All, jobs: [app]}]}}
`;

/** With whatever a service can have that is no plain text or number. */
const SERVER = `services:
  db: {postgres: {engine: pgbackrest, dataDir: /pg, repositories: [{path: /r}], options: {archive-async: 'y'}}}
`;

const load = (folder: Folder, options: Partial<LoadOptions> = {}): Promise<Configuration> =>
  loadConfiguration({
    file: 'holdfast.yaml',
    cwd: folder.path,
    env: {},
    isRoot: true,
    cacheDirectory: `${folder.path}/cache`,
    ...options,
  });

const cacheFile = (folder: Folder): string => `${folder.path}/cache/configuration.json`;

/** Changes what is remembered, to see whether it is what is used. */
function mark(folder: Folder): void {
  const stored = JSON.parse(readFileSync(cacheFile(folder), 'utf8')) as { configuration: { host: string } };
  stored.configuration.host = 'remembered';
  writeFileSync(cacheFile(folder), JSON.stringify(stored));
}

test('an unchanged configuration is remembered, and means the same', async () => {
  using folder = makeFolder({ 'holdfast.yaml': TEXT, 'services.d/b.yaml': SERVER });
  const first = await load(folder);
  assert.deepEqual(await load(folder), first);
  assert.equal(first.warnings.length, 1, 'warnings are remembered too');
  mark(folder);
  assert.equal((await load(folder)).host, 'remembered');
});

const CHANGES: readonly (readonly [what: string, change: (folder: Folder) => Partial<LoadOptions> | void])[] = [
  ['the text', (folder) => void folder.write('holdfast.yaml', `${TEXT}# more\n`)],
  [
    'a new file in services.d',
    (folder) => void folder.write('services.d/b.yaml', 'services: {b: {backup: {paths: [/b]}}}\n'),
  ],
  ['--state-dir', () => ({ stateDir: '/elsewhere' })],
  ['another user', () => ({ isRoot: false, env: { HOME: '/home/me' } })],
  ['another file', (folder) => ({ file: folder.write('other.yaml', TEXT) })],
  ['a cache that others may write', (folder) => chmodSync(cacheFile(folder), 0o666)],
  ['a damaged cache', (folder) => writeFileSync(cacheFile(folder), '{"identity": 7}')],
  ['a truncated cache', (folder) => writeFileSync(cacheFile(folder), readFileSync(cacheFile(folder)).subarray(0, 500))],
];

for (const [what, change] of CHANGES) {
  test(`${what} makes it be read again`, async () => {
    using folder = makeFolder({ 'holdfast.yaml': TEXT });
    await load(folder);
    mark(folder);
    assert.equal((await load(folder)).host, 'remembered', 'the mark is seen while nothing changed');
    const options = change(folder) ?? {};
    assert.equal((await load(folder, options)).host, 'forge');
    assert.deepEqual((await load(folder, options)).host, 'forge');
  });
}

test('a password file that was opened to everybody is told although the configuration is remembered', async () => {
  using folder = makeFolder();
  const password = folder.write('password', 'secret\n');
  chmodSync(password, 0o600);
  folder.write(
    'holdfast.yaml',
    `version: 1\nrepositories: {a: {url: /r, passwordFile: ${password}}}\nservices: {b: {backup: {paths: [/b]}}}\n`,
  );
  assert.deepEqual((await load(folder)).warnings, []);
  chmodSync(password, 0o644);
  const { warnings } = await load(folder);
  assert.deepEqual(
    warnings.map(({ path, line }) => [path, line]),
    [['repositories.a.passwordFile', 2]],
  );
  chmodSync(password, 0o600);
  assert.deepEqual((await load(folder)).warnings, []);
});

test('nobody else can read what is remembered', async () => {
  using folder = makeFolder({ 'holdfast.yaml': TEXT });
  await load(folder);
  assert.equal(statSync(cacheFile(folder)).mode & 0o777, 0o600);
});

test('a wrong configuration is never remembered, and a cache that cannot be written is no error', async () => {
  using folder = makeFolder({ 'holdfast.yaml': `${TEXT}hsot: x\n`, 'good.yaml': TEXT });
  await assert.rejects(load(folder), /unknown key 'hsot'/);
  assert.equal(existsSync(cacheFile(folder)), false);
  mkdirSync(`${folder.path}/cache`);
  writeFileSync(`${folder.path}/cache/file`, '');
  assert.equal((await load(folder, { file: 'good.yaml', cacheDirectory: `${folder.path}/cache/file/below` })).host, 'forge');
});

test('running from source remembers nothing', () => {
  assert.equal(defaultCacheDirectory({ HOME: '/home/me' }), undefined);
});
