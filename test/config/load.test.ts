import assert from 'node:assert/strict';
import { chmodSync, symlinkSync } from 'node:fs';
import { NO_LIMITS } from '../../src/config/resolve-units.ts';
import { test } from 'node:test';
import { findConfigurationFile } from '../../src/config/find-file.ts';
import { loadConfiguration, type LoadOptions } from '../../src/config/load.ts';
import { exitCodeOf } from '../../src/domain/exit-code.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { accepted, assertSays, BASE, makeFolder, read, short } from './support/files.ts';
import { hours, minutes } from './support/units.ts';

const MINIMAL = `version: 1
repositories:
  disk: {url: /mnt/disk/restic, passwordFile: /etc/holdfast/password}
services:
  notes: {backup: {paths: [/home/me/notes/]}}
`;

test('ten lines are enough, and everything else has a default', async () => {
  const configuration = await accepted(MINIMAL);
  assert.deepEqual(configuration.services.get('notes'), {
    name: 'notes',
    unit: null,
    backup: {
      paths: ['/home/me/notes'],
      repositories: ['disk'],
      frequency: 'daily',
      randomizedDelay: null,
      timeout: hours(12),
      exclude: [],
      tags: [],
      retention: { last: 0, hourly: 0, daily: 7, weekly: 4, monthly: 6, yearly: 0, within: null, tags: [] },
      databases: [],
      dumps: null,
      useSnapshots: false,
      zfsDataset: null,
      resources: NO_LIMITS,
      allowEmpty: false,
      hooks: { before: [], after: [] },
    },
    postgres: null,
    mariadb: null,
    protection: {
      class: 'standard',
      rpo: hours(26),
      offsiteRpo: hours(50),
      rto: hours(4),
      copies: 3,
      media: 2,
      offsite: 1,
      verifiedWithin: hours(32 * 24),
      drilledWithin: hours(32 * 24),
      allowEmptyStart: false,
      validators: [],
    },
    recover: { beforeStart: false, sources: ['repository'], timeout: null, onFailure: 'block' },
    migrate: { keepOld: hours(48), healthUrl: null, healthWithin: minutes(1) },
  });
  assert.deepEqual(configuration.repositories.get('disk'), {
    name: 'disk',
    url: '/mnt/disk/restic',
    password: { kind: 'file', path: '/etc/holdfast/password' },
    environmentFile: null,
    primary: true,
    location: 'onsite',
    medium: 'disk',
    mounted: null,
    minFree: null,
    concurrency: 1,
    limits: { upload: null, download: null },
    frequency: null,
    pruneEvery: hours(7 * 24),
  });
  assert.equal(configuration.stateDir, '/var/lib/holdfast');
  assert.notEqual(configuration.host, '');
});

test('JSON is read like YAML', async () => {
  const json = {
    version: 1,
    host: 'h',
    repositories: { disk: { url: '/mnt/disk/restic', passwordCommand: ['pass', 'show'] } },
  };
  const configuration = await accepted(JSON.stringify(json));
  assert.deepEqual(configuration.repositories.get('disk')?.password, { kind: 'command', argv: ['pass', 'show'] });
});

test('$schema is for editors and x-* for anchors: neither means anything, and both stand at the top only', async () => {
  const backup = '{paths: [/srv/a], repository: nas}';
  const { services } = await accepted(
    `$schema: holdfast.schema.json\nx-backup: &backup ${backup}\n${BASE}services: {a: {backup: *backup}}\n`,
    { 'b.yaml': `x-b: 1\n$schema: s.json\nservices: {b: {backup: ${backup.replace('/a', '/b')}}}\n` },
  );
  assert.deepEqual([...services.keys()], ['a', 'b']);
  const { errors } = await read(`${BASE}services: {a: {x-b: 1, backup: ${backup}}}\n`);
  assertSays(errors.map(short), ["services.a.x-b: unknown key 'x-b'"]);
});

test('a merge key takes over the keys of an anchor', async () => {
  const configuration = await accepted(
    `${BASE}services:\n  a: {backup: &b {paths: [/a], frequency: hourly}}\n  b: {backup: {<<: *b, paths: [/b]}}\n`,
  );
  assert.equal(configuration.services.get('b')?.backup?.frequency, 'hourly');
  assert.deepEqual(configuration.services.get('b')?.backup?.paths, ['/b']);
});

test('the first repository is the primary one unless another says so', async () => {
  const primary = async (text: string): Promise<string[]> =>
    [...(await accepted(text)).repositories.values()].filter((repository) => repository.primary).map(({ name }) => name);
  assert.deepEqual(await primary(BASE), ['nas']);
  assert.deepEqual(await primary(BASE.replace('location: offsite', 'primary: true')), ['away']);
});

test('prune has a cadence of its own, or none', async () => {
  const every = async (prune: string): Promise<unknown> =>
    (
      await accepted(`version: 1\nrepositories: {a: {url: /r, passwordFile: /p, prune: {every: ${prune}}}}\n`)
    ).repositories.get('a')?.pruneEvery;
  assert.equal(await every('2d'), hours(48));
  assert.equal(await every('never'), null);
});

test('a systemd credential is a source of the password', async () => {
  const configuration = await accepted('version: 1\nrepositories: {a: {url: /r, credential: restic-password}}\n');
  assert.deepEqual(configuration.repositories.get('a')?.password, { kind: 'credential', name: 'restic-password' });
});

test('a service that names databases only is backed up by their files', async () => {
  const { services } = await accepted(`${BASE}services: {a: {backup: {databases: [{type: sqlite, path: /srv/a.db}]}}}\n`);
  assert.deepEqual(services.get('a')?.backup?.paths, ['/srv/a.db']);
});

test('a hook in the long form has its own time limit', async () => {
  const { services } = await accepted(
    `${BASE}services: {a: {backup: {paths: [/a], hooks: {after: [{command: [/bin/true], timeout: 1m}, [/bin/x, y]]}}}}\n`,
  );
  assert.deepEqual(services.get('a')?.backup?.hooks.after, [
    { argv: ['/bin/true'], timeout: minutes(1) },
    { argv: ['/bin/x', 'y'], timeout: minutes(5) },
  ]);
});

test('protection is put together from the service, the defaults of the same class, the class and what is built in', async () => {
  const { services } = await accepted(`${BASE}
protectionClasses:
  standard: {rto: 3h}
  silver: {rpo: 12h}
  scratch: {copies: 0}
defaults: {protection: {class: standard, offsiteRpo: 60h, allowEmptyStart: true}}
services:
  plain: {backup: {paths: [/plain]}}
  own: {backup: {paths: [/own]}, protection: {rpo: 30h, allowEmptyStart: false}}
  other: {backup: {paths: [/other]}, protection: {class: critical}}
  silver: {backup: {paths: [/silver], frequency: hourly}, protection: {class: silver}}
  scratch: {protection: {class: scratch}}
`);
  const of = (name: string) => services.get(name)?.protection;
  assert.deepEqual(
    [of('plain')?.rpo, of('plain')?.offsiteRpo, of('plain')?.rto, of('plain')?.allowEmptyStart],
    [hours(26), hours(60), hours(3), true],
  );
  assert.deepEqual([of('own')?.rpo, of('own')?.offsiteRpo, of('own')?.allowEmptyStart], [hours(30), hours(60), false]);
  assert.deepEqual(
    [of('other')?.rpo, of('other')?.offsiteRpo],
    [hours(1), hours(26)],
    'the promises of the defaults are for their own class',
  );
  assert.deepEqual(
    [of('silver')?.rpo, of('silver')?.copies, of('silver')?.rto],
    [hours(12), 3, hours(4)],
    'a new class leans on standard',
  );
  assert.deepEqual([of('scratch')?.copies, of('scratch')?.rpo], [0, null], 'a class that keeps nothing owes nothing');
});

test('services.d adds services, in the order of the file names', async () => {
  const configuration = await accepted(MINIMAL, {
    'b.yml': 'services: {b: {backup: {paths: [/b]}}}\n',
    'a.json': '{"version": 1, "services": {"a": {"backup": {"paths": ["/a"]}}}}',
    'ignored.txt': 'not yaml: [',
    '.hidden.yaml': 'not yaml: [',
  });
  assert.deepEqual([...configuration.services.keys()], ['notes', 'a', 'b']);
  assert.deepEqual(
    configuration.files.map((file) => file.replace(/.*\//, '')),
    ['holdfast.yaml', 'a.json', 'b.yml'],
  );
});

test('a service that is declared in two files is an error that names both places', async () => {
  const { errors } = await read(MINIMAL, { 'a.yaml': 'services:\n  notes: {backup: {paths: [/b]}}\n' });
  assertSays(errors.map(short), ['2:3 services.notes: the service is declared twice, first in holdfast.yaml:5']);
  assert.match(errors[0]?.file ?? '', /services\.d\/a\.yaml$/);
});

test('a problem of a service from services.d is told in its own file', async () => {
  const { errors } = await read(MINIMAL, { 'a.yaml': 'services:\n  x: {backup: {paths: [/x], repository: dsk}}\n' });
  assertSays(errors.map(short), ["2:29 services.x.backup.repository: there is no repository 'dsk'; did you mean 'disk'?"]);
  assert.match(errors[0]?.file ?? '', /a\.yaml$/);
});

test('the lookup goes from --config over the environment and the working directory to the home', () => {
  using folder = makeFolder({ 'cwd/holdfast.yaml': MINIMAL, 'home/.config/holdfast/holdfast.yaml': MINIMAL, 'empty/x': '' });
  const at = (name: string): string => `${folder.path}/${name}`;
  const env = { HOME: at('home'), HOLDFAST_CONFIG: at('env.yaml') };
  assert.equal(findConfigurationFile({ file: 'given.yaml', cwd: at('cwd'), env, isRoot: false }), at('cwd/given.yaml'));
  assert.equal(findConfigurationFile({ cwd: at('cwd'), env, isRoot: false }), at('env.yaml'));
  assert.equal(findConfigurationFile({ cwd: at('cwd'), env: { HOME: at('home') }, isRoot: false }), at('cwd/holdfast.yaml'));
  assert.equal(
    findConfigurationFile({ cwd: at('empty'), env: { HOME: at('home') }, isRoot: false }),
    at('home/.config/holdfast/holdfast.yaml'),
  );
  assert.equal(
    findConfigurationFile({
      cwd: at('empty'),
      env: { HOME: at('empty'), XDG_CONFIG_HOME: at('home/.config') },
      isRoot: false,
    }),
    at('home/.config/holdfast/holdfast.yaml'),
  );
});

test('a working directory that may not be entered holds none, and a place that may not is told, by an error of its own', () => {
  using folder = makeFolder({ 'closed/holdfast.yaml': MINIMAL, 'home/.config/holdfast/holdfast.yaml': MINIMAL });
  const at = (name: string): string => `${folder.path}/${name}`;
  const asNobody = (): string => {
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      return findConfigurationFile({ cwd: at('closed'), env: { HOME: at('home') }, isRoot: false });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  };
  chmodSync(folder.path, 0o755);
  chmodSync(at('closed'), 0o600);
  assert.equal(asNobody(), at('home/.config/holdfast/holdfast.yaml'));
  chmodSync(at('closed'), 0o700);
});

test('a file that nothing can be said of is a configuration error, no bug', async () => {
  using folder = makeFolder();
  symlinkSync('loop.yaml', `${folder.path}/loop.yaml`);
  await assert.rejects(
    loadConfiguration({ file: 'loop.yaml', cwd: folder.path, env: {}, isRoot: false }),
    (error) => error instanceof HoldfastError && exitCodeOf(error.code) === 78 && /loop\.yaml: .*ELOOP/.test(error.message),
  );
});

test('no configuration anywhere names every place that was looked at, and the way on', (context) => {
  using folder = makeFolder();
  const find = (isRoot: boolean): string =>
    findConfigurationFile({ cwd: folder.path, env: { HOME: '/home/nobody' }, isRoot });
  const tells = (home: boolean) => (error: unknown) => {
    assert.ok(error instanceof HoldfastError);
    assert.equal(exitCodeOf(error.code), 78);
    for (const place of ['--config', '$HOLDFAST_CONFIG', `${folder.path}/holdfast.yaml`, '/etc/holdfast/holdfast.yaml'])
      assert.ok(error.message.includes(place), place);
    assert.equal(error.message.includes('/home/nobody/.config/holdfast/holdfast.yaml'), home);
    assert.match(error.hint ?? '', /holdfast demo/);
    return true;
  };
  try {
    context.diagnostic(`this machine has ${find(true)}`);
  } catch {
    assert.throws(() => find(true), tells(false));
    assert.throws(() => find(false), tells(true));
  }
});

test('standard input is read with --config -, and no more of it than a configuration may have', async () => {
  const options = (stdin: AsyncIterable<string>): LoadOptions => ({ file: '-', stdin, cwd: '/', env: {}, isRoot: true });
  const configuration = await loadConfiguration(options(ReadableStream.from([MINIMAL.slice(0, 50), MINIMAL.slice(50)])));
  assert.deepEqual([...configuration.services.keys()], ['notes']);
  assert.deepEqual(configuration.files, ['<standard input>']);
  let chunks = 0;
  async function* endless(): AsyncGenerator<string> {
    for (;;) {
      chunks += 1;
      yield 'x'.repeat(10_000);
    }
  }
  await assert.rejects(loadConfiguration(options(endless())), /larger than 512 KiB/);
  assert.ok(chunks < 60, `${chunks} chunks were read`);
});

test('the state directory is that of --state-dir, then of the file, then of the user', async () => {
  using folder = makeFolder({ 'plain.yaml': MINIMAL, 'own.yaml': `${MINIMAL}stateDir: /srv/state/\n` });
  const stateDir = async (options: Partial<LoadOptions>): Promise<string> =>
    (await loadConfiguration({ file: 'plain.yaml', cwd: folder.path, env: {}, isRoot: true, ...options })).stateDir;
  assert.equal(await stateDir({}), '/var/lib/holdfast');
  assert.equal(await stateDir({ file: 'own.yaml' }), '/srv/state');
  assert.equal(await stateDir({ file: 'own.yaml', stateDir: '/elsewhere' }), '/elsewhere');
  assert.equal(await stateDir({ stateDir: 'state' }), `${folder.path}/state`, 'relative to where it is typed');
  assert.equal(await stateDir({ isRoot: false, env: { HOME: '/home/me' } }), '/home/me/.local/state/holdfast');
  assert.equal(await stateDir({ isRoot: false, env: { HOME: '/home/me', XDG_STATE_HOME: '/x' } }), '/x/holdfast');
});
