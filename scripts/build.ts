// npm run build: bundles src/main.ts and what it uses into dist/, where dist/holdfast.js is the program. Needs only Node.js 24
// or newer there, no node_modules. Parts that are imported lazily stay separate files and load only when they are used.

import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';

export interface BuildOptions {
  /** The module to start with: 'src/main.ts'. */
  readonly main: string;
  /** Folders that modules read beside themselves (`new URL('./migrations/', import.meta.url)`); each goes to dist/<its name>. */
  readonly assets: readonly string[];
  /** Replaced as a whole once everything is built. */
  readonly outDir: string;
}

/**
 * The program itself: static imports load before any statement runs, so the compile cache must be on before the bundle is
 * imported. It saves 6 of 50 ms. It lies in the user's own folder, never Node.js's default below /tmp: compiled code
 * that somebody else could have put there must not run as root.
 */
const launcher = `#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

const { CACHE_DIRECTORY, XDG_CACHE_HOME, HOME } = process.env;
const cache = CACHE_DIRECTORY || XDG_CACHE_HOME || (HOME && HOME + '/.cache');
if (cache) enableCompileCache(cache + '/holdfast/compiled');

// Node.js 24 announces on standard error that node:sqlite is experimental; whoever runs a backup cannot act on it.
const { emitWarning } = process;
process.emitWarning = (warning, ...details) => {
  if (details[0] !== 'ExperimentalWarning') emitWarning.call(process, warning, ...details);
};

await import('./main.js');
`;

/** Builds into `outDir`. Rejects when a module does not resolve, or two assets have the same name. */
export async function build(options: BuildOptions): Promise<void> {
  const staging = `${options.outDir}.new-${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  try {
    const chunks = await bundle(options.main, staging);
    for (const folder of options.assets) copyAsset(folder, staging);
    writeFileSync(join(staging, 'package.json'), '{ "type": "module" }\n');
    writeFileSync(join(staging, 'licenses.txt'), licenses(chunks));
    const program = join(staging, 'holdfast.js');
    writeFileSync(program, launcher);
    chmodSync(program, 0o755);
    symlinkSync('holdfast.js', join(staging, 'backup-orchestrator')); // the gate, under a name that scripts know
    rmSync(options.outDir, { recursive: true, force: true });
    renameSync(staging, options.outDir);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function bundle(main: string, dir: string): Promise<OutputChunk[]> {
  await using bundler = await rolldown({
    input: { main },
    platform: 'node',
    transform: { target: 'node24', define: { 'import.meta.main': 'true' } },
    onLog(level, log, report) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      report(level, log);
    },
  });
  const { output } = await bundler.write({
    dir,
    format: 'esm',
    entryFileNames: '[name].js',
    // All flat: what a module reads relative to itself must be in the same place for each of them.
    chunkFileNames: '[name]-[hash].js',
    minify: false, // a stack trace in a bug report must be readable, and the compile cache makes up for the size
  });
  return output.filter((file) => file.type === 'chunk');
}

function copyAsset(folder: string, outDir: string): void {
  const target = join(outDir, basename(folder));
  if (existsSync(target)) throw new Error(`two assets are called ${basename(folder)}`);
  cpSync(folder, target, { recursive: true });
}

/** The licences of the packages in the bundle, which ask for being passed on with it. */
function licenses(chunks: readonly OutputChunk[]): string {
  const modules = chunks.flatMap((chunk) => chunk.moduleIds);
  const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []);
  const texts = [...new Set(folders)].toSorted().map((folder) => {
    // Every package that npm installs has both.
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
    };
    const [file] = globSync('{LICEN[CS]E,licen[cs]e,COPYING}*', { cwd: folder });
    return `${name} ${version}\n\n${file === undefined ? '(no licence file)' : readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

/** Holdfast itself. */
export async function buildRelease(outDir: string): Promise<void> {
  const src = join(dirname(import.meta.dirname), 'src');
  await build({ main: join(src, 'main.ts'), assets: [join(src, 'journal', 'migrations')], outDir });
}

if (import.meta.main) {
  await buildRelease(resolve(import.meta.dirname, '..', 'dist'));
  console.log('dist/holdfast.js is built');
}
