// A scratch host for tests of the command line: a configuration, repositories and data below one directory of its own, the
// real program as a child process, and plain restic to look at what it made.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { configurationTag } from '../../src/domain/naming.ts';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { openJournal } from '../../src/journal/open-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { type ForgedLock, forgeLock } from './forged-lock.ts';
import { makeQuickRepository } from './quick-repository.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/main.ts');
const PASSWORD = 'correct horse';
export const PATH = [join(ROOT, '.tools/bin'), join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);

export interface Ended {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Programs in front of node: ['setpriv', ...]. */
  readonly under?: readonly string[];
  readonly cwd?: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard error contains it; rejects when the program ends without it. */
  said(pattern: RegExp): Promise<void>;
}

/** What a service may be given in `configure`; the rest is the configuration's own shape. */
export type Section = Readonly<Record<string, unknown>>;

export interface Snapshot {
  readonly id: string;
  readonly parent?: string;
  readonly hostname: string;
  readonly tags?: readonly string[];
  readonly paths: readonly string[];
  readonly time: string;
}

const isConfiguration = ({ tags }: Snapshot): boolean => tags?.includes(configurationTag) ?? false;

/** An uid that nobody has. */
export const NOBODY = 54_321;

export class ScratchHost implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  readonly stateDir = join(this.root, 'state');
  readonly #running = new Set<ChildProcess>();
  #config: Section = {};
  repositories: Record<string, Section> = {};
  services: Record<string, Section> = {};

  constructor() {
    mkdirSync(this.path('home'));
    this.write('password', `${PASSWORD}\n`, 0o600);
  }

  path(...parts: readonly string[]): string {
    return join(this.root, ...parts);
  }

  /** Writes a file, with its directories; answers with its path. */
  write(name: string, content: string | Uint8Array, mode?: number): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    if (mode !== undefined) chmodSync(path, mode);
    return path;
  }

  /** An executable script. */
  script(name: string, body: string): string {
    return this.write(name, `#!/bin/sh\n${body}\n`, 0o755);
  }

  /** An empty restic repository below the root, declared under that name. */
  addRepository(name: string, more: Section = {}): string {
    const directory = this.path(name);
    makeQuickRepository(directory, PASSWORD);
    this.repositories[name] = { url: directory, passwordFile: this.path('password'), ...more };
    return directory;
  }

  /** A service with one directory of these files, backed up to every repository; answers with the directory. */
  addService(
    name: string,
    files: Readonly<Record<string, string | Uint8Array>> = { 'a.txt': name },
    backup: Section = {},
  ): string {
    const directory = this.path('data', name);
    mkdirSync(directory, { recursive: true });
    for (const [file, content] of Object.entries(files)) this.write(join('data', name, file), content);
    this.services[name] = { backup: { paths: [directory], ...backup } };
    return directory;
  }

  /** Further top-level sections. */
  configure(sections: Section): void {
    this.#config = { ...this.#config, ...sections };
  }

  /** Everything below the root belongs to `uid` from now on. */
  giveTo(uid: number): void {
    execFileSync('chown', ['-R', `${uid}:${uid}`, this.root]);
    chownSync(this.root, uid, uid);
  }

  start(args: readonly string[], options: StartOptions = {}): Started {
    const config = {
      version: 1,
      host: 'testhost',
      stateDir: this.stateDir,
      repositories: this.repositories,
      services: this.services,
    };
    this.write('holdfast.yaml', JSON.stringify({ ...config, ...this.#config }, null, 1), 0o644);
    const argv = [...(options.under ?? []), process.execPath, MAIN, '--config', this.path('holdfast.yaml'), ...args];
    return this.#spawn(argv, options);
  }

  run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** `holdfast --json run ...` and its report, which must be one JSON document. */
  async backUp(args: readonly string[] = [], options: StartOptions = {}): Promise<Ended & { readonly report: Report }> {
    const ended = await this.run(['--json', 'run', ...args], options);
    try {
      return { ...ended, report: JSON.parse(ended.stdout) as Report }; // its shape has a test of its own
    } catch {
      throw new Error(`no report: exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
    }
  }

  /** Plain restic on a repository of this host; rejects unless it succeeds. */
  async restic(repository: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.startRestic(repository, args).ended;
    if (code !== 0) throw new Error(`restic ${args.join(' ')} ended with ${code}:\n${stderr}`);
    return stdout;
  }

  startRestic(repository: string, args: readonly string[], options: StartOptions = {}): Started {
    const env = { RESTIC_REPOSITORY: this.path(repository), RESTIC_PASSWORD_FILE: this.path('password'), ...options.env };
    return this.#spawn([...(options.under ?? []), 'restic', ...args], { ...options, env });
  }

  /** Those of services and of strangers. */
  async snapshots(repository: string): Promise<Snapshot[]> {
    return (await this.#snapshots(repository)).filter((snapshot) => !isConfiguration(snapshot));
  }

  /** Those of this host's configuration. */
  async configurations(repository: string): Promise<Snapshot[]> {
    return (await this.#snapshots(repository)).filter(isConfiguration);
  }

  async #snapshots(repository: string): Promise<Snapshot[]> {
    return JSON.parse(await this.restic(repository, ['snapshots', '--json', '--no-lock'])) as Snapshot[];
  }

  /** Paths in a snapshot. */
  async contents(repository: string, snapshot: string): Promise<string[]> {
    const text = await this.restic(repository, ['ls', '--json', '--no-lock', snapshot]);
    return text.split('\n').flatMap((line) => {
      const node = line === '' ? {} : (JSON.parse(line) as { path?: string });
      return node.path === undefined ? [] : [node.path];
    });
  }

  /** Plain restic restores into a new directory; the data is below it at its absolute path. */
  async restore(repository: string, snapshot: string): Promise<string> {
    const target = mkdtempSync(this.path('restored-'));
    await this.restic(repository, ['restore', snapshot, '--target', target, '--no-lock']);
    return target;
  }

  journal(): Journal {
    return openJournal(this.stateDir);
  }

  /** What a finished or killed run must not leave: files in the spool, unsound or unfinished records, locks that block. */
  leftovers(): string[] {
    const found = listFiles(join(this.stateDir, 'spool')).map((file) => `spool: ${file}`);
    using db = new DatabaseSync(join(this.stateDir, 'journal.db'));
    const verdict = db.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
    if (verdict !== 'ok') found.push(`journal: ${String(verdict)}`);
    for (const { id } of db.prepare('SELECT id FROM runs WHERE outcome IS NULL').all())
      found.push(`unfinished run ${String(id)}`);
    for (const { run_id: id } of db.prepare('SELECT run_id FROM steps WHERE outcome IS NULL').all())
      found.push(`unfinished step of ${String(id)}`);
    for (const { kind } of db.prepare('SELECT kind FROM effects WHERE settled_at IS NULL').all())
      found.push(`unsettled ${String(kind)}`);
    return found;
  }

  /** Puts a lock into a repository; answers with its file's name. */
  forgeLock(repository: string, lock: ForgedLock): string {
    return forgeLock(this.path(repository), PASSWORD, lock);
  }

  /** Lock files of restic in a repository. */
  locks(repository: string): string[] {
    return readdirSync(this.path(repository, 'locks'));
  }

  /** Processes that carry this host's directory in their command line. */
  processes(): { readonly pid: number; readonly command: string }[] {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(this.root) ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
  }

  [Symbol.dispose](): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }

  #spawn(argv: readonly string[], options: StartOptions): Started {
    const [program = '', ...args] = argv;
    const env = {
      PATH,
      HOME: this.path('home'),
      LANG: 'C.UTF-8',
      ...(process.env['NODE_COMPILE_CACHE'] === undefined ? {} : { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] }),
      ...options.env,
    };
    const child = spawn(program, args, { cwd: options.cwd ?? this.root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    let listeners: (() => void)[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      for (const listener of listeners) listener();
    });
    const ended = new Promise<Ended>((done, fail) => {
      child.once('error', fail);
      child.once('close', (code, signal) => {
        this.#running.delete(child);
        done({ code, signal, stdout, stderr });
      });
    });
    const said = (pattern: RegExp): Promise<void> =>
      new Promise((done, fail) => {
        const look = (): void => {
          if (!pattern.test(stderr)) return;
          listeners = listeners.filter((listener) => listener !== look);
          done();
        };
        listeners.push(look);
        look();
        void ended.then(() => fail(new Error(`it never said ${pattern}:\n${stderr}`)), fail);
      });
    return { child, ended, said };
  }
}

/** A host that is gone when the test is over. */
export function scratchHost(t: Pick<TestContext, 'after'>): ScratchHost {
  const host = new ScratchHost();
  t.after(() => host[Symbol.dispose]());
  return host;
}

/** The step of that id. */
export function stepOf(report: Report, id: string): StepReport {
  const step = report.steps.find((candidate) => candidate.id === id);
  if (!step) throw new Error(`no step ${id} in: ${report.steps.map((each) => each.id).join(', ')}`);
  return step;
}

/** The snapshot that the step of that id reports; empty when it reports none. */
export function snapshotOf(report: Report, id: string): string {
  const snapshotId = stepOf(report, id).result?.['snapshotId'];
  return typeof snapshotId === 'string' ? snapshotId : '';
}

/** The programs in front of one that shall run as an ordinary user; none when the tests are one's already. */
export const asOrdinaryUser = (): string[] =>
  process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'] : [];

/** Every path below a directory, sorted; none when it does not exist. */
export const listFiles = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted() : [];

/** Everything below a directory with type, mode, size and times: equal before and after means that nothing was changed. */
export const fingerprint = (directory: string): string[] =>
  listFiles(directory).map((name) => {
    const { mode, size, mtimeMs, ctimeMs, ino } = lstatSync(join(directory, name));
    return `${name} ${mode.toString(8)} ${size} ${mtimeMs} ${ctimeMs} ${ino}`;
  });

/**
 * What runs a program with a small tmpfs over `directory`, which keeps its content, in a mount namespace of its own. The
 * paths of what lay there at the end are in `<directory>.left`.
 */
export const withTmpfs = (directory: string, size: string): string[] => [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--mount',
  '--propagation',
  'private',
  'sh',
  '-c',
  `directory=$1; cp -a "$1" "$1.copy" && mount -t tmpfs -o "size=$2" tmpfs "$1" && cp -a "$1.copy/." "$1/" && shift 2 || exit 99
   "$@"; code=$?; find "$directory" > "$directory.left"; exit $code`,
  'sh',
  directory,
  size,
];
