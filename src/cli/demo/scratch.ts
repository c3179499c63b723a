// The folder that the demo happens in, and the promise that nothing happens outside of it: temporary files and restic's cache
// are sent there too. It is gone at the end, however the demo ends, unless it is to be kept.

import { chmod, mkdir, mkdtemp, readdir, realpath, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';

export interface Scratch extends AsyncDisposable {
  readonly root: string;
  readonly kept: boolean;
  /** An absolute path inside. */
  path(...parts: readonly string[]): string;
}

/** Two PostgreSQL clusters, and everything else with its copies. */
const NEEDED = 400e6 as Bytes; // literal bytes

/** Throws `usage` when `keep` is there and not empty, `no-space` when it will not fit. */
export async function openScratch(keep: string | undefined): Promise<Scratch> {
  const root = keep === undefined ? await makeTemporary() : await makeKept(resolve(keep));
  const kept = keep !== undefined;
  await using held = new AsyncDisposableStack();
  if (!kept) held.defer(() => rm(root, { recursive: true, force: true, maxRetries: 3 }));
  await requireSpace(root);
  // Under root the database server runs as somebody else, who must be able to get to its own folder.
  await chmod(root, process.getuid?.() === 0 ? 0o711 : 0o700);
  const path = (...parts: readonly string[]): string => join(root, ...parts);
  await mkdir(path('tmp'), { mode: 0o700 });
  const postgres = Object.keys(process.env).filter((name) => /^PG[A-Z]/.test(name)); // meant for another server
  const none = Object.fromEntries(postgres.map((name) => [name, undefined]));
  held.use(inEnvironment({ ...none, TMPDIR: path('tmp'), RESTIC_CACHE_DIR: path('cache') }));
  const made = held.move();
  return { root, kept, path, [Symbol.asyncDispose]: () => made.disposeAsync() };
}

const makeTemporary = async (): Promise<string> => await realpath(await mkdtemp(join(tmpdir(), 'holdfast-demo-')));

async function makeKept(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true });
    if ((await readdir(directory)).length === 0) return await realpath(directory);
  } catch (error) {
    throw unusable(directory, `it cannot be made or read: ${errnoOf(error) ?? String(error)}`, error);
  }
  throw unusable(directory, 'it is not empty');
}

const unusable = (directory: string, message: string, cause?: unknown): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'use',
    subject: directory,
    message: `${directory} cannot be used for the demo: ${message}`,
    hint: 'Name a folder that does not exist yet, for instance --keep ~/holdfast-demo.',
    cause,
  });

async function requireSpace(root: string): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  const free = (bavail * bsize) as Bytes; // statfs counts blocks of bytes
  if (free >= NEEDED) return;
  throw new HoldfastError({
    code: 'no-space',
    operation: 'make room in',
    subject: root,
    message: `${describeBytes(free)} are free there, the demo wants ${describeBytes(NEEDED)}`,
    hint: 'Let it happen elsewhere: TMPDIR=/somewhere holdfast demo',
  });
}

/** The environment of this process, and so of everything it starts, until disposed. */
function inEnvironment(variables: Readonly<Record<string, string | undefined>>): Disposable {
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  setEnvironment(variables);
  return { [Symbol.dispose]: () => setEnvironment(before) };
}

function setEnvironment(variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
