import assert from 'node:assert/strict';
import { readdirSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { publish, runningSuite, trustEverything, withApt } from './support/archive.ts';
import { Checkout, resticSaying, tripwire } from './support/checkout.ts';

const own = 'a checkout/.tools/bin/restic';

test('when everything is there, set-up says nothing and starts neither npm nor apt', () => {
  using checkout = new Checkout().withPackages();
  checkout.program('machine/restic', resticSaying('0.17.3'));
  for (const name of ['npm', 'apt-get', 'node', 'setfattr', 'getfattr', 'ntfy'])
    checkout.program(`machine/${name}`, tripwire);
  for (const args of [[], ['--tests']]) {
    const { status, stdout, stderr } = checkout.setup(args);
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
  }
  assert.equal(checkout.tripped(), '');
});

for (const [format, sources] of [
  ['one-line', (uri: string) => ({ list: `deb ${uri} ${runningSuite} main\n` })],
  [
    'deb822',
    (uri: string) => ({
      deb822: `Types: deb\nURIs: ${uri}\nSuites: ${runningSuite} ${runningSuite}-updates\nComponents: main\n`,
    }),
  ],
] as const) {
  test(`a restic that is too old is left alone and a newer one fetched, with ${format} apt sources`, () => {
    using checkout = new Checkout().withPackages();
    checkout.program('machine/restic', resticSaying('0.14.0'));
    publish(checkout, 'trixie', 'restic', resticSaying('0.18.0'));
    const env = withApt(checkout, sources(`file:${checkout.at('archive')}`), trustEverything);
    const first = checkout.setup([], env);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /restic is 0\.14\.0/);
    assert.equal(checkout.read(own), resticSaying('0.18.0'));
    assert.equal(checkout.read('machine/restic'), resticSaying('0.14.0'));
    assert.equal(checkout.has('hook-ran'), false, "the host's apt hooks ran");
    assert.deepEqual(readdirSync(checkout.at('a checkout/.tools')).toSorted(), ['bin', 'lock']);

    checkout.program('machine/apt-get', tripwire);
    assert.deepEqual(checkout.setup([], env).stderr, '');
    assert.equal(checkout.tripped(), '');
  });
}

test('a later suite is tried when the first one has no restic', () => {
  using checkout = new Checkout().withPackages();
  publish(checkout, 'sid', 'restic', resticSaying('0.19.1'));
  const env = withApt(checkout, { list: `deb file:${checkout.at('archive')} ${runningSuite} main` }, trustEverything);
  const { status, stderr } = checkout.setup([], env);
  assert.equal(status, 0, stderr);
  assert.equal(checkout.read(own), resticSaying('0.19.1'));
});

const refusals = {
  'nobody signed it': (checkout: Checkout) => {
    publish(checkout, 'trixie', 'restic', resticSaying('0.18.0'));
    return withApt(checkout, { list: `deb file:${checkout.at('archive')} ${runningSuite} main` });
  },
  'it is too old': (checkout: Checkout) => {
    publish(checkout, 'trixie', 'restic', resticSaying('0.16.5'));
    return withApt(checkout, { list: `deb file:${checkout.at('archive')} ${runningSuite} main` }, trustEverything);
  },
  'it does not start': (checkout: Checkout) => {
    publish(checkout, 'trixie', 'restic', '#!/nowhere/interpreter\n');
    return withApt(checkout, { list: `deb file:${checkout.at('archive')} ${runningSuite} main` }, trustEverything);
  },
  'the machine has no apt sources': (checkout: Checkout) => withApt(checkout, {}, trustEverything),
  'there is no apt': () => ({}),
};

for (const [why, prepare] of Object.entries(refusals)) {
  test(`where restic cannot be had because ${why}, set-up fails with the version wanted and where to get it`, () => {
    using checkout = new Checkout().withPackages();
    const { status, stderr } = checkout.setup([], prepare(checkout));
    assert.equal(status, 1);
    assert.match(stderr, /restic 0\.18\.0 or newer is needed; here it is missing/);
    assert.match(stderr, /https:\/\/github\.com\/restic\/restic\/releases/);
    assert.equal(checkout.has(own), false);
    assert.deepEqual(
      readdirSync(checkout.at('a checkout/.tools')).filter((name) => name.startsWith('fetch')),
      [],
    );
  });
}

test('npm ci runs when the lock file changed, free of the settings of an outer npm call, and only once', () => {
  using checkout = new Checkout().withPackages();
  checkout.program('machine/restic', resticSaying('0.18.0'));
  checkout.program('machine/node', '#!/bin/sh\n[ "$1" = --version ] && echo v20.11.0\n');
  checkout.program('machine/npm', '#!/bin/sh\n{ echo "$@"; env | grep -i ^npm_config; } >>"$TRIPPED"\n');
  checkout.write('a checkout/package-lock.json', '{"packages":{"changed":{}}}');
  const leaked = {
    npm_config_omit: 'dev',
    npm_config_local_prefix: '/elsewhere',
    npm_config_cache: '/mine',
    NODE_ENV: 'production',
  };
  const { status, stderr } = checkout.setup([], leaked);
  assert.equal(status, 0, stderr);
  const [call, ...settings] = checkout.tripped().trim().split('\n');
  assert.match(call ?? '', /^ci --include=dev --include=optional /);
  assert.deepEqual(settings, ['npm_config_cache=/mine']);
  assert.equal(checkout.setup().stderr, '');
});

test('when npm ci fails, its output is shown, and the next set-up tries again', () => {
  using checkout = new Checkout();
  checkout.program('machine/restic', resticSaying('0.18.0'));
  checkout.program('machine/node', '#!/bin/sh\n[ "$1" = --version ] && echo v20.11.0\n');
  checkout.program('machine/npm', '#!/bin/sh\necho "registry on fire"\nexit 7\n');
  for (const _ of ['first', 'second']) {
    const { status, stderr } = checkout.setup();
    assert.equal(status, 1);
    assert.match(stderr, /registry on fire\n[^]*npm ci failed/);
  }
});

test("where the packaged Node.js does not run, the machine's own takes its place if it is new enough", () => {
  using checkout = new Checkout();
  checkout.program('machine/restic', resticSaying('0.18.0'));
  checkout.program('machine/npm', '#!/bin/sh\nmkdir -p node_modules\n');
  const ownNode = (version: string): string => `#!/bin/sh\n[ "$1" = --version ] && echo ${version}\n`;
  checkout.program('machine/node', ownNode('v22.1.0'));
  const refused = checkout.setup();
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /not available for Linux .*this machine has v22\.1\.0\n.*Node\.js 24 or newer/);

  checkout.program('machine/node', ownNode('v24.0.0'));
  const { status, stderr } = checkout.setup();
  assert.equal(status, 0, stderr);
  assert.equal(checkout.read('a checkout/node_modules/.bin/node'), ownNode('v24.0.0'));
});

for (const [what, programs] of [
  ['no npm', {}],
  ['a Node.js that is too old', { npm: tripwire, node: '#!/bin/sh\necho v18.19.0\n' }],
] as const) {
  test(`${what} is said plainly`, () => {
    using checkout = new Checkout();
    for (const [name, text] of Object.entries(programs)) checkout.program(`machine/${name}`, text);
    const { status, stderr } = checkout.setup();
    assert.equal(status, 1);
    assert.match(stderr, /error: Node\.js .*\n.*hint: .*(node >= 20|Node\.js 20 or newer)/);
  });
}

test('./holdfast sets up, and passes arguments, directory and exit code through, also through a symbolic link', () => {
  using checkout = new Checkout().withPackages();
  checkout.program('machine/restic', resticSaying('0.18.0'));
  checkout.program('a checkout/node_modules/.bin/node', '#!/bin/sh\npwd\nfor a in "$@"; do echo "<$a>"; done\nexit 75\n');
  symlinkSync('a checkout/holdfast', checkout.at('link'));
  symlinkSync(checkout.at('link'), checkout.at('link to link'));
  const { status, stdout } = checkout.run(checkout.at('link to link'), ['run', 'a b', '']);
  assert.deepEqual(stdout.split('\n'), [
    checkout.root,
    '<--disable-warning=ExperimentalWarning>',
    `<${checkout.at('a checkout/src/main.ts')}>`,
    '<run>',
    '<a b>',
    '<>',
    '',
  ]);
  assert.equal(status, 75);
});
