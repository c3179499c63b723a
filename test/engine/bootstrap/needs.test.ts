import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfiguration } from '../../../src/config/load.ts';
import { needsOf } from '../../../src/engine/bootstrap/needs.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('a PostgreSQL server needs the passphrase and the mount of its repositories, and a place for its data', async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'holdfast.yaml');
  const at = (name: string): string => join(directory.path, name);
  const repositories = [{ path: at('nas/pg'), mounted: at('nas'), cipherPassFile: at('passphrase') }];
  const postgres = { engine: 'pgbackrest', dataDir: at('postgresql/17/main'), repositories };
  writeFileSync(file, JSON.stringify({ version: 1, host: 'forge', services: { db: { postgres } } }));
  const config = await loadConfiguration({ file, isRoot: true, env: {}, cwd: '/' });
  assert.deepEqual(await needsOf(config, new AbortController().signal), [
    { kind: 'secret', at: at('passphrase'), what: 'the passphrase of repo1 of db', state: 'missing' },
    { kind: 'mount', at: at('nas'), what: 'repo1 of db', state: 'missing' },
    { kind: 'directory', at: at('postgresql/17'), what: 'db', state: 'missing' },
  ]);
});

test('and the credentials of a bucket', async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'holdfast.yaml');
  const credentialsFile = join(directory.path, 's3');
  const barman = { destination: 's3://backups/pg', retention: { full: 7 }, credentialsFile };
  const postgres = { engine: 'barman-cloud', dataDir: directory.path, barman };
  writeFileSync(file, JSON.stringify({ version: 1, host: 'forge', services: { db: { postgres } } }));
  const config = await loadConfiguration({ file, isRoot: true, env: {}, cwd: '/' });
  const [need] = await needsOf(config, new AbortController().signal);
  assert.deepEqual(need, {
    kind: 'secret',
    at: credentialsFile,
    what: 'the credentials of barman-cloud of db',
    state: 'missing',
  });
});
