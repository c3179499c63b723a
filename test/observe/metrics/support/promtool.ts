// Prometheus' own judge of texts, rules and expressions.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../../../src/process/find-program.ts';

/** For the tests that need it. */
export const skip = findProgram('promtool') === null && 'promtool is not installed (Debian: prometheus)';

export interface Judgement {
  readonly status: number | null;
  readonly output: string;
}

const judge = (args: readonly string[], cwd: string, input = ''): Judgement => {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, cwd, encoding: 'utf8' });
  if (error) throw error;
  return { status, output: stdout + stderr };
};

export const checkMetrics = (text: string): Judgement => judge(['check', 'metrics'], tmpdir(), text);

/** The files are written beside each other; the last one is what promtool is given. */
export function withFiles(command: readonly string[], files: Readonly<Record<string, string>>): Judgement {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-promtool-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    return judge([...command, Object.keys(files).at(-1) ?? ''], directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export const checkRules = (yaml: string): Judgement => withFiles(['check', 'rules', '--lint-fatal'], { 'rules.yml': yaml });

/** Each as a recording rule, for promtool parses rules only. */
export const checkExpressions = (expressions: readonly string[]): Judgement =>
  checkRules(
    JSON.stringify({
      groups: [{ name: 'all', rules: expressions.map((expr, index) => ({ record: `expression:${index}`, expr })) }],
    }),
  );
