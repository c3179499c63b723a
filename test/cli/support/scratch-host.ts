// A whole host in a folder of its own: real repositories, real data, a configuration, and the command line started on it.

import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../../support/temporary.ts';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface ScratchHost extends Disposable {
  readonly path: string;
  readonly stateDir: string;
  file(name: string): string;
  write(name: string, text: string): void;
  /** The command line, with --config. */
  holdfast(...args: readonly string[]): Promise<Ended>;
  /** restic itself, on one of the repositories. */
  restic(repository: string, ...args: readonly string[]): Promise<string>;
}

const MAIN = resolve(import.meta.dirname, '../../../src/main.ts');
export const TOOLS = resolve(import.meta.dirname, '../../../.tools/bin');
const run = promisify(execFile);

export interface ScratchOptions {
  /** Made and initialised below the folder. */
  readonly repositories?: readonly string[];
  /** Each gets a directory with one file, and a backup into every repository. */
  readonly services?: readonly string[];
  /** More YAML, after the services. */
  readonly more?: string;
}

export async function scratchHost(options: ScratchOptions = {}): Promise<ScratchHost> {
  const { repositories = ['near'], services = ['alpha'], more = '' } = options;
  const folder = temporaryDirectory();
  const file = (name: string): string => join(folder.path, name);
  const env = { ...process.env, PATH: `${TOOLS}:${process.env['PATH'] ?? ''}`, HOME: folder.path, NO_COLOR: '1' };
  const write = (name: string, text: string): void => {
    mkdirSync(join(file(name), '..'), { recursive: true });
    writeFileSync(file(name), text, { mode: 0o600 });
  };
  const restic = async (repository: string, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('restic', ['-r', file(repository), '-p', file('password'), ...args], { env });
    return stdout;
  };
  write('password', 'correct horse battery staple\n');
  for (const name of services) write(`data/${name}/file.txt`, `the data of ${name}\n`);
  const lines = [
    'version: 1',
    'host: testhost',
    `stateDir: ${file('state')}`,
    'repositories:',
    ...repositories.map((name) => `  ${name}: {url: ${file(name)}, passwordFile: ${file('password')}, medium: ${name}}`),
    'services:',
    ...services.map(
      (name) => `  ${name}: {backup: {paths: [${file(`data/${name}`)}], repositories: [${repositories.join(', ')}]}}`,
    ),
  ];
  write('holdfast.yaml', `${lines.join('\n')}\n${more}`);
  await Promise.all(repositories.map((name) => restic(name, 'init', '--quiet')));
  return {
    path: folder.path,
    stateDir: file('state'),
    file,
    write,
    restic,
    holdfast: (...args) => {
      const { promise, resolve: end } = Promise.withResolvers<Ended>();
      const argv = [MAIN, '--config', file('holdfast.yaml'), ...args];
      execFile(process.execPath, argv, { env }, (error, out, err) =>
        end({ code: error === null ? 0 : Number(error.code), out, err }),
      );
      return promise;
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** One JSON document, whatever else is wrong. */
export const parsed = ({ out, err }: Ended): Record<string, unknown> => {
  try {
    return JSON.parse(out) as Record<string, unknown>; // looked at by the test
  } catch {
    throw new Error(`not one JSON document: ${out}\n${err}`);
  }
};
