// Where the configuration is: the lookup order, the text of a file with its limits, and the files of services.d beside it.

import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { errnoOf, HoldfastError } from '../lib/errors.ts';
import type { ConfigProblem } from './configuration.ts';
import { problem } from './problems.ts';

/** A configuration is written by hand or by a generator; what is larger is something else, and slow to refuse. */
export const MAX_FILE_BYTES = 512 * 1024;

export interface Lookup {
  /** `--config`; wins over everything. */
  readonly file?: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
}

/** The absolute path of the configuration. Throws 'config' with every place looked at when there is none. */
export function findConfigurationFile(lookup: Lookup): string {
  const named = lookup.file ?? (lookup.env['HOLDFAST_CONFIG'] || undefined);
  if (named !== undefined) return resolve(lookup.cwd, named);
  const home = lookup.env['HOME'];
  const configHome = lookup.env['XDG_CONFIG_HOME'] || (home ? join(home, '.config') : undefined);
  const places = [
    join(lookup.cwd, 'holdfast.yaml'),
    ...(lookup.isRoot || configHome === undefined ? [] : [join(configHome, 'holdfast/holdfast.yaml')]),
    '/etc/holdfast/holdfast.yaml',
  ];
  const found = places.find((place, index) => exists(place, index === 0));
  if (found !== undefined) return found;
  throw new HoldfastError({
    code: 'config',
    operation: 'find the configuration',
    subject: 'holdfast.yaml',
    message: `there is no configuration; looked at --config and $HOLDFAST_CONFIG (not given), ${places.join(', ')}`,
    hint: 'Write one (docs/guide/first-backup.md shows ten lines that are enough), or see it all work first: holdfast demo',
  });
}

/** Where a new one belongs so that every command finds it. */
export function placeForConfiguration({ file, cwd, env, isRoot }: Lookup): string {
  const named = file ?? (env['HOLDFAST_CONFIG'] || undefined);
  if (named !== undefined) return resolve(cwd, named);
  const configHome = env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? cwd, '.config');
  return isRoot ? '/etc/holdfast/holdfast.yaml' : join(configHome, 'holdfast/holdfast.yaml');
}

/**
 * Something is there, readable or not: an unreadable file must be told about, not passed over. `byChance`: where the shell happens
 * to stand, which after `su` may be a directory that this user may not enter. Nobody meant a file in there.
 */
function exists(file: string, byChance: boolean): boolean {
  try {
    statSync(file);
    return true;
  } catch (error) {
    if (byChance && errnoOf(error) === 'EACCES') return false;
    return errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR';
  }
}

/** The text of a regular file, or why it cannot be a configuration. Never waits; reads at most one byte more than the limit. */
export function readText(file: string): string | ConfigProblem {
  try {
    const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    using _close = { [Symbol.dispose]: () => closeSync(handle) };
    const kind = fstatSync(handle);
    if (kind.isDirectory()) return problem(file, 'this is a directory, not a file');
    if (!kind.isFile()) return problem(file, 'this is not a regular file');
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1);
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(handle, buffer, length, buffer.length - length, null);
      if (read === 0) break;
      length += read;
    }
    return decodeText(file, buffer.subarray(0, length));
  } catch (error) {
    switch (errnoOf(error)) {
      case 'ENOENT':
      case 'ENOTDIR':
        return problem(file, 'there is no such file');
      case 'EACCES':
      case 'EPERM':
        return problem(file, 'it may not be read by this user');
      case undefined:
        throw error;
      default:
        return problem(file, `it cannot be read (${errnoOf(error)})`);
    }
  }
}

/** What `<(program)`, a named pipe or /dev/stdin gives, when `file` is one of them; null when nobody can say so. Destroy it. */
export function openPipe(file: string): Readable | null {
  if (!isPipe(file)) return null;
  // not a file's stream: its reading holds a thread that nothing interrupts
  return new Socket({ fd: openSync(file, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
}

/** What may not even be looked at is none: reading it says why. */
function isPipe(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFIFO() === true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

export function decodeText(file: string, bytes: Uint8Array): string | ConfigProblem {
  if (bytes.length > MAX_FILE_BYTES) {
    return problem(
      file,
      `this is larger than ${MAX_FILE_BYTES / 1024} KiB; a configuration is not (services may be spread over services.d/)`,
    );
  }
  if (bytes.includes(0)) return problem(file, 'this is a binary file, not YAML or JSON');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return problem(file, 'this is not text in UTF-8');
  }
}

/** The drop-in files beside the main file, sorted by name; none when there is no directory. */
export function dropInFiles(mainFile: string): string[] | ConfigProblem {
  const directory = join(dirname(mainFile), 'services.d');
  try {
    return readdirSync(directory)
      .filter((name) => /\.(?:ya?ml|json)$/.test(name) && !name.startsWith('.'))
      .toSorted()
      .map((name) => join(directory, name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    if (errnoOf(error) === 'ENOTDIR')
      return existsSync(directory) ? problem(directory, 'this is not a directory; files with services belong into one') : [];
    return problem(directory, `the directory cannot be read (${errnoOf(error) ?? String(error)})`);
  }
}
