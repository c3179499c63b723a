// Measuring programs against each other: every round runs all of them, in an order that alternates, so that a busy moment
// hits neither side alone. Times are those of bash's `time`: the whole process tree that was waited for, in milliseconds.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Scratch } from './scratch.ts';

export interface Contestant {
  readonly name: string;
  readonly argv: readonly string[];
  /** Before each round, not measured. */
  readonly prepare?: () => void;
}

/** Seconds. */
export interface Sample {
  readonly cpu: number;
  readonly wall: number;
}

/** The samples of each contestant in the order of the rounds, after one round that is thrown away when `warmUp`. */
export function measure(
  scratch: Scratch,
  contestants: readonly Contestant[],
  rounds: number,
  warmUp: boolean,
): Map<string, Sample[]> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      contestant.prepare?.();
      const sample = take(scratch, contestant);
      if (round >= 0) samples.get(contestant.name)?.push(sample);
    }
  }
  return samples;
}

function take(scratch: Scratch, { name, argv }: Contestant): Sample {
  const times = scratch.path('times');
  const script = `TIMEFORMAT='%3U %3S %3R'; { time "$@" 2>&3; } 3>&2 2>'${times}'`;
  run(scratch, name, ['bash', '-c', script, 'bash', ...argv]);
  const [user = NaN, system = NaN, wall = NaN] = readFileSync(times, 'utf8').trim().split(' ').map(Number);
  return { cpu: user + system, wall };
}

/** Peak memory in bytes of a node program without its children, in a run that is not timed; null for other programs. */
export function peakMemory(scratch: Scratch, { name, argv, prepare }: Contestant): number | null {
  const [program, ...args] = argv;
  if (program !== 'node') return null;
  const file = scratch.path('rss');
  // not process.resourceUsage(): its peak begins with that of the process that started this one
  const tell = `import {readFileSync,writeFileSync} from 'node:fs';
    process.on('exit', () => writeFileSync('${file}', readFileSync('/proc/self/status')))`;
  prepare?.();
  run(scratch, name, ['node', '--import', `data:text/javascript,${encodeURIComponent(tell)}`, ...args]);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1]) * 1024;
}

function run(scratch: Scratch, name: string, [program = '', ...args]: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, {
    env: scratch.env,
    cwd: scratch.root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} ended with ${status}:\n${stderr}`);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}
