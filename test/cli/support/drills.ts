// A service of which there are copies, and drills of them, for tests of the command line.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import type { Drill } from '../../../src/domain/drill.ts';
import type { Report, StepReport } from '../../../src/domain/report.ts';
import type { RecordedEvidence } from '../../../src/journal/journal.ts';
import { type Ended, listFiles, type ScratchHost, scratchHost, type Section, stepOf } from '../../support/cli.ts';

export const FILES = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [`d${index % 4}/f${index}`, `${index} `.repeat(10 + index * index)]),
);

export interface Drilled extends Ended {
  readonly report: Report;
  readonly step: (repository?: string) => StepReport;
}

export interface Scene {
  readonly host: ScratchHost;
  readonly data: string;
  readonly drill: (...args: readonly string[]) => Promise<Drilled>;
  readonly evidence: (repository?: string) => RecordedEvidence[];
}

/** A service in these repositories, backed up once. */
export async function backedUp(t: TestContext, repositories: readonly string[], protection: Section = {}): Promise<Scene> {
  const host = scratchHost(t);
  for (const name of repositories) host.addRepository(name, { medium: name });
  const data = host.addService('notes', { ...FILES, 'd0/large': randomBytes(300_000) });
  {
    using database = new DatabaseSync(join(data, 'n.db'));
    database.exec('CREATE TABLE notes (text); INSERT INTO notes VALUES (1)');
  }
  host.services['notes'] = { ...host.services['notes'], protection };
  assert.equal((await host.backUp()).code, 0);
  return {
    host,
    data,
    async drill(...args) {
      const ended = await host.run(['--json', 'drill', ...args]);
      let report: Report;
      try {
        report = JSON.parse(ended.stdout) as Report; // its shape has a test of its own
      } catch {
        throw new Error(`not one JSON document: ${ended.stdout}\n${ended.stderr}`);
      }
      return { ...ended, report, step: (repository = 'near') => stepOf(report, `drill:notes@${repository}`) };
    },
    evidence(repository = 'near') {
      using journal = host.journal();
      return [...journal.evidence({ service: 'notes', repository, kind: 'drill', limit: 100 })];
    },
  };
}

export const detailOf = (evidence: RecordedEvidence | undefined): Drill => evidence?.detail as Drill; // as a drill wrote it
export const scratchOf = (host: ScratchHost): string[] => listFiles(join(host.stateDir, 'drills'));
