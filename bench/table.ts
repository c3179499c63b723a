// A bench, and its result as a table.

import { type Contestant, measure, median, peakMemory, type Sample } from './measure.ts';
import type { Scratch } from './scratch.ts';

export interface Goal {
  /** 'at most 0.15 s more CPU' */
  readonly text: string;
  /** The figure that counts, from the samples of the contestant and of the peer, in the order of the rounds. */
  readonly figure: (mine: Figures, peer: Figures) => number;
  readonly limit: number;
  readonly unit: string;
}

export interface Figures {
  readonly samples: readonly Sample[];
  /** Bytes; null where it is not known. */
  readonly peak: number | null;
}

export interface Bench {
  readonly title: string;
  /** Rounds unless told otherwise. */
  readonly rounds: number;
  readonly warmUp: boolean;
  /** The first is the peer; each of the others is held against it. */
  readonly contestants: (scratch: Scratch) => Contestant[] | Promise<Contestant[]>;
  readonly goals: readonly Goal[];
}

/** Medians of differences and ratios are taken over the pairs of each round: what disturbs a round disturbs both. */
const paired =
  (of: (mine: Sample, peer: Sample) => number): Goal['figure'] =>
  (mine, peer) =>
    median(
      mine.samples.flatMap((sample, round) => {
        const other = peer.samples[round];
        return other ? [of(sample, other)] : [];
      }),
    );

export const moreCpu = (limit: number): Goal => ({
  text: `at most ${limit} s more CPU`,
  figure: paired((mine, peer) => mine.cpu - peer.cpu),
  limit,
  unit: 's',
});

export const cpuRatio = (limit: number): Goal => ({
  text: `at most ${limit}x the CPU`,
  figure: paired((mine, peer) => mine.cpu / peer.cpu),
  limit,
  unit: 'x',
});

export const wallRatio = (limit: number): Goal => ({
  text: `at most ${limit}x the time`,
  figure: paired((mine, peer) => mine.wall / peer.wall),
  limit,
  unit: 'x',
});

export const moreWall = (limit: number): Goal => ({
  text: `at most ${limit} s more`,
  figure: paired((mine, peer) => mine.wall - peer.wall),
  limit,
  unit: 's',
});

export const memory = (megabytes: number): Goal => ({
  text: `under ${megabytes} MB`,
  figure: ({ peak }) => (peak ?? NaN) / 1e6,
  limit: megabytes,
  unit: 'MB',
});

export async function renderBench(bench: Bench, scratch: Scratch, rounds: number): Promise<string> {
  const contestants = await bench.contestants(scratch);
  const samples = measure(scratch, contestants, rounds, bench.warmUp);
  const withMemory = bench.goals.some(({ unit }) => unit === 'MB');
  const figures = contestants.map((contestant) => ({
    name: contestant.name,
    samples: samples.get(contestant.name) ?? [],
    peak: withMemory ? peakMemory(scratch, contestant) : null,
  }));
  const lines = [`${bench.title} (medians of ${rounds} rounds)`, row('', ['CPU s', 'wall s', 'peak MB'])];
  for (const each of figures) {
    const cpu = median(each.samples.map((sample) => sample.cpu)).toFixed(3);
    const wall = median(each.samples.map((sample) => sample.wall)).toFixed(3);
    lines.push(row(each.name, [cpu, wall, each.peak === null ? '-' : (each.peak / 1e6).toFixed(0)]));
  }
  const [peer, ...others] = figures;
  for (const mine of others) {
    for (const goal of bench.goals) {
      const figure = peer ? goal.figure(mine, peer) : NaN;
      const verdict = figure <= goal.limit ? 'reached' : 'MISSED';
      lines.push(`  ${mine.name}: ${goal.text}: ${figure.toFixed(2)} ${goal.unit}, ${verdict}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const row = (name: string, cells: readonly string[]): string =>
  `  ${name.padEnd(44)}${cells.map((cell) => cell.padStart(9)).join('')}`;
