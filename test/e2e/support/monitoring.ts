// A real Prometheus that scrapes a text, and a real Alertmanager that tells a receiver in this process, on loopback and in a
// directory of their own.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../../src/process/find-program.ts';

const PROGRAMS = ['prometheus', 'prometheus-alertmanager'] as const;

/** Why it cannot be done here; false where it can. */
export const skipMonitoring =
  PROGRAMS.some((name) => findProgram(name) === null) && `${PROGRAMS.join(' or ')} is not installed`;

export interface ToldAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

export class Monitoring implements AsyncDisposable {
  /** What is scraped. */
  metrics = '';
  /** What the Alertmanager told, in order. */
  readonly told: ToldAlert[] = [];
  readonly #root = mkdtempSync(join(tmpdir(), 'holdfast-monitoring-'));
  readonly #children: ChildProcess[] = [];
  #server: Server | null = null;
  #port = 0;

  static async start(rules: string): Promise<Monitoring> {
    const monitoring = new Monitoring();
    const own = await monitoring.#listen();
    const alerts = await freePort();
    monitoring.#port = await freePort();
    monitoring.#write('rules.yml', rules);
    monitoring.#write('prometheus.yml', {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: ['rules.yml'],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alerts}`] }] }] },
      scrape_configs: [{ job_name: 'holdfast', static_configs: [{ targets: [`127.0.0.1:${own}`] }] }],
    });
    monitoring.#write('alertmanager.yml', {
      route: { receiver: 'test', group_by: ['...'], group_wait: '0s', group_interval: '1s', repeat_interval: '1h' },
      receivers: [{ name: 'test', webhook_configs: [{ url: `http://127.0.0.1:${own}/alerts`, send_resolved: true }] }],
    });
    monitoring.#spawn('prometheus-alertmanager', [
      '--config.file=alertmanager.yml',
      '--storage.path=alertmanager',
      `--web.listen-address=127.0.0.1:${alerts}`,
      '--cluster.listen-address=',
    ]);
    monitoring.#spawn('prometheus', [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      `--web.listen-address=127.0.0.1:${monitoring.#port}`,
    ]);
    return monitoring;
  }

  /** Every rule with what became of it; empty until Prometheus has evaluated them. */
  async rules(): Promise<Rule[]> {
    const groups = await this.#ask<{ groups: { rules: Rule[] }[] }>('rules');
    return groups?.groups.flatMap(({ rules }) => rules) ?? [];
  }

  /** How many samples an expression comes to; null until Prometheus answers. */
  async count(expression: string): Promise<number | null> {
    const answer = await this.#ask<{ result: unknown[] }>(`query?query=${encodeURIComponent(expression)}`);
    return answer?.result.length ?? null;
  }

  async #ask<Data>(path: string): Promise<Data | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port}/api/v1/${path}`);
      return response.ok ? ((await response.json()) as { data: Data }).data : null; // as its API says
    } catch {
      return null; // it does not listen yet
    }
  }

  async #listen(): Promise<number> {
    const server = createServer((request, response) => {
      if (request.url !== '/alerts') {
        response.setHeader('content-type', 'text/plain; version=0.0.4');
        response.end(this.metrics);
        return;
      }
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        this.told.push(...(JSON.parse(body) as { alerts: ToldAlert[] }).alerts); // as its documentation says
        response.end();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return portOf(server);
  }

  #write(name: string, content: unknown): void {
    writeFileSync(join(this.#root, name), typeof content === 'string' ? content : JSON.stringify(content)); // JSON is YAML
  }

  #spawn(program: string, args: readonly string[]): void {
    this.#children.push(spawn(program, [...args, '--log.level=error'], { cwd: this.#root, stdio: 'ignore' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null) return resolve();
            child.on('exit', () => resolve());
            child.kill('SIGKILL');
          }),
      ),
    );
    this.#server?.closeAllConnections();
    this.#server?.close();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port; // it listens on TCP

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const port = portOf(server);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
