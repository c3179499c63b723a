// Configurations in a directory of their own, and what reading them comes to.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigProblem, Configuration } from '../../../src/config/configuration.ts';
import { type ReadConfiguration, readConfiguration } from '../../../src/config/load.ts';

export interface Folder extends Disposable {
  readonly path: string;
  write(name: string, content: string | Uint8Array): string;
}

export function makeFolder(files: Readonly<Record<string, string>> = {}): Folder {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
  const write = (name: string, content: string | Uint8Array): string => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
    return join(path, name);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  return { path, write, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A configuration that is right, to be put around the lines of a test. */
export const BASE = `version: 1
host: forge
stateDir: /var/lib/holdfast
repositories:
  nas: {url: /mnt/nas/restic, passwordFile: /run/nas-password}
  away: {url: 'rest:https://host:8000/forge', passwordFile: /run/away-password, location: offsite}
`;

/** Reads a text as a main file of its own. */
export async function read(
  text: string | Uint8Array,
  dropIns: Readonly<Record<string, string>> = {},
): Promise<ReadConfiguration> {
  using folder = makeFolder();
  for (const [name, content] of Object.entries(dropIns)) folder.write(`services.d/${name}`, content);
  const file = folder.write('holdfast.yaml', text);
  return await readConfiguration({ file, cwd: folder.path, env: {}, isRoot: true });
}

/** The configuration of a text that has no errors. */
export async function accepted(text: string, dropIns: Readonly<Record<string, string>> = {}): Promise<Configuration> {
  const { configuration, errors } = await read(text, dropIns);
  if (configuration === null) throw new Error(`refused: ${errors.map(short).join('; ')}`);
  return configuration;
}

/** A problem without the file's directory: `3:7 path: message`. */
export const short = ({ line, column, path, message }: ConfigProblem): string =>
  `${line ?? '-'}:${column ?? '-'} ${path}: ${message}`;

export const errorsOf = async (
  text: string | Uint8Array,
  dropIns: Readonly<Record<string, string>> = {},
): Promise<string[]> => (await read(text, dropIns)).errors.map(short);

export const warningsOf = async (text: string, dropIns: Readonly<Record<string, string>> = {}): Promise<string[]> =>
  (await read(text, dropIns)).warnings.map(short);

/** Exactly one problem for each expectation, in this order, each containing its text. */
export function assertSays(found: readonly string[], expected: readonly string[]): void {
  assert.equal(found.length, expected.length, `expected ${expected.length} problems, found:\n${found.join('\n')}`);
  for (const [index, text] of expected.entries()) {
    assert.ok(found[index]?.includes(text), `expected '${text}' in:\n${found[index]}`);
  }
}
