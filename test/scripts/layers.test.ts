import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { layerDefects } from '../../scripts/check-layers.ts';

type Tree = Readonly<Record<string, string>>;

/** The sentences about a source tree of these files. */
function check(tree: Tree): string[] {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-layers-'));
  try {
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return layerDefects(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const empty = 'export const x = 1;';

test('imports that point downwards are fine, over any number of layers, static and dynamic', () => {
  const tree = {
    'main.ts': "import { x } from './cli/run.ts'; export const lazy = () => import('./engine/runner.ts'); export { x };",
    'cli/run.ts': "export * from '../lib/a.ts'; import '../engine/runner.ts'; import '../tools/restic/a.ts';",
    'engine/runner.ts': "import { x } from '../journal/journal.ts'; export { x };",
    'journal/journal.ts': "export { x } from '../process/run.ts';",
    'process/run.ts': "import { spawn } from 'node:child_process'; import '../domain/a.ts'; export const x = spawn;",
    'tools/restic/a.ts': "import { x } from '../util-linux/b.ts'; export { x };",
    'tools/util-linux/b.ts': empty,
    'domain/a.ts': "import { x } from '../lib/a.ts'; export const date = new Date(x);",
    'lib/a.ts': "import type { y } from '../domain/a.ts'; export const x: typeof y = 1;",
  };
  assert.deepEqual(check(tree), []);
});

for (const [from, to] of [
  ['lib', 'process'],
  ['domain', 'journal'],
  ['process', 'config'],
  ['journal', 'config'],
  ['config', 'tools'],
  ['tools', 'sources'],
  ['sources', 'repositories'],
  ['observe', 'engine'],
  ['engine', 'cli'],
  ['agent', 'hub'],
  ['cli', 'agent'],
] as const) {
  test(`${from} may not import ${to}, not even a type of it or lazily`, () => {
    for (const text of [
      `import { x } from '../${to}/b.ts'; export { x };`,
      `import type { x } from '../${to}/b.ts'; export type { x };`,
      `import { type x } from '../${to}/b.ts'; export type { x };`,
      `export * from '../${to}/b.ts';`,
      `export const lazy = () => import('../${to}/b.ts');`,
    ]) {
      const defects = check({ [`${from}/a.ts`]: `\n${text}`, [`${to}/b.ts`]: empty });
      assert.equal(defects[0], `${from}/a.ts:2: ${from} may not import ${to}/b.ts (dependencies point downwards)`, text);
    }
  });
}

test('lib may import types of domain, and nothing that is loaded', () => {
  const domain = { 'domain/b.ts': empty };
  assert.deepEqual(check({ 'lib/a.ts': "import type { x } from '../domain/b.ts'; export type { x };", ...domain }), []);
  const defects = check({ 'lib/a.ts': "import { type x, y } from '../domain/b.ts'; export const z: x = y;", ...domain });
  assert.deepEqual(defects, ['lib/a.ts:1: lib may not import domain/b.ts (only its types)']);
});

test('nothing imports main.ts', () => {
  const defects = check({ 'cli/a.ts': "import '../main.ts';", 'main.ts': empty });
  assert.deepEqual(defects, ['cli/a.ts:1: cli may not import main.ts (dependencies point downwards)']);
});

test('domain loads nothing that does input or output, not even through lib', () => {
  const defects = check({
    'domain/a.ts': "import { x } from '../lib/files.ts'; export { x };",
    'domain/b.ts':
      "import type { x } from '../lib/files.ts'; import { join } from 'node:path'; export type y = [x, typeof join];",
    'lib/files.ts': "import { readFileSync } from 'node:fs'; export const x = readFileSync;",
  });
  assert.deepEqual(defects, ['domain/a.ts: domain is pure, but it loads domain/a.ts -> lib/files.ts -> node:fs']);
});

test('domain does not ask for the current time; others may, and a date of a given time is no question', () => {
  const text = 'export const a = new Date(0);\nexport const b = new Date();\nexport const c = Date();';
  assert.deepEqual(check({ 'domain/a.ts': text, 'lib/clock.ts': text }), [
    'domain/a.ts:2: domain reads no clock; take the time as an argument',
    'domain/a.ts:3: domain reads no clock; take the time as an argument',
  ]);
});

test('a folder without a place in the layers is reported, so that nothing escapes them', () => {
  assert.match(check({ 'utils/a.ts': empty }).join(), /^utils\/a\.ts: utils is not in the table of layers/);
});

test('a file that does not parse is an error, not a file without imports', () => {
  assert.throws(() => check({ 'lib/a.ts': 'import {{' }), /lib\/a\.ts/);
});
