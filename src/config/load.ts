// Finds, reads, checks and resolves the configuration. All problems are reported together. Nothing outside of config/ reads
// a configuration file. zod and yaml are loaded only when there is something to read.

import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Configuration, ConfigProblem } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import type { EffectiveEntries } from './effective.ts';
import { decodeText, dropInFiles, findConfigurationFile, type Lookup, MAX_FILE_BYTES, readText } from './find-file.ts';
import { ConfigurationError, sortProblems } from './problems.ts';

export interface LoadOptions extends Lookup {
  /** Read when `file` is '-'; the process's own when not given. */
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
  /** `--state-dir`: wins over the file. */
  readonly stateDir?: string | undefined;
}

/** What reading came to: either a configuration, or the problems that prevent one (`errors` is then not empty). */
export interface ReadConfiguration {
  /** The main file. */
  readonly file: string;
  readonly files: readonly string[];
  readonly configuration: Configuration | null;
  readonly entries: EffectiveEntries | null;
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

export const STDIN_NAME = '<standard input>';

/** The effective configuration. Throws a ConfigurationError ('config', exit 78) with every problem. */
export async function loadConfiguration(options: LoadOptions): Promise<Configuration> {
  const { file, configuration, errors } = await readConfiguration(options);
  if (configuration === null) throw new ConfigurationError(file, errors);
  return configuration;
}

/** As loadConfiguration, but problems are an answer: for `config check` and `config show`. Throws only when there is no file. */
export async function readConfiguration(options: LoadOptions): Promise<ReadConfiguration> {
  const fromStdin = options.file === '-';
  const file = fromStdin ? STDIN_NAME : findConfigurationFile(options);
  const text = fromStdin ? decodeText(file, await readAll(options.stdin ?? process.stdin)) : readText(file);
  const dropIns = fromStdin ? [] : dropInFiles(file);
  if (typeof text !== 'string') return failed(file, [text]);
  const { parseSource } = await import('./document.ts');
  const main = parseSource(file, text);

  const documents: SourceDocument[] = [];
  const errors: ConfigProblem[] = [];
  if (!('data' in main)) errors.push(...main);
  if ('message' in dropIns) errors.push(dropIns);
  else {
    for (const dropIn of dropIns) {
      const content = readText(dropIn);
      const source = typeof content === 'string' ? parseSource(dropIn, content) : [content];
      if ('data' in source) documents.push(source);
      else errors.push(...source);
    }
  }
  if (!('data' in main)) return failed(file, errors);
  const { assemble } = await import('./assemble.ts');
  return assemble({
    main,
    dropIns: documents,
    errors,
    host: hostname(),
    stateDir: defaultStateDir(options),
    stateDirOption: options.stateDir === undefined ? undefined : resolve(options.cwd, options.stateDir),
  });
}

const failed = (file: string, errors: readonly ConfigProblem[]): ReadConfiguration => ({
  file,
  files: [file],
  configuration: null,
  entries: null,
  errors: sortProblems(errors, file),
  warnings: [],
});

/** At most a little more than a configuration may have: an endless stream must not fill the memory. */
async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    chunks.push(bytes);
    length += bytes.length;
    if (length > MAX_FILE_BYTES) break;
  }
  return Buffer.concat(chunks);
}

function defaultStateDir({ isRoot, env, cwd }: LoadOptions): string {
  if (isRoot) return '/var/lib/holdfast';
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] ?? cwd, '.local/state'), 'holdfast');
}
