// Reads a tree of TypeScript modules and tells who imports whom. It parses; it never runs or resolves anything but
// relative paths.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { parseSync, Visitor } from 'rolldown/utils';

export interface Import {
  /** 'node:fs', 'zod', or for a relative import the module's path from the root of the tree. */
  readonly target: string;
  /** Nothing is loaded because of it. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Module {
  /** From the root of the tree: 'domain/plan.ts'. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines that ask the clock through `new Date()` or `Date()`. */
  readonly clockReads: readonly number[];
}

/** Every .ts module below `root`, by path. Throws when one does not parse. */
export function readModules(root: string): Map<string, Module> {
  const paths = globSync('**/*.ts', { cwd: root }).toSorted();
  return new Map(paths.map((path) => [path, readModule(path, readFileSync(join(root, path), 'utf8'))]));
}

export function readModule(path: string, text: string): Module {
  const { module, program, errors } = parseSync(path, text);
  if (errors[0]) throw new SyntaxError(`${path}: ${errors[0].message}`);
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  const imports: Import[] = [];
  const add = (request: string, typeOnly: boolean, offset: number): void => {
    const target = request.startsWith('.') ? join(dirname(path), request) : request;
    imports.push({ target, typeOnly, line: lineAt(offset) });
  };
  for (const { moduleRequest, entries, start } of module.staticImports) {
    add(moduleRequest.value, entries.length > 0 && entries.every((entry) => entry.isType), start);
  }
  for (const { entries, start } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) if (moduleRequest) add(moduleRequest.value, isType, start);
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    add(text.slice(moduleRequest.start + 1, moduleRequest.end - 1), false, start);
  }
  return { path, imports, clockReads: clockReads(program).map(lineAt) };
}

function clockReads(program: Parameters<Visitor['visit']>[0]): number[] {
  const offsets: number[] = [];
  const visitor = new Visitor({
    NewExpression({ callee, arguments: given, start }) {
      if (callee.type === 'Identifier' && callee.name === 'Date' && given.length === 0) offsets.push(start);
    },
    CallExpression({ callee, start }) {
      if (callee.type === 'Identifier' && callee.name === 'Date') offsets.push(start);
    },
  });
  visitor.visit(program);
  return offsets;
}

/** The modules that get loaded when `start` is: a chain from it to the first for which `isWanted` holds, or null. */
export function findLoaded(
  modules: ReadonlyMap<string, Module>,
  start: string,
  isWanted: (target: string) => boolean,
): readonly string[] | null {
  const seen = new Set<string>();
  const visit = (path: string, chain: readonly string[]): readonly string[] | null => {
    if (isWanted(path)) return [...chain, path];
    if (seen.has(path)) return null;
    seen.add(path);
    for (const { target, typeOnly } of modules.get(path)?.imports ?? []) {
      const found = typeOnly ? null : visit(target, [...chain, path]);
      if (found) return found;
    }
    return null;
  };
  return visit(start, []);
}
