// The Manager over D-Bus: one connection for everything.

import type { HoldfastError } from '../../lib/errors.ts';
import type { Duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import { listUnits, loadUnit, reload, unitPath, unitsLoaded, unitProperties } from './calls.ts';
import { foundUnits } from './find-units.ts';
import { Link } from './link.ts';
import type { FoundUnit, Manager, UnitFacts, UnitRun } from './manager.ts';
import { SOCKETS, type Sockets } from './open-bus.ts';
import { runUnit, settledUnit } from './run-unit.ts';
import { startUnit } from './start-unit.ts';
import { startUnits } from './start-units.ts';
import { stopUnit } from './stop-unit.ts';
import { parseDetails } from './unit-details.ts';
import { unitFiles } from './unit-files.ts';
import { withSuffix } from '../../lib/unit-name.ts';
import { parseState } from './unit-state.ts';

/**
 * Connects to systemd. Throws `unsupported` where it does not run, `permission-denied`, `tool-failed` when it does not answer,
 * and the signal's reason; once there is a manager the signal has no more to say. `root`: where the files of that systemd are.
 */
export async function openManager(signal: AbortSignal, sockets: Sockets = SOCKETS, root = ''): Promise<Manager> {
  return new SystemdManager(await Link.open(sockets, signal), root);
}

class SystemdManager implements Manager {
  readonly #link: Link;
  readonly #root: string;

  constructor(link: Link, root: string) {
    this.#link = link;
    this.#root = root;
  }

  async find(patterns: readonly string[]): Promise<readonly FoundUnit[]> {
    if (patterns.length === 0) return []; // systemd would take it for all
    const wanted = patterns.map(withSuffix);
    const directories = await this.#link.ask(unitPath());
    const files = unitFiles(
      wanted,
      directories.map((directory) => this.#root + directory),
    );
    return foundUnits(...(await Promise.all([this.#link.ask(listUnits(wanted)), files])));
  }

  async facts(unit: string): Promise<UnitFacts> {
    const name = withSuffix(unit);
    const known = await this.#link.ask(unitProperties(name, await this.#link.ask(loadUnit(name))));
    const { id, load, active, sub, type, remainAfterExit, invocationId, startedAt, endedAt, result, exit } =
      parseState(known);
    const { triggeredBy } = parseDetails(known);
    const exited = exit?.how === 'exited';
    return {
      name: id,
      load,
      active,
      sub,
      type,
      remainAfterExit,
      invocationId,
      startedAt,
      endedAt,
      result,
      exited,
      triggeredBy,
    };
  }

  async run(unit: string, signal: AbortSignal): Promise<UnitRun> {
    return await runUnit(this.#link, withSuffix(unit), signal);
  }

  async settled(unit: string, signal: AbortSignal): Promise<UnitRun | null> {
    return await settledUnit(this.#link, withSuffix(unit), signal);
  }

  async stop(unit: string, patience: Duration): Promise<void> {
    await stopUnit(this.#link, withSuffix(unit), patience);
  }

  async start(unit: string): Promise<void> {
    await startUnit(this.#link, withSuffix(unit));
  }

  async startAll(units: readonly string[]): Promise<readonly (HoldfastError | null)[]> {
    return await startUnits(this.#link, units.map(withSuffix));
  }

  async loadedAt(): Promise<Instant> {
    return await this.#link.ask(unitsLoaded());
  }

  async reload(): Promise<void> {
    await this.#link.ask(reload());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }
}
