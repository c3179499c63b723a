import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { imageKey } from '../../lab/image/image.ts';
import { type Kind, missingFor, recipesOf } from '../../lab/requirements.ts';
import { asOrdinaryUser } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const TELL_MISSING = join(import.meta.dirname, 'support/tell-missing.ts');
const MAIN = resolve(import.meta.dirname, '../../lab/main.ts');

interface Surroundings {
  /** The programs in front of node. */
  readonly under?: readonly string[];
  readonly path?: string;
  readonly cache?: string;
}

const environment = ({ path, cache }: Surroundings): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(path === undefined ? {} : { PATH: path }),
  ...(cache === undefined ? {} : { HOLDFAST_LAB_CACHE: cache }),
});

/** What `missingFor` answers there. */
function missing(kinds: readonly Kind[], surroundings: Surroundings = {}): string {
  const [program = '', ...args] = [...(surroundings.under ?? []), process.execPath, TELL_MISSING, ...kinds];
  return execFileSync(program, args, { env: environment(surroundings), encoding: 'utf8' }).trimEnd();
}

/** A cache in which all images seem to be made already. */
function fullCache(): Disposable & { readonly path: string } {
  const directory = temporaryDirectory();
  for (const recipe of recipesOf('machine'))
    mkdirSync(join(directory.path, 'images', imageKey(recipe)), { recursive: true });
  return directory;
}

/** In a mount namespace of its own, after a script. */
const after = (script: string, ...args: readonly string[]): readonly string[] => {
  const changed = `${script}\nshift ${args.length}\nexec "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', changed, 'sh', ...args];
};

describe('what the lab needs', { skip: missingFor('container', 'machine', 'network') }, () => {
  it('is root', () => {
    for (const kind of ['container', 'machine', 'network'] as const) {
      assert.equal(
        missing([kind], { under: asOrdinaryUser() }),
        `no ${kind} of the lab here: this is not root (run it as root)`,
      );
    }
  });

  it('is every program, each told once with its package, and only to whom it concerns', () => {
    using directory = temporaryDirectory();
    const hidden = new Set(['mmdebstrap', 'qemu-img', 'socat']);
    for (const file of readdirSync('/usr/bin')) {
      if (!hidden.has(file)) symlinkSync(join('/usr/bin', file), join(directory.path, file));
    }
    const path = directory.path;
    const [mmdebstrap, socat] = [
      'mmdebstrap is not installed (apt install mmdebstrap)',
      'socat is not installed (apt install socat)',
    ];
    assert.equal(
      missing(['container', 'network'], { path }),
      `no container, no network of the lab here: ${mmdebstrap}; ${socat}`,
    );
    assert.equal(
      missing(['machine'], { path }),
      `no machine of the lab here: ${mmdebstrap}; ${socat}; qemu-img is not installed (apt install qemu-utils)`,
    );
    assert.equal(missing(['network'], { path }), `no network of the lab here: ${socat}`);
  });

  it('is not that the programs of the administrator are on PATH', () => {
    assert.equal(missing(['container', 'machine', 'network'], { path: '/usr/bin' }), 'false');
  });

  it('is room for images', () => {
    using directory = temporaryDirectory();
    const full = { under: after('mount -t tmpfs -o size=64M tmpfs "$1"', directory.path), cache: directory.path };
    const told = `64.0 MiB are free at ${directory.path}, a container needs 3.00 GiB`;
    assert.equal(
      missing(['container'], full),
      `no container of the lab here: ${told} (make room, or put it elsewhere with HOLDFAST_LAB_CACHE)`,
    );
    assert.equal(missing(['network'], full), 'false');
  });

  it('is a cache that can be written to, which need not exist yet', () => {
    using directory = temporaryDirectory();
    const cache = join(directory.path, 'not', 'yet');
    assert.equal(missing(['container'], { cache }), 'false');
    const under = after('mount -t tmpfs -o ro tmpfs "$1"', directory.path);
    assert.equal(
      missing(['container'], { under, cache }),
      `no container of the lab here: nothing can be written to ${directory.path}: it is read-only (put it elsewhere with HOLDFAST_LAB_CACHE)`,
    );
  });

  it('is a cache with a path that leaves room for the names of sockets', () => {
    const told = missing(['machine'], { cache: `/tmp/${'x'.repeat(36)}` });
    assert.match(told, /^no machine of the lab here: the path \/tmp\/x+ is too long for sockets: 40 bytes at most \(put/);
  });

  it('is an archive of Debian, as long as an image has to be made', () => {
    using directory = temporaryDirectory();
    using full = fullCache();
    const under = after('mount -t tmpfs tmpfs /etc/apt');
    assert.equal(missing(['container', 'machine'], { under, cache: full.path }), 'false');
    assert.equal(
      missing(['container', 'machine'], { under, cache: directory.path }),
      'no container, no machine of the lab here: an image has to be made, and apt knows no archive of Debian (add one to /etc/apt/sources.list.d, or copy a cache here)',
    );
  });

  it('is a network, as long as an image has to be made', () => {
    using directory = temporaryDirectory();
    using full = fullCache();
    const under = ['unshare', '--net', '--'];
    assert.equal(missing(['container'], { under, cache: full.path }), 'false');
    assert.equal(
      missing(['container'], { under, cache: directory.path }),
      'no container of the lab here: an image has to be made, and this machine is offline (connect it once, or copy the cache of another machine here)',
    );
  });

  it('is told by the doctor and by whoever wants a host, before anything is made', () => {
    using directory = temporaryDirectory();
    const cache = join(directory.path, 'cache');
    mkdirSync(cache);
    const there = { under: after('mount -t tmpfs -o size=64M tmpfs "$1"', cache), cache };
    const tell = (...args: readonly string[]): readonly [number | null, string, string] => {
      const [program = '', ...rest] = [...there.under, process.execPath, MAIN, ...args];
      const { status, stdout, stderr } = spawnSync(program, rest, { env: environment(there), encoding: 'utf8' });
      return [status, stdout.replaceAll(/\s+/g, ' '), stderr];
    };
    const [code, told] = tell('doctor');
    assert.equal(code, 2);
    assert.match(told, /✗ cache 64\.0 MiB are free at \S+, a container needs 3\.00 GiB: no container → make room/);
    for (const args of [['up', 'forge'], ['images']]) {
      const [exitCode, stdout, stderr] = tell(...args);
      assert.deepEqual([exitCode, stdout], [2, '']);
      assert.match(stderr, /^error: could not \w+ \w+: this machine lacks something for it\n- 64\.0 MiB are free/);
    }
    assert.deepEqual(readdirSync(cache), []);
  });
});
