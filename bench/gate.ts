// What `holdfast gate` adds to the units that it runs, in a container of the lab with real units: how late it ends, how close it
// comes to the best schedule, what waiting costs, and how fast many units are found.

import { openLab } from '../lab/lab.ts';
import type { Host } from '../lab/host.ts';
import { missingFor } from '../lab/requirements.ts';
import { median } from './measure.ts';

const ROUNDS = 5;
const UNITS = 40;
const LANES = 3;
const MANY = 500;
const WAIT = 60; // seconds

export async function gateBench(rounds = ROUNDS): Promise<string> {
  const missing = missingFor('container');
  if (missing) return `holdfast gate: not measured here: ${missing}\n`;
  await using lab = await openLab();
  const host = await lab.container({ name: 'forge' });
  const lines = [`holdfast gate (medians of ${rounds} rounds)`];
  const tell = (what: string, figure: number, unit: string, limit: number): void => {
    lines.push(
      `  ${what}: ${figure.toFixed(3)} ${unit}, at most ${limit} ${unit}: ${figure <= limit ? 'reached' : 'MISSED'}`,
    );
  };
  const durations = await randomUnits(host);
  const first = await schedule(host, durations); // nothing is known of them yet
  const schedules = await inTurn(rounds, () => schedule(host, durations));
  tell('end of the last unit to the end of the gate', median(schedules.map(({ late }) => late)), 's', 0.2);
  tell(
    `${UNITS} units of 0.1 to 2 s, ${LANES} at once, less 20 ms each, against the longest first`,
    median(schedules.map(({ ratio }) => ratio)),
    'x',
    1.05,
  );
  lines.push(`  the same the first time, in the order of their names: ${first.ratio.toFixed(3)} x`);
  tell(`CPU of waiting, for an hour (from ${WAIT} s)`, await waiting(host), 's', 0.5);
  const found = await manyUnits(host, rounds);
  tell(`${MANY} units found and shown`, median(found), 's', 1);
  return `${lines.join('\n')}\n`;
}

async function inTurn<Result>(rounds: number, measure: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let round = 0; round < rounds; round += 1) results.push(await measure());
  return results;
}

const configure = (host: Host, stage: Readonly<Record<string, unknown>>): Promise<void> =>
  host.write(
    '/etc/holdfast/holdfast.yaml',
    JSON.stringify({ version: 1, gate: { default: { stages: [{ name: 'Bench', ...stage }] } } }),
  );

/** Units that take random times, always the same; the gate against the best that a list can be. */
async function schedule(host: Host, durations: readonly number[]): Promise<{ late: number; ratio: number }> {
  const { stdout } = await host.sh(
    'rm -f /run/ends; holdfast gate -q >/run/gate.out 2>&1 || cat /run/gate.out; date +%s.%N; sort /run/ends | tail -1',
  );
  const [gateEnd = 0, lastEnd = 0] = stdout.split('\n').map(Number);
  const report = JSON.parse(await host.tell('holdfast', '--json', 'history', 'show', 'latest')) as {
    readonly steps: readonly { readonly id: string; readonly startedAt: string; readonly endedAt: string }[];
  };
  const steps = report.steps.filter(({ id }) => id.startsWith('unit:'));
  const ends = Math.max(...steps.map(({ endedAt }) => Date.parse(endedAt)));
  const makespan = (ends - Math.min(...steps.map(({ startedAt }) => Date.parse(startedAt)))) / 1000;
  return { late: gateEnd - lastEnd, ratio: (makespan - 0.02 * UNITS) / longestFirst(durations) };
}

async function randomUnits(host: Host): Promise<number[]> {
  const durations = Array.from({ length: UNITS }, () => 0.1 + 1.9 * Math.random());
  const files = durations.map(
    (seconds, index) =>
      `printf '[Service]\\nType=oneshot\\nExecStart=/bin/sleep ${seconds.toFixed(3)}\\nExecStopPost=/bin/sh -c "date +%%%%s.%%%%N >>/run/ends"\\n' >/run/systemd/system/bench-${index}.service`,
  );
  await host.sh(`mkdir -p /run/systemd/system\n${files.join('\n')}\nsystemctl daemon-reload`);
  await configure(host, { units: ['bench-*.service'], concurrency: LANES });
  return durations;
}

/** The makespan of the list that begins with the longest, which is within a few per cent of the best of all. */
function longestFirst(durations: readonly number[]): number {
  const lanes = Array.from({ length: LANES }, () => 0);
  for (const seconds of durations.toSorted((a, b) => b - a)) {
    const first = lanes.indexOf(Math.min(...lanes));
    lanes[first] = (lanes[first] ?? 0) + seconds;
  }
  return Math.max(...lanes);
}

/** Seconds of CPU in an hour, from a minute in the middle of a wait. */
async function waiting(host: Host): Promise<number> {
  await host.write('/run/systemd/system/bench-wait.service', `[Service]\nType=oneshot\nExecStart=/bin/sleep ${WAIT + 20}\n`);
  await host.sh('systemctl daemon-reload');
  await configure(host, { units: ['bench-wait.service'] });
  const { stdout } = await host.sh(
    `holdfast gate >/dev/null 2>&1 & gate=$!
     used() { cat /proc/$gate/task/*/schedstat | cut -d' ' -f1 | paste -sd+ | tr -d '\\n'; echo; }
     sleep 10; used; sleep ${WAIT}; used; wait $gate`,
    [],
    { anyExit: true },
  );
  const [before = 0, after = 0] = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('+').reduce((sum, each) => sum + Number(each), 0));
  return ((after - before) / 1e9) * (3600 / WAIT); // nanoseconds
}

async function manyUnits(host: Host, rounds: number): Promise<number[]> {
  await host.sh(
    `for i in $(seq ${MANY}); do printf '[Service]\\nType=oneshot\\nExecStart=/bin/true\\n' >/run/systemd/system/many-$i.service; done; systemctl daemon-reload`,
  );
  await configure(host, { units: ['many-*.service'] });
  const once = async (): Promise<number> => {
    const { stdout } = await host.sh(
      'a=$(date +%s%N); holdfast gate --dry-run | grep -c many-; b=$(date +%s%N); echo $(($b - $a))',
    );
    const [count = 0, nanoseconds = 0] = stdout.trim().split('\n').map(Number);
    if (count !== MANY) throw new Error(`${count} of ${MANY} units were shown`);
    return nanoseconds / 1e9;
  };
  return await inTurn(rounds, once);
}
