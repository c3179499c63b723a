// A cache of a test's own, with the images of the real one: what the test starts is its own, and is alone there.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { openCache } from '../../../lab/cache.ts';
import { image } from '../../../lab/image/image.ts';
import { type Kind, recipesOf } from '../../../lab/requirements.ts';

const MAIN = resolve(import.meta.dirname, '../../../lab/main.ts');

export interface Told {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class LabCache implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** The images of that kind of host are made first where they are missing. */
  static async open(kind: Kind): Promise<LabCache> {
    const made = recipesOf(kind).map(
      async (recipe) => await image(recipe, openCache(), () => {}, new AbortController().signal),
    );
    const images = await Promise.all(made);
    const cache = new LabCache(mkdtempSync(join(tmpdir(), 'lab-')));
    mkdirSync(join(cache.path, 'images'));
    for (const path of images) symlinkSync(path, join(cache.path, 'images', basename(path)));
    return cache;
  }

  /** `npm run lab -- ARGUMENT...` */
  async lab(...args: readonly string[]): Promise<Told> {
    return await this.start(args).ended;
  }

  start(args: readonly string[], stdin = ''): { readonly pid: number; readonly ended: Promise<Told> } {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, HOLDFAST_LAB_CACHE: this.path } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.end(stdin);
    const ended = new Promise<Told>((done, fail) => {
      child.once('error', fail);
      child.once('close', (code) => done({ code, stdout, stderr }));
    });
    return { pid: child.pid ?? 0, ended };
  }

  /** The pids of everything that was started from here, but for what has left it out of its command line. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && commandOf(name).includes(this.path))
      .map(Number);
  }

  /** The pid of the keeper of that host; null when nobody keeps it. */
  keeperOf(name: string): number | null {
    return this.processes().find((pid) => isKeeperOf(pid, name)) ?? null;
  }

  get runs(): string[] {
    return readdirSync(join(this.path, 'runs'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab('down', '--all');
    const removal = spawn('rm', ['-rf', '--', this.path]);
    await new Promise((done) => removal.once('close', done));
  }
}

function isKeeperOf(pid: number, name: string): boolean {
  const [, script, command, order = ''] = commandOf(String(pid)).split('\0');
  return script === MAIN && command === 'keep' && (JSON.parse(order) as { names: string[] }).names.includes(name); // see keeper.ts
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}
