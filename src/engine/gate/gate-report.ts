// The report of the last gate as a file, for the command that is run after it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../domain/report.ts';
import { replacePrivately } from '../../lib/private-file.ts';

/** Written whole or not at all, over the one before; answers with its path. */
export function writeGateReport(stateDir: string, report: Report): string {
  const file = join(stateDir, 'gate-report.json');
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  replacePrivately(file, `${JSON.stringify(report)}\n`);
  return file;
}
