// The effective configuration from last time, so that an unchanged one is not parsed and checked again: that takes several
// times as long as starting Node.js. It is used only when everything that the answer depends on is the same, text by text.
// Losing it, or not being able to write it, changes nothing but time.

import {
  chmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../lib/errors.ts';
import { VERSION } from '../lib/version.ts';
import type { Configuration, GateConfig, RepositoryConfig, ServiceConfig } from './configuration.ts';
import type { SecretFile } from './secret-files.ts';

export interface Cached {
  /** Without the warnings about open secret files. */
  readonly configuration: Configuration;
  readonly secretFiles: readonly SecretFile[];
}

interface Stored {
  readonly identity: readonly string[];
  readonly configuration: Omit<Configuration, 'repositories' | 'services' | 'gates'>;
  readonly repositories: readonly RepositoryConfig[];
  readonly services: readonly ServiceConfig[];
  readonly gates: readonly GateConfig[];
  readonly secretFiles: readonly SecretFile[];
}

const fileIn = (directory: string): string => join(directory, 'configuration.json');

/** Null unless it was made by this very build from exactly `identity`, and nobody else could have written it. */
export function readCache(directory: string, identity: readonly string[]): Cached | null {
  try {
    const handle = openSync(fileIn(directory), 'r');
    using _close = { [Symbol.dispose]: () => closeSync(handle) };
    const { uid, mode } = fstatSync(handle);
    if (uid !== process.geteuid?.() || (mode & 0o077) !== 0) return null;
    const stored = JSON.parse(readFileSync(handle, 'utf8')) as Stored; // our own writing, as its owner and mode show
    const expected = [...buildIdentity(), ...identity];
    if (stored.identity.length !== expected.length || stored.identity.some((part, index) => part !== expected[index]))
      return null;
    const configuration = {
      ...stored.configuration,
      repositories: new Map(stored.repositories.map((repository) => [repository.name, repository])),
      services: new Map(stored.services.map((service) => [service.name, service])),
      gates: new Map(stored.gates.map((gate) => [gate.name, gate])),
    };
    return { configuration, secretFiles: stored.secretFiles };
  } catch (error) {
    if (errnoOf(error) !== undefined || error instanceof SyntaxError || error instanceof TypeError) return null; // absent or damaged
    throw error;
  }
}

export function writeCache(directory: string, identity: readonly string[], { configuration, secretFiles }: Cached): void {
  const { repositories, services, gates, ...rest } = configuration;
  const stored: Stored = {
    identity: [...buildIdentity(), ...identity],
    configuration: rest,
    repositories: [...repositories.values()],
    services: [...services.values()],
    gates: [...gates.values()],
    secretFiles,
  };
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const draft = `${fileIn(directory)}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(stored), { mode: 0o600 });
    chmodSync(draft, 0o600); // an older draft of a process with our number may have had another mode
    renameSync(draft, fileIn(directory));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error; // a full or read-only disk costs time only
  }
}

/** Another build may mean something else by the same text. A release is replaced as a whole, folder and all. */
function buildIdentity(): readonly string[] {
  const { ino, mtimeMs } = statSync(import.meta.dirname);
  return [VERSION, String(ino), String(mtimeMs)];
}

/**
 * Where the cache of this user is; undefined where there is no such place, and when running from source, where changing a
 * file does not change its folder.
 */
export function defaultCacheDirectory(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (import.meta.filename.endsWith('.ts')) return undefined;
  const cache = env['CACHE_DIRECTORY'] || env['XDG_CACHE_HOME'] || (env['HOME'] && join(env['HOME'], '.cache'));
  return cache ? join(cache, 'holdfast') : undefined;
}
