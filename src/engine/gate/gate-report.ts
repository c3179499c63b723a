// The report of the last gate as a file, for the command that is run after it.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../domain/report.ts';

/** Written whole or not at all, over the one before; answers with its path. */
export function writeGateReport(stateDir: string, report: Report): string {
  const file = join(stateDir, 'gate-report.json');
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${JSON.stringify(report)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return file;
}
