// The configuration that the agent works by: read again when a file of it changes, and on SIGHUP. One that is broken changes nothing
// but what is told: the one before goes on to hold.

import { type FSWatcher, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentConfig, Configuration } from '../config/configuration.ts';
import { duration } from '../domain/duration.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from '../lib/clock.ts';
import { errnoOf } from '../lib/errors.ts';

/** An editor writes in several steps. */
const SETTLE = duration(300, 'ms');

export interface SettingsOptions {
  readonly load: () => Promise<Configuration>;
  readonly clock: Clock;
  /** A new one holds from now on. */
  readonly changed: (configuration: Configuration) => void;
  /** What was read does not hold, and why. */
  readonly broken: (error: unknown) => void;
}

export class Settings implements Disposable {
  readonly #options: SettingsOptions;
  readonly #first: Configuration;
  #current: Configuration;
  #loadedAt: Instant;
  #error: string | null = null;
  #watchers: FSWatcher[] = [];
  #soon: NodeJS.Timeout | null = null;
  #reading: Promise<void> = Promise.resolve();

  constructor(first: Configuration, options: SettingsOptions) {
    this.#options = options;
    this.#first = first;
    this.#current = first;
    this.#loadedAt = options.clock.now();
    this.#watch();
  }

  get current(): Configuration {
    return this.#current;
  }

  get loadedAt(): Instant {
    return this.#loadedAt;
  }

  /** Why what is written now does not hold; null when it does. */
  get error(): string | null {
    return this.#error;
  }

  /** What is written now holds only after the agent was started again. */
  get needsRestart(): boolean {
    return startKey(this.#first) !== startKey(this.#current);
  }

  /** One reading after the other. */
  reload(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#reload());
    return this.#reading;
  }

  [Symbol.dispose](): void {
    this.#unwatch();
    if (this.#soon) clearTimeout(this.#soon);
  }

  async #reload(): Promise<void> {
    try {
      const configuration = await this.#options.load();
      this.#error = null;
      this.#loadedAt = this.#options.clock.now();
      this.#current = configuration;
      this.#options.changed(configuration);
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
      this.#options.broken(error);
    }
    this.#unwatch();
    this.#watch();
  }

  #later(): void {
    if (this.#soon) clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.reload(), SETTLE);
  }

  /** The folders, for many programs replace a file instead of writing to it. */
  #watch(): void {
    const [main = ''] = this.#current.files;
    const folders = new Set([...this.#current.files.map((file) => dirname(file)), join(dirname(main), 'services.d')]);
    for (const folder of folders) {
      try {
        const isOurs = (name: string | null): boolean =>
          name === null || folder.endsWith('/services.d') || name === 'services.d' || join(folder, name) === main;
        const watcher = watch(folder, (_, name) => (isOurs(name) ? this.#later() : undefined));
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch (error) {
        if (errnoOf(error) === undefined) throw error; // not there, or the kernel's limit: SIGHUP remains
      }
    }
  }

  #unwatch(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }
}

/** What was made of the configuration when the agent started. */
const startKey = ({ stateDir, agent }: { stateDir: string; agent: AgentConfig }): string =>
  JSON.stringify([stateDir, agent]);
