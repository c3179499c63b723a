// The recordings of real restic output in fixtures/<version>/, made by scripts/record-restic-fixtures.ts.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Recording {
  readonly exitCode: number;
  readonly stdout: string;
  readonly lines: readonly string[];
  readonly errorLines: readonly string[];
}

const ROOT = join(import.meta.dirname, 'fixtures');

export const recordedVersions: readonly string[] = readdirSync(ROOT).toSorted();

export function recording(version: string, name: string): Recording {
  const text = readFileSync(join(ROOT, version, `${name}.txt`), 'utf8');
  const match = /^exit (\d+)\n--- stdout\n(.*?)--- stderr\n(.*)$/s.exec(text);
  if (!match) throw new Error(`fixtures/${version}/${name}.txt is no recording`);
  const [, code, stdout = '', stderr = ''] = match;
  const lines = (part: string): string[] => part.split('\n').filter((line) => line !== '');
  return { exitCode: Number(code), stdout, lines: lines(stdout), errorLines: lines(stderr) };
}
