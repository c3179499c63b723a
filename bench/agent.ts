// The agent as it is released: how long `backup-status` takes for each of 1,000 requests a second with the agent held to one core,
// while its record is written to; and what memory it needs on a host of 1,000 services after a day of work, which is told to it at
// once. The load comes from this process.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createConnection } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ulid } from 'ulid';
import type { Instant } from '../src/domain/instant.ts';
import { formatInstant } from '../src/domain/instant.ts';
import { stepId } from '../src/domain/naming.ts';
import type { Step } from '../src/domain/plan.ts';
import { plannedStep } from '../src/domain/report.ts';
import { told } from '../src/engine/live/tell.ts';
import { AGENT_ENVIRONMENT } from '../src/engine/units/agent-unit.ts';
import type { Journal } from '../src/journal/journal.ts';
import { openJournal } from '../src/journal/open-journal.ts';
import { selfIdentity } from '../src/process/identity.ts';
import { Scratch } from './scratch.ts';

const RATE = 1000;
const SECONDS = 20;
const MOST_P99 = 10; // ms
const MOST_MEMORY = 120; // MiB
const WRITES_EACH = 500; // ms
const HOUR = 3_600_000;

export async function agentBench(): Promise<string> {
  using scratch = await Scratch.make();
  return (await answers(scratch)) + (await memory(scratch));
}

async function answers(scratch: Scratch): Promise<string> {
  const services = 20;
  using agent = await start(scratch, 'small', services);
  using journal = openJournal(agent.stateDir);
  for (let run = 0; run < 50; run += 1) record(journal, agent.services, (Date.now() - (50 - run) * HOUR) as Instant);
  const connections = new Agent({ keepAlive: true, maxSockets: 64 });
  const ask = (): Promise<number> =>
    new Promise((done, fail) => {
      const begin = performance.now();
      const sent = request({ socketPath: agent.socket, path: '/v1/backup-status', agent: connections }, (response) => {
        response.resume();
        response.once('end', () => done(performance.now() - begin));
      });
      sent.on('error', fail);
      sent.end();
    });
  for (let warm = 0; warm < 500; warm += 1) await ask();
  const writing = setInterval(() => record(journal, agent.services.slice(0, 1), Date.now() as Instant), WRITES_EACH);
  const before = cpuOf(agent.child);
  const begin = performance.now();
  const taken: Promise<number>[] = [];
  while (taken.length < RATE * SECONDS) {
    const dueBy = Math.min(RATE * SECONDS, Math.floor(((performance.now() - begin) / 1000) * RATE));
    while (taken.length < dueBy) taken.push(ask());
    await delay(1);
  }
  const times = (await Promise.all(taken)).toSorted((a, b) => a - b);
  const busy = (cpuOf(agent.child) - before) / ((performance.now() - begin) / 1000);
  clearInterval(writing);
  connections.destroy();
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  const p99 = at(0.99);
  return `backup-status of ${services} services, ${RATE} requests/s for ${SECONDS} s, the record written to each ${WRITES_EACH} ms, the agent on one core
  p50 ${at(0.5).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, longest ${at(1).toFixed(1)} ms, at most ${MOST_P99} ms at p99: ${p99 <= MOST_P99 ? 'reached' : 'MISSED'}  (${(busy * 100).toFixed(0)}% of the core)
`;
}

/** A day: each of the services backed up each hour, told live; metrics' and people's questions all the time. */
async function memory(scratch: Scratch): Promise<string> {
  const services = 1000;
  using agent = await start(scratch, 'large', services);
  using journal = openJournal(agent.stateDir);
  const connections = new Agent({ keepAlive: true, maxSockets: 4 });
  const get = (path: string): Promise<void> =>
    new Promise((done, fail) => {
      const sent = request({ socketPath: agent.socket, path, agent: connections }, (response) => {
        response.resume();
        response.once('end', done);
      });
      sent.on('error', fail);
      sent.end();
    });
  const begin = memoryOf(agent.child, 'VmRSS');
  let runs = 0;
  for (let hour = 0; hour < 24; hour += 1) {
    const at = (Date.now() - (24 - hour) * HOUR) as Instant;
    for (let first = 0; first < services; first += 50) {
      await publish(agent, agent.services.slice(first, first + 50), at);
      runs += 50;
    }
    record(journal, agent.services, at);
    for (const path of [
      '/v1/backup-status',
      '/v1/runs?limit=5',
      '/health',
      `/v1/backup-list?service=${agent.services[hour]}`,
    ])
      for (let again = 0; again < 3; again += 1) await get(path);
  }
  connections.destroy();
  const [end, peak] = [memoryOf(agent.child, 'VmRSS'), memoryOf(agent.child, 'VmHWM')];
  return `memory on a host of ${services} services, a day of ${runs} runs told live, and of questions
  ${end.toFixed(0)} MiB at the end (${begin.toFixed(0)} at the beginning, ${peak.toFixed(0)} at most), at most ${MOST_MEMORY} MiB: ${end <= MOST_MEMORY ? 'reached' : 'MISSED'}
`;
}

interface Started extends Disposable {
  readonly child: ChildProcess;
  readonly socket: string;
  readonly stateDir: string;
  readonly services: readonly string[];
}

async function start(scratch: Scratch, name: string, count: number): Promise<Started> {
  const services = Array.from({ length: count }, (_, index) => `service-${index}`);
  const socket = scratch.path(name, 'agent.sock');
  // in memory where there is such a file system: tens of thousands of transactions are what this writes, not what it measures
  const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const stateDir = mkdtempSync(join(place, 'holdfast-bench-'));
  const config = scratch.writeConfiguration(`${name}.yaml`, {
    stateDir,
    agent: { socket, schedule: false },
    repositories: {
      near: { url: scratch.path('near'), passwordFile: scratch.path('password') },
      far: { url: scratch.path('far'), passwordFile: scratch.path('password'), location: 'offsite' },
    },
    services: Object.fromEntries(services.map((each) => [each, { backup: { paths: [scratch.path('data', each)] } }])),
  });
  const core = String(cpus().length - 1);
  const args = ['-c', core, ...scratch.holdfast(config, 'agent')];
  const env = { ...scratch.env, ...AGENT_ENVIRONMENT }; // as its unit starts it
  const child = spawn('taskset', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const chunk of child.stderr) if (String(chunk).includes('listening')) break;
  return {
    child,
    socket,
    stateDir,
    services,
    [Symbol.dispose]: () => {
      child.kill('SIGKILL');
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

const steps = (services: readonly string[]): Step[] =>
  services.flatMap((service) =>
    ['near', 'far'].map((repository) => ({
      id: stepId.backup(service, repository),
      title: `Back up ${service} to ${repository}`,
      service,
      repository,
      weight: 'counted' as const,
      run: () => Promise.resolve({ outcome: 'succeeded' as const }),
    })),
  );

/** As one run, for that is what costs a transaction. */
function record(journal: Journal, services: readonly string[], at: Instant): void {
  const id = ulid(at);
  const plan = { kind: 'run', host: 'bench', steps: steps(services), limits: {} };
  journal.openRun({ id, plan, startedAt: at, process: selfIdentity() });
  for (const step of plan.steps) {
    const ended = { ...plannedStep(step), startedAt: formatInstant(at), endedAt: formatInstant(at) };
    const { service = '', repository = '' } = step;
    const snapshotId = Buffer.from(`${id}${service}${repository}`.padEnd(32).slice(-32)).toString('hex');
    const detail = { tool: 'restic', files: 20_000, bytes: 1_000_000 };
    const fact = { kind: 'backup' as const, service, repository, snapshotId, at, complete: true, detail };
    journal.endStep(id, { ...ended, outcome: 'succeeded' }, [fact]);
  }
  journal.endRun(id, { outcome: 'succeeded', exitCode: 0 }, at);
}

/** What a process that backs these up one by one tells. */
async function publish({ socket, stateDir }: Started, services: readonly string[], at: Instant): Promise<void> {
  const connection = createConnection(socket.replace('agent.sock', 'progress.sock'));
  const lines = [JSON.stringify({ stateDir })];
  for (const service of services) {
    const id = ulid(at);
    const plan = { kind: 'run', host: 'bench', steps: steps([service]), limits: {} };
    lines.push(JSON.stringify(told({ type: 'run-started', runId: id, plan }, id, at)));
    for (const step of plan.steps) {
      lines.push(JSON.stringify(told({ type: 'step-started', step }, id, at)));
      const progress = { bytesDone: 1, bytesTotal: 2, filesDone: 3, filesTotal: 4 };
      for (let more = 0; more < 5; more += 1)
        lines.push(JSON.stringify(told({ type: 'step-progress', step, progress }, id, at)));
      lines.push(JSON.stringify(told({ type: 'step-ended', step, report: plannedStep(step) }, id, at)));
    }
    const counts = { succeeded: 2, partial: 0, failed: 0, timedOut: 0, interrupted: 0, skipped: 0, blocked: 0 };
    const end = {
      type: 'run-ended',
      runId: id,
      kind: 'run',
      outcome: 'succeeded',
      exitCode: 0,
      endedAt: null,
      counts,
      reason: null,
    };
    lines.push(JSON.stringify(end));
  }
  connection.end(`${lines.join('\n')}\n`);
  connection.resume();
  await once(connection, 'close');
}

/** MiB. */
const memoryOf = ({ pid }: ChildProcess, which: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Seconds. */
function cpuOf({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
}
