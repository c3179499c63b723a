// Problems in the configuration as one error: all of them, sorted, each with its place. Values shown are masked.

import { HoldfastError } from '../lib/errors.ts';
import { maskUrlPassword } from '../process/mask.ts';
import { printable } from './printable.ts';
import type { ConfigProblem } from './configuration.ts';

/** Thrown when the configuration cannot be used; the exit code is 78. */
export class ConfigurationError extends HoldfastError {
  readonly problems: readonly ConfigProblem[];

  constructor(subject: string, problems: readonly ConfigProblem[], hint?: string) {
    const lines = problems.map(describeProblem);
    super({
      code: 'config',
      operation: 'read the configuration',
      subject,
      message: lines.length === 1 ? (lines[0] ?? '') : `${lines.length} problems:\n${lines.join('\n')}`,
      hint: hint ?? 'Correct what is named above, then try: holdfast config check',
    });
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/** `file:line:column: path: message` */
export function describeProblem(problem: ConfigProblem): string {
  const place = [problem.file, problem.line, problem.line === null ? null : problem.column]
    .filter((part) => part !== null)
    .join(':');
  return [place, problem.path, problem.message].filter((part) => part !== '').join(': ');
}

export const problem = (file: string, message: string, path = '', at: Position | null = null): ConfigProblem => ({
  file,
  line: at?.line ?? null,
  column: at?.column ?? null,
  path: printable(path, 300),
  message: printable(maskUrlPassword(message)),
});

/** Both 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type KeyPath = readonly (string | number)[];

/** `services.sonarr.backup.paths[0]` */
export function formatPath(path: KeyPath): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[\w-]+$/.test(key)) text += text === '' ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

/** The main file first, then the others by name; in each by line. Each problem once. */
export function sortProblems(problems: readonly ConfigProblem[], mainFile: string): ConfigProblem[] {
  const unique = new Map(problems.map((one) => [describeProblem(one), one]));
  const rank = (file: string): string => (file === mainFile ? '' : file);
  return [...unique.values()].toSorted(
    (a, b) => compare(rank(a.file), rank(b.file)) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}

/** By code unit: loading a locale's rules takes longer than everything else here. */
const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
