import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfiguration, recommendations } from '../../../src/engine/postgres/recommendations.ts';
import { parseConfiguration } from '../../../src/tools/pgbackrest/configuration.ts';
import { parseVersion } from '../../../src/tools/pgbackrest/version.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const OLD = parseVersion('pgBackRest 2.45', 'pgbackrest');
const NEW = parseVersion('pgBackRest 2.46', 'pgbackrest');
const told = (text: string, version = NEW): string[] =>
  recommendations(parseConfiguration(text), 'main', version).map((each) => each.split(' ')[0] ?? '');

test('what is worth having and is not there is recommended, for each repository', () => {
  const text = '[global]\nrepo1-path=/a\nrepo1-bundle=y\n[main]\npg1-path=/d\nrepo2-path=/b\n';
  assert.deepEqual(told(text), ['repo1-block=y', 'repo2-bundle=y', 'repo2-block=y', 'compress-type=zst']);
  assert.deepEqual(told(text, OLD), ['repo2-bundle=y', 'compress-type=zst'], 'blocks are not for 2.45');
});

test('nothing is recommended where it is there, nor where nothing is known', () => {
  assert.deepEqual(told('[global]\nrepo1-path=/a\nrepo1-bundle=y\nrepo1-block=y\ncompress-type=lz4\n'), []);
  assert.deepEqual(told('[global]\nrepo1-path=/a\nrepo1-bundle=y\nrepo1-block=y\n[other]\ncompress-type=zst\n'), [
    'compress-type=zst',
  ]);
  assert.deepEqual(told(''), []);
});

test('what is said for one stanza holds over what is said for all, wherever it stands', async () => {
  using directory = temporaryDirectory();
  const configFile = join(directory.path, 'pgbackrest.conf');
  writeFileSync(
    configFile,
    '[main]\ncompress-type=zst\n[global]\nrepo1-path=/a\nrepo1-bundle=y\nrepo1-block=y\ncompress-type=gz\n',
  );
  assert.deepEqual(recommendations(await readConfiguration({ configFile }), 'main', NEW), []);
  assert.deepEqual(await readConfiguration({ configFile: join(directory.path, 'gone') }), []);
});
