// When which alert of a rule file would have fired: metrics of a time that has passed, in a real Prometheus.

import { spawn } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findProgram } from '../../../src/process/find-program.ts';
import type { ReadSample } from './metrics-text.ts';
import { eventually } from './eventually.ts';

export const missingPrometheus =
  findProgram('prometheus') === null && 'prometheus is not installed (apt install prometheus)';

export interface Scrape {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly samples: readonly ReadSample[];
}

export interface Firing {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since the epoch. */
  readonly from: number;
  readonly until: number;
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The scrapes are `step` seconds apart, in order; where some are missing nobody could be asked. */
export async function alertHistory(rules: string, scrapes: readonly Scrape[], step: number): Promise<Firing[]> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-alerts-'));
  using _directory = { [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
  writeFileSync(join(directory, 'scrapes'), openMetrics(rules, scrapes));
  writeFileSync(join(directory, 'prometheus.yml'), '{}');
  // It reads all of the file for each block.
  const long = '--max-block-duration=2160h';
  execFileSync('promtool', ['tsdb', 'create-blocks-from', long, 'openmetrics', 'scrapes', 'data'], { cwd: directory });
  const port = await freePort();
  const argv = [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=data',
    '--storage.tsdb.retention.time=10y',
    `--query.lookback-delta=${step}s`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
  const prometheus = spawn('prometheus', argv, { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(prometheus, 'exit');
  await using _prometheus = {
    [Symbol.asyncDispose]: async () => {
      prometheus.kill('SIGKILL');
      await ended;
    },
  };
  const ask = async (path: string): Promise<Response> => await fetch(`http://127.0.0.1:${port}${path}`);
  await eventually(async () => (await ask('/-/ready').catch(() => null))?.ok === true);

  const [first, last] = [scrapes[0]?.at ?? 0, scrapes.at(-1)?.at ?? 0];
  const firings: Firing[] = [];
  for (const rule of alertsOf(rules)) {
    const query = new URLSearchParams({ query: rule.expr, start: String(first), end: String(last), step: String(step) });
    const answer = await ask(`/api/v1/query_range?${query.toString()}`);
    if (!answer.ok) throw new Error(`${rule.alert}: ${await answer.text()}`);
    const { data } = (await answer.json()) as { data: { result: Series[] } }; // as its API says
    for (const series of data.result) firings.push(...firingsOf(rule, series, step));
  }
  return firings.toSorted((one, other) => one.from - other.from);
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

const alertsOf = (rules: string): Rule[] =>
  (parse(rules) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules); // promtool has checked it elsewhere

/** Uninterrupted stretches that are longer than the rule waits. */
function firingsOf(rule: Rule, { metric, values }: Series, step: number): Firing[] {
  const stretches: [number, number][] = [];
  for (const [at] of values) {
    const current = stretches.at(-1);
    if (current && at - current[1] <= step) current[1] = at;
    else stretches.push([at, at]);
  }
  const patience = secondsOf(rule.for ?? '0s');
  return stretches
    .filter(([from, until]) => until - from >= patience)
    .map(([from, until]) => ({
      alert: rule.alert,
      labels: { ...metric, severity: rule.labels['severity'] ?? '' },
      from: from + patience,
      until,
    }));
}

function secondsOf(text: string): number {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return Number(count) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? NaN);
}

/** Only what a rule could ask for. A family is one block, as the format wants it. */
function openMetrics(rules: string, scrapes: readonly Scrape[]): string {
  const families = new Map<string, string[]>();
  for (const { at, samples } of scrapes) {
    for (const { name, labels, value } of samples) {
      if (!rules.includes(name)) continue;
      const text = Object.entries(labels).map(([label, said]) => `${label}=${JSON.stringify(said)}`);
      const lines = families.get(name) ?? [`# TYPE ${name} gauge`];
      lines.push(`${name}{${text.join(',')}} ${value} ${at}`);
      families.set(name, lines);
    }
  }
  return [...[...families.values()].flat(), '# EOF\n'].join('\n');
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  server.close();
  await once(server, 'close');
  return port;
}
