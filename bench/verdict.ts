// How long the verdict about many services takes when the journal has years of evidence, in one process: what `status` does
// beside starting.

import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Configuration, ServiceConfig } from '../src/config/configuration.ts';
import { loadConfiguration } from '../src/config/load.ts';
import type { Drill } from '../src/domain/drill.ts';
import type { Instant } from '../src/domain/instant.ts';
import type { Verification } from '../src/domain/verification.ts';
import { statusOf } from '../src/engine/status/status.ts';
import { openJournal } from '../src/journal/open-journal.ts';
import { openJournalReadOnly } from '../src/journal/open-read-only.ts';
import { selfIdentity } from '../src/process/identity.ts';
import { median } from './measure.ts';
import { Scratch } from './scratch.ts';

const ROUNDS = 9;
const SERVICES = 1000;
const REPOSITORIES = ['near', 'far'];
const ROWS = 1_000_000;
const LIMIT = 300; // ms
const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-01T12:00:00Z') as Instant;
const RUN = '01BENCH';

export async function verdictBench(rounds = ROUNDS): Promise<string> {
  using scratch = await Scratch.make();
  const configuration = await configure(scratch);
  const stateDir = scratch.path('state');
  const rows = writeEvidence(stateDir, [...configuration.services.values()]);
  const figures: number[] = [];
  let seen = '';
  for (let round = 0; round < rounds; round += 1) {
    const begin = performance.now();
    using journal = openJournalReadOnly(stateDir);
    if (journal === null) throw new Error('there is no journal');
    const services = [...configuration.services.values()];
    const report = statusOf({ config: configuration, services, journal, now: NOW });
    figures.push(performance.now() - begin);
    seen = JSON.stringify(report.counts);
  }
  rmSync(stateDir, { recursive: true });
  const figure = median(figures);
  return `the verdict about ${SERVICES} services in ${REPOSITORIES.length} repositories, ${rows} rows of evidence (median of ${rounds} rounds)
  ${figure.toFixed(0)} ms, at most ${LIMIT} ms: ${figure <= LIMIT ? 'reached' : 'MISSED'}  (${seen}; the first time ${(figures[0] ?? 0).toFixed(0)} ms)
`;
}

async function configure(scratch: Scratch): Promise<Configuration> {
  const names = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
  const file = scratch.writeConfiguration('holdfast.yaml', {
    stateDir: scratch.path('state'),
    repositories: Object.fromEntries(
      REPOSITORIES.map((name) => [
        name,
        {
          url: scratch.path(name),
          passwordFile: scratch.path('password'),
          medium: name,
          location: name === 'far' ? 'offsite' : 'onsite',
        },
      ]),
    ),
    services: Object.fromEntries(names.map((name) => [name, { backup: { paths: [scratch.path('data', name)] } }])),
  });
  return await loadConfiguration({ file, isRoot: true, env: {}, cwd: '/' });
}

/** A backup every hour, a drill each tenth day, a verification of each repository each week. Past the Journal: in bulk. */
function writeEvidence(stateDir: string, services: readonly ServiceConfig[]): number {
  {
    using journal = openJournal(stateDir);
    const plan = { kind: 'run', host: 'bench', steps: [], limits: {} };
    journal.openRun({ id: RUN, plan, startedAt: NOW, process: selfIdentity() });
    journal.endRun(RUN, { outcome: 'succeeded', exitCode: 0 }, NOW);
  }
  using db = new DatabaseSync(`${stateDir}/journal.db`);
  const insert = db.prepare(
    'INSERT INTO evidence (kind, service, repository, run_id, snapshot_id, at, complete, detail) VALUES (?, ?, ?, ?, ?, ?, 1, ?)',
  );
  const each = ROWS / (services.length * REPOSITORIES.length);
  const drills = Math.floor(each / 240);
  const drill: Drill = {
    snapshotTime: '2026-01-01T00:00:00.000Z',
    extent: 'whole',
    files: 20_000,
    bytes: 1_000_000,
    seconds: 42,
    rtoSeconds: 42,
    compared: null,
    validators: [],
    reason: null,
  };
  const verification: Verification = { how: 'check', slice: { index: 1, of: 1 }, flaws: [], gone: [], bytesRead: 1 };
  const backup = JSON.stringify({
    tool: 'restic',
    files: 20_000,
    bytes: 1_000_000,
    paths: ['/srv/data'],
    wording: 'x'.repeat(64),
  });
  let rows = 0;
  const id = (): string => rows.toString(16).padStart(64, '0');
  const add = (kind: string, service: string, repository: string, at: number, detail: string): void => {
    rows += 1;
    insert.run(kind, service, repository, RUN, service === '' ? '' : id(), at, detail);
  };
  db.exec('BEGIN');
  for (let index = 0; index < each - drills; index += 1) {
    for (const { name } of services) {
      for (const repository of REPOSITORIES) {
        const at = NOW - (each - drills - index) * HOUR;
        add('backup', name, repository, at, backup);
        if (index % 240 === 0) add('drill', name, repository, at, JSON.stringify(drill));
      }
    }
  }
  for (let week = 0; week < 520; week += 1) {
    for (const repository of REPOSITORIES)
      add('verify', '', repository, NOW - week * 168 * HOUR, JSON.stringify(verification));
  }
  db.exec('COMMIT');
  return rows;
}
