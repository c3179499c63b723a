import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

// The linter itself with the project's configuration, on a small tree: does it catch what the style forbids?

const project = resolve(import.meta.dirname, '..', '..');

interface Case {
  readonly says: string;
  readonly path: string;
  readonly rule: string | null;
  readonly text: string;
}

const promise = 'const later = async (): Promise<number> => 1;';
const exit = 'export const stop = (): void => process.exit(3);';
const spawning = "import { spawn } from 'node:child_process';\nexport const start = spawn;";

const cases: readonly Case[] = [
  { says: 'a floating promise', path: 'src/lib/a.ts', rule: 'no-floating-promises', text: `${promise}\nlater();` },
  {
    says: 'a promise where a condition is meant',
    path: 'src/lib/b.ts',
    rule: 'no-misused-promises',
    text: `${promise}\nexport const b = (): string => {\n  if (later()) return 'yes';\n  return 'no';\n};`,
  },
  {
    says: 'waiting for what is no promise',
    path: 'src/lib/c.ts',
    rule: 'await-thenable',
    text: 'export const c = await 1;',
  },
  { says: 'any', path: 'src/lib/d.ts', rule: 'no-explicit-any', text: 'export const d = (x: any): unknown => x;' },
  {
    says: 'a non-null assertion',
    path: 'src/lib/e.ts',
    rule: 'no-non-null-assertion',
    text: 'export const e = (x: string | null): string => x!;',
  },
  {
    says: 'a switch that forgets a case',
    path: 'src/lib/f.ts',
    rule: 'switch-exhaustiveness-check',
    text: "export function f(x: 'a' | 'b'): number {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}",
  },
  {
    says: 'an empty catch',
    path: 'src/lib/g.ts',
    rule: 'no-empty',
    text: 'export const g = (): void => {\n  try {\n    g();\n  } catch {}\n};',
  },
  {
    says: 'a thrown string',
    path: 'src/lib/h.ts',
    rule: 'only-throw-error',
    text: "export const h = (): never => {\n  throw 'h';\n};",
  },
  { says: 'console in the sources', path: 'src/cli/i.ts', rule: 'no-console', text: "console.log('i');" },
  {
    says: 'two modules that import each other',
    path: 'src/lib/j.ts',
    rule: 'no-cycle',
    text: "export { k } from './k.ts';\nexport const j = 1;",
  },
  { says: 'a child process in engine', path: 'src/engine/l.ts', rule: 'no-restricted-imports', text: spawning },
  { says: 'nothing about a child process in process', path: 'src/process/m.ts', rule: null, text: spawning },
  { says: 'process.exit in a command', path: 'src/cli/n.ts', rule: 'no-restricted-properties', text: exit },
  {
    says: 'process.exitCode in a command',
    path: 'src/cli/o.ts',
    rule: 'no-restricted-properties',
    text: 'export const end = (): void => {\n  process.exitCode = 1;\n};',
  },
  { says: 'nothing about process.exit in main.ts', path: 'src/main.ts', rule: null, text: exit },
  {
    says: 'the clock in domain',
    path: 'src/domain/p.ts',
    rule: 'no-restricted-properties',
    text: 'export const p = (): number => Date.now();',
  },
  {
    says: 'the process in domain',
    path: 'src/domain/q.ts',
    rule: 'no-restricted-globals',
    text: "export const q = (): string | undefined => process.env['HOME'];",
  },
];

let root = '';
const found = new Map<string, string[]>();

before(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-lint-'));
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
    copyFileSync(join(project, file), join(root, file));
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
  const files = new Map(cases.map(({ path, text }) => [path, text]));
  files.set('src/lib/k.ts', "export { j } from './j.ts';\nexport const k = 1;");
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  const lint = spawnSync(join(project, 'node_modules', '.bin', 'oxlint'), ['--format=unix'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(lint.status, 1, lint.stderr);
  for (const line of lint.stdout.split('\n')) {
    // src/lib/a.ts:2:1: Promises must be awaited ... [Error/typescript(no-floating-promises)]
    const [, path, rule] = /^(\S+?):\d+:\d+: .*\(([\w-]+)\)\]$/.exec(line) ?? [];
    if (path !== undefined && rule !== undefined) found.set(path, [...(found.get(path) ?? []), rule]);
  }
});

after(() => rmSync(root, { recursive: true, force: true }));

for (const { says, path, rule } of cases) {
  test(`the linter reports ${says}`, () => {
    const rules = found.get(path) ?? [];
    if (rule === null) assert.deepEqual(rules, []);
    else assert.ok(rules.includes(rule), `${path}: ${rules.join(', ') || 'nothing reported'}`);
  });
}
