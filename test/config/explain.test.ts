import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type ExplainedValue, explainConfiguration, explainedJson, explainedYaml } from '../../src/config/explain.ts';
import { readConfiguration } from '../../src/config/load.ts';
import { BASE, makeFolder } from './support/files.ts';

const TEXT = `${BASE}defaults: {timeout: 45m, protection: {class: gold}}
protectionClasses:
  gold: {rpo: 30h}
services:
  app:
    backup: {paths: [/srv/app/], repository: nas}
`;

async function explained(text: string, options: { stateDir?: string; dropIn?: string } = {}): Promise<ExplainedValue[]> {
  using folder = makeFolder({
    'forge.yaml': text,
    ...(options.dropIn === undefined ? {} : { 'services.d/more.yaml': options.dropIn }),
  });
  const { entries, errors } = await readConfiguration({
    file: 'forge.yaml',
    stateDir: options.stateDir,
    cwd: folder.path,
    env: {},
    isRoot: true,
  });
  assert.ok(entries, errors.map(({ message }) => message).join('; '));
  return explainConfiguration(entries);
}

const originOf = (values: readonly ExplainedValue[], path: string): string | undefined =>
  values.find((value) => value.path.join('.') === path)?.origin;

test('each value says where it comes from', async () => {
  const values = await explained(TEXT);
  const expected = {
    host: 'forge.yaml:2',
    'repositories.nas.url': 'forge.yaml:5',
    'repositories.nas.location': 'built-in',
    'repositories.nas.medium': 'built-in: from the url',
    'services.app.backup.paths': 'forge.yaml:12',
    'services.app.backup.repositories': 'forge.yaml:12',
    'services.app.backup.timeout': 'defaults (forge.yaml:7)',
    'services.app.backup.frequency': 'built-in',
    'services.app.protection.class': 'defaults (forge.yaml:7)',
    'services.app.protection.rpo': 'class gold (forge.yaml:9)',
    'services.app.protection.rto': 'class standard (built-in)',
  };
  for (const [path, origin] of Object.entries(expected)) assert.equal(originOf(values, path), origin, path);
});

test('a value of a file in services.d names that file', async () => {
  const values = await explained(TEXT, { dropIn: 'services:\n  more:\n    backup: {paths: [/more]}\n' });
  assert.equal(originOf(values, 'services.more.backup.paths'), 'services.d/more.yaml:3');
  assert.equal(originOf(values, 'services.more.backup.timeout'), 'defaults (forge.yaml:7)');
});

test('an option on the command line is an origin of its own', async () => {
  assert.equal(originOf(await explained(TEXT, { stateDir: '/elsewhere' }), 'stateDir'), '--state-dir');
});

test('what is shown can be read again and means the same', async () => {
  const forge = readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/forge.yaml'), 'utf8');
  const odd = `${TEXT}  odd:
    unit: 'odd@1.service'
    backup:
      paths: ['/srv/with: colon', '/srv/#hash', "/srv/line\\nbreak", '/srv/ünï', "/srv/it's", '/srv/- dash', '/srv/{x}']
      tags: ['true', '1', '0x1f', '1e3', 'null', '~', 'no', '*', '&a', '', ' x ', '1.5', '@x', '%x', '1:30']
      exclude: ['*.tmp', '!keep', '# not a comment', '[ab]*', 'a,b', '? ', '- ']
`.replace(" '',", '');
  for (const text of [forge, TEXT, odd]) {
    using folder = makeFolder({ 'a.yaml': text });
    const options = { cwd: folder.path, env: {}, isRoot: true };
    const first = await readConfiguration({ ...options, file: 'a.yaml' });
    assert.ok(first.entries, first.errors.map(({ path, message }) => `${path} ${message}`).join('; '));
    folder.write('b.yaml', explainedYaml(explainConfiguration(first.entries)));
    const second = await readConfiguration({ ...options, file: 'b.yaml' });
    assert.deepEqual(second.errors, []);
    assert.deepEqual(
      { ...second.configuration, files: [], portable: '', warnings: [] },
      { ...first.configuration, files: [], portable: '', warnings: [] },
    );
  }
});

test('the JSON form has the values as a tree and the origins by path', async () => {
  const { configuration, origins } = explainedJson(await explained(TEXT));
  assert.equal(origins['services.app.backup.timeout'], 'defaults (forge.yaml:7)');
  const services = configuration['services'] as { app: { backup: { paths: string[]; timeout: string } } };
  assert.deepEqual(services.app.backup.paths, ['/srv/app']);
  assert.equal(services.app.backup.timeout, '45m');
});

test('values inside of the items of a list name their origins one by one', () => {
  const values: ExplainedValue[] = [
    { path: ['gate', 'a', 'stages', 0, 'name'], value: 'first', origin: 'x:1' },
    { path: ['gate', 'a', 'stages', 0, 'units'], value: ['u.service'], origin: 'x:2' },
    { path: ['gate', 'a', 'stages', 1, 'name'], value: 'second', origin: 'x:3' },
    { path: ['gate', 'b', 'stages', 0, 'deep', 0, 'in', 'here'], value: 1, origin: 'x:4' },
  ];
  assert.deepEqual(explainedYaml(values).replaceAll(/ +#/g, ' #').split('\n'), [
    'gate:',
    '  a:',
    '    stages:',
    '      - name: first # x:1',
    '        units: [u.service] # x:2',
    '      - name: second # x:3',
    '  b:',
    '    stages:',
    '      - deep:',
    '          - in:',
    '              here: 1 # x:4',
    '',
  ]);
  assert.deepEqual(explainedJson(values), {
    configuration: {
      gate: {
        a: { stages: [{ name: 'first', units: ['u.service'] }, { name: 'second' }] },
        b: { stages: [{ deep: [{ in: { here: 1 } }] }] },
      },
    },
    origins: {
      'gate.a.stages[0].name': 'x:1',
      'gate.a.stages[0].units': 'x:2',
      'gate.a.stages[1].name': 'x:3',
      'gate.b.stages[0].deep[0].in.here': 'x:4',
    },
  });
});

test('a password in a URL is never shown', async () => {
  const values = await explained(TEXT.replace('https://host', 'https://me:hunter2@host'));
  assert.doesNotMatch(explainedYaml(values), /hunter2/);
  assert.doesNotMatch(JSON.stringify(explainedJson(values)), /hunter2/);
  assert.match(explainedYaml(values), /me:\*\*\*@host/);
});

test('every value of the example names its origin, those of classes and long sections too', async () => {
  const yaml = explainedYaml(
    await explained(readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/forge.yaml'), 'utf8')),
  );
  assert.match(yaml, /^ {4}rpo: 1h +# forge\.yaml:35$/m);
  assert.match(yaml, /^ {2}ephemeral: \{copies: 0\} +# forge\.yaml:37$/m);
  const bare = yaml.split('\n').filter((line) => line !== '' && !/ # \S|:$|^ *- /.test(line));
  assert.deepEqual(bare, []);
});
