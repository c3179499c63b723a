// File systems mounted over one another where a service has its data, in a mount namespace that ends with the program.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DoctorReport } from '../../src/engine/doctor.ts';
import { type ScratchHost, scratchHost, stepOf } from '../support/cli.ts';

const isRoot = process.getuid?.() === 0;

/** The program runs after these commands, with the mounts that they make. */
const after = (...commands: readonly string[]): { readonly under: readonly string[] } => ({
  under: [
    'unshare',
    ...(isRoot ? [] : ['--map-root-user']),
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-ec',
    `${commands.join('\n')}\nexec "$@"`,
    'sh',
  ],
});
const tmpfs = (path: string): string => `mkdir -p '${path}' && mount -t tmpfs tmpfs '${path}'`;

interface Scene {
  readonly host: ScratchHost;
  readonly app: string;
  readonly above: string;
}

function hostWith(t: TestContext): Scene {
  const host = scratchHost(t);
  host.addRepository('near');
  const app = host.addService('app');
  return { host, app, above: join(app, '..') };
}

async function doctor(host: ScratchHost, ...commands: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await host.run(['--json', 'doctor'], after(...commands));
  assert.ok(stdout, stderr);
  const { checks } = JSON.parse(stdout) as DoctorReport; // its shape has a test of its own
  return checks
    .filter(({ id }) => id === 'service:app')
    .map(({ health, detail, fix }) => `${health}: ${detail}${fix === null ? '' : ` -> ${fix}`}`);
}

test('what is mounted over the data, or above it, is not saved in its place', async (t) => {
  const { host, app, above } = hostWith(t);
  for (const over of [app, above]) {
    const { code, report } = await host.backUp(
      [],
      after(tmpfs(app), `echo data >'${app}/data'`, tmpfs(over), `mkdir -p '${app}'`),
    );
    const { outcome, error } = stepOf(report, 'backup:app@near');
    assert.deepEqual([code, outcome, error?.code], [2, 'blocked', 'not-mounted']);
    assert.match(
      error?.message ?? '',
      /^a tmpfs, mounted at .*\/data\/app, is hidden: a tmpfs is mounted (?:over it|at .*\/data, above it)/,
    );
    assert.match(error?.hint ?? '', /umount \/.*, which shows a tmpfs again/);
  }
  assert.deepEqual(await host.snapshots('near'), []);
});

test('a path that is hidden is left out, and the others are a partial copy; so is one in which a mount is hidden', async (t) => {
  const { host, app } = hostWith(t);
  const hidden = host.path('data/hidden');
  host.services['app'] = { backup: { paths: [app, hidden] } };
  const part = await host.backUp([], after(tmpfs(hidden), tmpfs(hidden)));
  const step = stepOf(part.report, 'backup:app@near');
  assert.deepEqual([part.code, step.outcome], [1, 'partial']);
  assert.match(step.reason ?? '', /^a tmpfs, mounted at .*\/data\/hidden, is hidden/);
  const [snapshot] = await host.snapshots('near');
  assert.deepEqual(snapshot?.paths, [app]);

  host.services['app'] = { backup: { paths: [app] } };
  const below = await host.backUp([], after(tmpfs(join(app, 'media')), tmpfs(join(app, 'media'))));
  assert.deepEqual([below.code, stepOf(below.report, 'backup:app@near').outcome], [1, 'partial']);
});

test('a before hook that brings the data does not bring a hidden path', async (t) => {
  const { host, app } = hostWith(t);
  host.services['app'] = { backup: { paths: [app], hooks: { before: [['true']] } } };
  const { code, report } = await host.backUp([], after(tmpfs(app), tmpfs(app)));
  const { outcome, error } = stepOf(report, 'backup:app@near');
  assert.deepEqual([code, outcome, error?.code], [2, 'failed', 'not-mounted']);
});

test('one file system at its place is in order, also behind a link, and also when it is mounted twice', async (t) => {
  const { host, app } = hostWith(t);
  const link = host.path('link');
  symlinkSync(app, link);
  host.services['app'] = { backup: { paths: [join(link, 'inside')] } };
  mkdirSync(join(app, 'inside'));
  const fill = `mkdir '${app}/inside' && echo data >'${app}/inside/data'`;
  const once = await host.backUp([], after(tmpfs(app), fill));
  assert.deepEqual([once.code, stepOf(once.report, 'backup:app@near').reason], [0, null]);
  const twice = await host.backUp([], after(tmpfs(app), fill, `mount --bind '${app}' '${app}'`));
  assert.equal(twice.code, 0);
  const hidden = await host.backUp([], after(tmpfs(app), fill, tmpfs(app), fill));
  assert.equal(hidden.code, 2, 'the link leads into the upper one');
});

test('recovery does not take a hidden directory for lost data', async (t) => {
  const { host, app } = hostWith(t);
  assert.equal((await host.backUp()).code, 0);
  const recovered = await host.run(['--json', 'recover', 'app'], after(tmpfs(app), `echo data >'${app}/data'`, tmpfs(app)));
  assert.equal(recovered.code, 2);
  assert.match(recovered.stdout, /is hidden: a tmpfs is mounted over it/);
});

test(
  'doctor tells what is hidden, and what lies beneath a mount: where, how much, and how it is seen',
  { skip: !isRoot },
  async (t) => {
    const { host, app } = hostWith(t);
    host.write('data/app/two.txt', '12345');
    const [beneath, ...others] = await doctor(host, tmpfs(app));
    assert.deepEqual(others, []);
    const [, told = '', fix = ''] = /^warning: (.*) -> (.*)$/.exec(beneath ?? '') ?? [];
    assert.match(told, /^2 files \(8 B\) in .*\/data\/app of .* beneath a tmpfs, which is mounted over it and hides them$/);
    assert.match(
      fix,
      /^Look without unmounting, .* where '?\/mnt\/.*\/data\/app'? is that directory: unshare --mount sh -c 'mount --bind /,
    );
    const hidden = await doctor(host, tmpfs(app), tmpfs(app));
    assert.match(hidden.join('\n'), /^problem: a tmpfs, mounted at .*\/data\/app, is hidden: a tmpfs is mounted over it/m);
    assert.match((await doctor(host)).join('\n'), /^ok: .* readable$/);
  },
);

test('directories alone beneath a mount are where others are mounted, and nothing to tell', { skip: !isRoot }, async (t) => {
  const { host, app } = hostWith(t);
  host.services['app'] = { backup: { paths: [app] } };
  assert.match((await doctor(host, `rm '${app}/a.txt'; mkdir -p '${app}/media/deep'`, tmpfs(app))).join('\n'), /^ok: /);
});

test('the data directory of a PostgreSQL server is looked at, too', async (t) => {
  const { host, app } = hostWith(t);
  host.services['app'] = { postgres: { engine: 'pgbackrest', dataDir: app, stanza: 'main' } };
  const [told, ...others] = await doctor(host, tmpfs(app), tmpfs(app));
  assert.match(
    told ?? '',
    /^problem: a tmpfs, mounted at .*\/data\/app, is hidden: .* -> .*umount .*, which shows a tmpfs again/,
  );
  assert.deepEqual(others, []);
});
