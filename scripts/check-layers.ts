// The layers of src/ and who may import whom: dependencies point downwards only. Part of `npm run lint`; what the linter can
// say by itself (cycles, child processes, process.exit, Date.now) is in .oxlintrc.json.
//   node scripts/check-layers.ts [FOLDER]

import { join, resolve } from 'node:path';
import { findLoaded, type Module, readModules } from './lib/module-graph.ts';

/** From the bottom to the top. Folders of one layer do not import each other. */
const layers: readonly (readonly string[])[] = [
  ['lib'],
  ['domain'],
  ['process'],
  ['journal', 'config'],
  ['tools'],
  ['sources', 'repositories', 'observe'],
  ['engine'],
  ['cli', 'agent', 'hub'],
  ['main.ts'],
];

/** Node.js modules that compute and touch nothing: what domain/ may load. */
const pureBuiltins = new Set(['node:path', 'node:path/posix', 'node:util', 'node:url']);

/** One sentence for each import that points the wrong way, and each read of the clock in domain/. */
export function layerDefects(root: string): string[] {
  const modules = readModules(root);
  return [...modules.values()].flatMap((module) => [...importDefects(module), ...purityDefects(module, modules)]);
}

const partOf = (path: string): string => path.split('/')[0] ?? path;
const heightOf = (part: string): number => layers.findIndex((parts) => parts.includes(part));

function importDefects({ path, imports }: Module): string[] {
  const part = partOf(path);
  const height = heightOf(part);
  if (height < 0) return [`${path}: ${part} is not in the table of layers (scripts/check-layers.ts)`];
  const defects: string[] = [];
  for (const { target, typeOnly, line } of imports) {
    if (!target.endsWith('.ts')) continue;
    const other = partOf(target);
    const below = heightOf(other) >= 0 && heightOf(other) < height;
    const typesOfDomain = part === 'lib' && other === 'domain' && typeOnly;
    if (other === part || below || typesOfDomain) continue;
    const hint = part === 'lib' && other === 'domain' ? 'only its types' : 'dependencies point downwards';
    defects.push(`${path}:${line}: ${part} may not import ${target} (${hint})`);
  }
  return defects;
}

function purityDefects({ path, clockReads }: Module, modules: ReadonlyMap<string, Module>): string[] {
  if (partOf(path) !== 'domain') return [];
  const chain = findLoaded(modules, path, (target) => target.startsWith('node:') && !pureBuiltins.has(target));
  return [
    ...clockReads.map((line) => `${path}:${line}: domain reads no clock; take the time as an argument`),
    ...(chain ? [`${path}: domain is pure, but it loads ${chain.join(' -> ')}`] : []),
  ];
}

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..', 'src'));
  const defects = layerDefects(root);
  for (const defect of defects) console.error(defect);
  if (defects.length > 0)
    console.error(`${defects.length} imports or calls break the layers; docs/architecture.md has the picture`);
  process.exitCode = defects.length === 0 ? 0 : 1;
}
