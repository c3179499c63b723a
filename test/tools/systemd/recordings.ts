// Recordings of what real systemds have said of units that ran, made by scripts/record-systemd-fixtures.ts: told again to a history.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Signal } from '../../../src/tools/systemd/bus.ts';
import { newsOf } from '../../../src/tools/systemd/calls.ts';
import type { UnitRun } from '../../../src/tools/systemd/manager.ts';
import { parseDetails } from '../../../src/tools/systemd/unit-details.ts';
import { UnitHistory } from '../../../src/tools/systemd/unit-history.ts';
import { judge } from '../../../src/tools/systemd/unit-run.ts';
import { parseState, type Properties } from '../../../src/tools/systemd/unit-state.ts';
import { decode } from './encoding.ts';

const ROOT = join(import.meta.dirname, 'fixtures');

export const recordedVersions: readonly string[] = readdirSync(ROOT).toSorted();

/** One of them. */
interface Line {
  readonly before?: Properties;
  readonly job?: number;
  readonly signal?: Signal;
  readonly after?: Properties;
}

export interface Retold {
  readonly run: UnitRun;
  /** At how many points everything looked settled, and then something more of the same run came. */
  readonly deceptions: number;
}

export function retell(version: string, unit: string): Retold {
  const text = readFileSync(join(ROOT, version, `${unit}.jsonl`), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => decode(line) as Line); // its shape is what our own script writes
  const known: Record<string, unknown> = { ...lines[0]?.before };
  const history = new UnitHistory(parseState(known));
  let deceptions = 0;
  let settled = false;
  for (const { job, signal, after } of lines) {
    if (job !== undefined) history.await(job);
    const news = signal && newsOf(signal);
    if (news?.kind === 'job-ended') history.jobEnded(news.job, news.result);
    if (news?.kind === 'changed') {
      Object.assign(known, news.properties);
      if (news.complete) history.saw(parseState(known));
    }
    if (after) return { run: judge(history, parseDetails(after)), deceptions };
    if (settled && !history.settled) deceptions += 1;
    settled = history.settled;
  }
  throw new Error(`fixtures/${version}/${unit}.jsonl has no end`);
}
