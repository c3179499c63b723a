// How long `holdfast metrics` takes on a host of 1,000 services in two repositories with 100,000 runs in its journal, from the start
// of the process to its end, as the node exporter's file is written every five minutes.

import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { formatInstant, type Instant } from '../src/domain/instant.ts';
import { stepId } from '../src/domain/naming.ts';
import { openJournal } from '../src/journal/open-journal.ts';
import { median } from './measure.ts';
import { type Bench, type Goal, memory } from './table.ts';

const SERVICES = 1000;
const REPOSITORIES = ['near', 'far'];
const RUNS = 100_000;
const LIMIT = 150; // ms
const MINUTE = 60_000;

const under = (limit: number): Goal => ({
  text: `under ${limit} ms`,
  figure: (mine) => median(mine.samples.map(({ wall }) => wall * 1000)),
  limit,
  unit: 'ms',
});

export const metricsBench: Bench = {
  title: `holdfast metrics, ${SERVICES} services in ${REPOSITORIES.length} repositories, ${RUNS} runs in the journal, against node -e 0`,
  rounds: 15,
  warmUp: true,
  goals: [under(LIMIT), memory(250)],
  contestants(scratch) {
    const names = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
    for (const name of REPOSITORIES) mkdirSync(scratch.path(name));
    const config = scratch.writeConfiguration('holdfast.yaml', {
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
    writeHistory(scratch.path('state'), names, scratch.root);
    return [
      { name: 'node -e 0', argv: ['node', '-e', '0'] },
      { name: 'holdfast metrics', argv: scratch.holdfast(config, 'metrics') },
      {
        name: 'holdfast metrics --textfile',
        argv: scratch.holdfast(config, 'metrics', '--textfile', scratch.path('holdfast.prom')),
      },
    ];
  },
};

/** A run of one job each, round and round; past the Journal: in bulk. */
function writeHistory(stateDir: string, services: readonly string[], root: string): void {
  openJournal(stateDir)[Symbol.dispose]();
  using db = new DatabaseSync(`${stateDir}/journal.db`);
  const run = db.prepare(
    "INSERT INTO runs (id, kind, host, process, started_at, ended_at, outcome, exit_code) VALUES (?, 'run', 'bench', '{}', ?, ?, 'succeeded', 0)",
  );
  const step = db.prepare(
    `INSERT INTO steps (run_id, position, id, title, service, repository, weight, started_at, ended_at, outcome, result)
     VALUES (?, 0, ?, ?, ?, ?, 'counted', ?, ?, 'succeeded', ?)`,
  );
  const evidence = db.prepare(
    "INSERT INTO evidence (kind, service, repository, run_id, snapshot_id, at, complete, detail) VALUES ('backup', ?, ?, ?, ?, ?, 1, ?)",
  );
  const jobs = services.flatMap((service) => REPOSITORIES.map((repository) => ({ service, repository })));
  const now = Date.now();
  db.exec('BEGIN');
  for (let index = 0; index < RUNS; index += 1) {
    const { service = '', repository = '' } = jobs[index % jobs.length] ?? {};
    const at = now - (RUNS - index) * (MINUTE / 2);
    const id = `01BENCH${String(index).padStart(19, '0')}`;
    const snapshotId = index.toString(16).padStart(64, '0');
    const result = { service, repository, snapshotId, filesNew: 1, filesChanged: 0, bytesAdded: 45, filesUnreadable: [] };
    const detail = {
      tool: 'restic',
      place: `${root}/${repository}`,
      files: 20_000,
      bytes: 1_000_000,
      paths: ['/srv/data'],
      empty: [],
      wording: 'x'.repeat(64),
      source: { madeAt: formatInstant(at as Instant) },
    };
    run.run(id, at, at + 9000);
    step.run(id, stepId.backup(service, repository), 'Back up', service, repository, at, at + 9000, JSON.stringify(result));
    evidence.run(service, repository, id, snapshotId, at, JSON.stringify(detail));
  }
  db.exec('COMMIT');
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
