// What a bench works in: a directory of its own with the program as it is released, a repository, and data; gone afterwards.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { buildRelease } from '../scripts/build.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PASSWORD = 'correct horse';

/** Where programs are looked for: first among the tools of the checkout, whatever the caller's own PATH has. */
export const PATH = [join(ROOT, '.tools/bin'), join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);

export class Scratch implements Disposable {
  readonly root: string;
  /** For every program that is measured. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(root: string) {
    this.root = root;
    this.env = {
      PATH,
      HOME: join(root, 'home'),
      LANG: 'C.UTF-8',
      RESTIC_PASSWORD_FILE: join(root, 'password'),
    };
  }

  /** Builds the release into it. */
  static async make(): Promise<Scratch> {
    const scratch = new Scratch(mkdtempSync(join(tmpdir(), 'holdfast-bench-')));
    mkdirSync(scratch.path('home'));
    writeFileSync(scratch.path('password'), PASSWORD);
    chmodSync(scratch.path('password'), 0o600);
    await buildRelease(scratch.path('dist'));
    return scratch;
  }

  path(...parts: readonly string[]): string {
    return join(this.root, ...parts);
  }

  /** `files` small files below data/NAME; answers with the directory. */
  makeData(name: string, files: number): string {
    const directory = this.path('data', name);
    for (let index = 0; index < files; index += 1) {
      const folder = join(directory, String(Math.floor(index / 200)));
      if (index % 200 === 0) mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `file-${index}`), `${name} ${index}\n`.repeat(20));
    }
    return directory;
  }

  /** A repository as `restic init` makes it, with keys that cost what they cost on this machine. */
  makeRepository(name: string): string {
    const directory = this.path(name);
    this.run(['restic', 'init', '--quiet', '--repo', directory]);
    return directory;
  }

  writeConfiguration(name: string, config: Readonly<Record<string, unknown>>): string {
    const file = this.path(name);
    writeFileSync(file, JSON.stringify({ version: 1, host: 'bench', ...config }, null, 1));
    return file;
  }

  /** The argv of the released program. */
  holdfast(config: string, ...args: readonly string[]): string[] {
    return ['node', this.path('dist', 'holdfast.js'), '--config', config, ...args];
  }

  /** Runs to the end; throws unless it succeeds. */
  run(argv: readonly string[]): void {
    const [program = '', ...args] = argv;
    execFileSync(program, args, { env: this.env, cwd: this.root, stdio: ['ignore', 'ignore', 'inherit'] });
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
