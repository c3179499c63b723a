// Finds, reads, checks and resolves the configuration. All problems are reported together. Nothing outside of config/ reads
// a configuration file. zod and yaml are loaded only when there is something to read.

import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { untilAborted } from '../lib/abort.ts';
import type { Assembled } from './assemble.ts';
import { readCache, writeCache } from './cache.ts';
import type { Configuration, ConfigProblem } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import {
  decodeText,
  dropInFiles,
  findConfigurationFile,
  type Lookup,
  MAX_FILE_BYTES,
  openPipe,
  readText,
} from './find-file.ts';
import { ConfigurationError, sortProblems } from './problems.ts';
import { exposedSecrets, type SecretFile } from './secret-files.ts';

export interface LoadOptions extends Lookup {
  /** Read when `file` is '-'; the process's own when not given. */
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
  /** `--state-dir`: wins over the file. */
  readonly stateDir?: string | undefined;
  /** Ends the waiting for a configuration that comes through a pipe. */
  readonly signal?: AbortSignal | undefined;
  /** Where loadConfiguration keeps what it came to (see cache.ts); nowhere when not given. */
  readonly cacheDirectory?: string | undefined;
}

/** What reading came to; open secret files are among the warnings. */
export type ReadConfiguration = Omit<Assembled, 'secretFiles'>;

export const STDIN_NAME = '<standard input>';

interface Source {
  readonly file: string;
  readonly text: string | ConfigProblem;
}

interface Sources {
  readonly main: Source;
  readonly dropIns: readonly Source[];
  readonly problems: readonly ConfigProblem[];
}

/** The effective configuration. Throws a ConfigurationError ('config', exit 78) with every problem. */
export async function loadConfiguration(options: LoadOptions): Promise<Configuration> {
  const sources = await readSources(options);
  const { cacheDirectory } = options;
  const identity = cacheDirectory === undefined || options.file === '-' ? null : identityOf(sources, options);
  const cached = identity && cacheDirectory !== undefined ? readCache(cacheDirectory, identity) : null;
  if (cached) return withWarnings(cached.configuration, cached.configuration.warnings, cached.secretFiles);
  const { file, configuration, errors, warnings, secretFiles } = await build(sources, options);
  if (configuration === null) throw new ConfigurationError(file, errors);
  if (identity && cacheDirectory !== undefined) {
    writeCache(cacheDirectory, identity, { configuration: { ...configuration, warnings }, secretFiles });
  }
  return withWarnings(configuration, warnings, secretFiles);
}

/** As loadConfiguration, but problems are an answer: for `config check` and `config show`. Throws only when there is no file. */
export async function readConfiguration(options: LoadOptions): Promise<ReadConfiguration> {
  const { secretFiles, ...read } = await build(await readSources(options), options);
  if (read.configuration === null) return { ...read, configuration: null };
  const configuration = withWarnings(read.configuration, read.warnings, secretFiles);
  return { ...read, configuration, warnings: configuration.warnings };
}

function withWarnings(
  configuration: Configuration,
  warnings: readonly ConfigProblem[],
  secretFiles: readonly SecretFile[],
): Configuration {
  const open = exposedSecrets(secretFiles);
  return { ...configuration, warnings: sortProblems([...warnings, ...open], configuration.files[0] ?? '') };
}

async function readSources(options: LoadOptions): Promise<Sources> {
  if (options.file === '-') {
    const text = decodeText(STDIN_NAME, await readAll(options.stdin ?? process.stdin, options.signal));
    return { main: { file: STDIN_NAME, text }, dropIns: [], problems: [] };
  }
  const file = findConfigurationFile(options);
  const pipe = openPipe(file);
  if (pipe) {
    using _destroy = { [Symbol.dispose]: () => void pipe.destroy() };
    return { main: { file, text: decodeText(file, await readAll(pipe, options.signal)) }, dropIns: [], problems: [] };
  }
  const dropIns = dropInFiles(file);
  const read = (name: string): Source => ({ file: name, text: readText(name) });
  if ('message' in dropIns) return { main: read(file), dropIns: [], problems: [dropIns] };
  return { main: read(file), dropIns: dropIns.map(read), problems: [] };
}

/** Everything that the effective configuration depends on; null when a file cannot be read. */
function identityOf({ main, dropIns, problems }: Sources, options: LoadOptions): readonly string[] | null {
  const parts: string[] = [hostname(), defaultStateDir(options), stateDirOption(options) ?? ''];
  for (const { file, text } of [main, ...dropIns]) {
    if (typeof text !== 'string') return null;
    parts.push(file, text);
  }
  return problems.length === 0 ? parts : null;
}

async function build({ main, dropIns, problems }: Sources, options: LoadOptions): Promise<Assembled> {
  if (typeof main.text !== 'string') return failed(main.file, [main.text]);
  const { parseSource } = await import('./document.ts');
  const errors = [...problems];
  const parse = ({ file, text }: Source): SourceDocument | null => {
    const source = typeof text === 'string' ? parseSource(file, text) : [text];
    if ('data' in source) return source;
    errors.push(...source);
    return null;
  };
  const document = parse(main);
  const more = dropIns.map(parse).filter((dropIn) => dropIn !== null);
  if (document === null) return failed(main.file, errors);
  const { assemble } = await import('./assemble.ts');
  return assemble({
    main: document,
    dropIns: more,
    errors,
    host: hostname(),
    stateDir: defaultStateDir(options),
    stateDirOption: stateDirOption(options),
  });
}

const failed = (file: string, errors: readonly ConfigProblem[]): Assembled => ({
  file,
  files: [file],
  configuration: null,
  entries: null,
  errors: sortProblems(errors, file),
  warnings: [],
  secretFiles: [],
});

const stateDirOption = ({ stateDir, cwd }: LoadOptions): string | undefined =>
  stateDir === undefined ? undefined : resolve(cwd, stateDir);

/** At most a little more than a configuration may have: an endless stream must not fill the memory. */
async function readAll(stream: AsyncIterable<Uint8Array | string>, signal?: AbortSignal): Promise<Uint8Array> {
  const read = async (): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of stream) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      chunks.push(bytes);
      length += bytes.length;
      if (length > MAX_FILE_BYTES) break;
    }
    return Buffer.concat(chunks);
  };
  return signal ? await untilAborted(read(), signal) : await read();
}

/** Where state is kept when nothing says otherwise. */
export function defaultStateDir({ isRoot, env, cwd }: Pick<LoadOptions, 'isRoot' | 'env' | 'cwd'>): string {
  if (isRoot) return '/var/lib/holdfast';
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] ?? cwd, '.local/state'), 'holdfast');
}
