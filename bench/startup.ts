// How long a person waits for --help, and for status on a host with years of history, against node doing nothing.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import type { Evidence } from '../src/domain/evidence.ts';
import { formatInstant, type Instant } from '../src/domain/instant.ts';
import { stepId } from '../src/domain/naming.ts';
import type { Step } from '../src/domain/plan.ts';
import { plannedStep } from '../src/domain/report.ts';
import { openJournal } from '../src/journal/open-journal.ts';
import { selfIdentity } from '../src/process/identity.ts';
import { type Bench, memory, wallRatio } from './table.ts';

const SERVICES = 20;
const STEPS = 100_000;
const HOUR = 3_600_000;

export const startup: Bench = {
  title: `holdfast --help, and status of ${SERVICES} services with ${STEPS} steps in the journal, against node -e 0`,
  rounds: 15,
  warmUp: true,
  goals: [wallRatio(3), memory(150)],
  contestants(scratch) {
    const names = Array.from({ length: SERVICES }, (_, index) => `service-${index}`);
    const config = scratch.writeConfiguration('holdfast.yaml', {
      stateDir: scratch.path('state'),
      repositories: {
        near: { url: scratch.path('near'), passwordFile: scratch.path('password') },
        far: { url: scratch.path('far'), passwordFile: scratch.path('password'), location: 'offsite' },
      },
      services: Object.fromEntries(names.map((name) => [name, { backup: { paths: [scratch.path('data', name)] } }])),
    });
    mkdirSync(scratch.path('state'));
    writeHistory(scratch.path('state', 'journal.db'), names);
    return [
      { name: 'node -e 0', argv: ['node', '-e', '0'] },
      { name: 'holdfast --help', argv: scratch.holdfast(config, '--help') },
      { name: 'holdfast status', argv: scratch.holdfast(config, 'status') },
    ];
  },
};

/** Through the Journal itself, in memory where there is such a file system: each step is two transactions. */
export function writeHistory(file: string, services: readonly string[]): void {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-bench-'));
  try {
    const steps = services.flatMap((service) => ['near', 'far'].map((repository) => backupStep(service, repository)));
    const runs = Math.ceil(STEPS / steps.length);
    const now = Date.now();
    {
      using journal = openJournal(directory);
      for (let run = 0; run < runs; run += 1) {
        const at = (now - (runs - run) * HOUR) as Instant; // a moment of this clock
        const id = ulid(at);
        journal.openRun({
          id,
          plan: { kind: 'run', host: 'bench', steps, limits: {} },
          startedAt: at,
          process: selfIdentity(),
        });
        for (const step of steps) {
          journal.startStep(id, step.id, at);
          const report = { ...plannedStep(step), startedAt: formatInstant(at), endedAt: formatInstant(at) };
          journal.endStep(id, { ...report, outcome: 'succeeded' }, [evidence(step, at, id)]);
        }
        journal.endRun(id, { outcome: 'succeeded', exitCode: 0 }, at);
      }
    }
    copyFileSync(join(directory, 'journal.db'), file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const backupStep = (service: string, repository: string): Step => ({
  id: stepId.backup(service, repository),
  title: `Back up ${service} to ${repository}`,
  service,
  repository,
  weight: 'counted',
  run: () => Promise.resolve({ outcome: 'succeeded' }),
});

const evidence = ({ service = '', repository = '' }: Step, at: Instant, run: string): Evidence => ({
  kind: 'backup',
  service,
  repository,
  snapshotId: Buffer.from(`${run}${service}${repository}`.padEnd(32).slice(0, 32)).toString('hex'),
  at,
  complete: true,
  detail: { tool: 'restic', files: 20_000, bytes: 1_000_000 },
});
