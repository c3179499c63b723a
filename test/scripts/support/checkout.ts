// A checkout with scripts/setup, on a "machine" whose PATH holds the system's programs without those that set-up looks for.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '..', '..', '..');

/** Set-up decides by these; a test puts what it wants with `program('machine/...')`. */
const absent = new Set(['restic', 'apt-get', 'npm', 'node', 'setfattr', 'getfattr', 'ntfy']);

/** Stands where a program must not be started; `tripped()` then has its name. */
export const tripwire = '#!/bin/sh\necho "${0##*/} $*" >>"$TRIPPED"\nexit 1\n';

export class Checkout implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'holdfast-setup-'));

  constructor() {
    cpSync(join(project, 'scripts'), this.at('a checkout/scripts'), { recursive: true });
    cpSync(join(project, 'holdfast'), this.at('a checkout/holdfast'));
    this.write('a checkout/package-lock.json', '{"packages":{}}');
    mkdirSync(this.at('system'));
    for (const directory of ['/usr/sbin', '/usr/bin']) {
      for (const name of readdirSync(directory)) {
        const link = this.at(join('system', name));
        if (!absent.has(name) && !existsSync(link)) symlinkSync(join(directory, name), link);
      }
    }
  }

  at = (path: string): string => join(this.root, path);
  has = (path: string): boolean => existsSync(this.at(path));
  read = (path: string): string => readFileSync(this.at(path), 'utf8');

  write(path: string, text: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  program(path: string, text: string): void {
    this.write(path, text);
    chmodSync(this.at(path), 0o755);
  }

  /** As after `npm ci`: the packaged node, npm's record, and set-up's stamp. */
  withPackages(): this {
    this.program('a checkout/node_modules/.bin/node', "#!/bin/sh\necho 'v26.0.0'\n");
    this.write('a checkout/node_modules/.holdfast-setup', this.read('a checkout/package-lock.json'));
    return this;
  }

  run(program: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const path = ['machine', 'system'].map(this.at).join(':');
    return spawnSync(program, args, {
      cwd: this.root,
      encoding: 'utf8',
      env: { PATH: path, HOME: this.root, TRIPPED: this.at('tripped'), ...env },
    });
  }

  setup(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    return this.run(this.at('a checkout/scripts/setup'), args, env);
  }

  tripped = (): string => (this.has('tripped') ? this.read('tripped') : '');

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A program that says it is this version of restic. */
export const resticSaying = (version: string): string =>
  `#!/bin/sh\necho 'restic ${version} compiled with go1.24.4 on linux/amd64'\n`;
