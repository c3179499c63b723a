// Real answers of two versions of pgBackRest, recorded.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const recorded = (version: '2.45' | '2.55', name: string): string =>
  readFileSync(join(import.meta.dirname, 'fixtures', version, name), 'utf8');

export const recordedLines = (version: '2.45' | '2.55', name: string): string[] =>
  recorded(version, name).split('\n').filter(Boolean);
