// What Holdfast asks of systemd about units that do work of their own: which there are, running one to its end, stopping one.
// It speaks of units, never of backups. Knowing how it is asked (D-Bus) is the business of the module that opens it.

import type { Duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { HoldfastError } from '../../lib/errors.ts';

/** A unit that some pattern matches: loaded, installed, or both. */
export interface FoundUnit {
  readonly name: string;
  /** 'loaded', 'not-found', 'masked', ...; null when it is only installed. */
  readonly load: string | null;
  /** 'inactive', 'activating', 'active', 'failed', ...; null when it is not loaded. */
  readonly active: string | null;
  readonly sub: string | null;
  /** Null when it has no unit file. */
  readonly file: 'installed' | 'masked' | 'alias' | null;
}

/** What systemd knows of one unit now. */
export interface UnitFacts {
  readonly name: string;
  readonly load: string;
  readonly active: string;
  readonly sub: string;
  /** 'oneshot', 'simple', ...; empty when it is no service. */
  readonly type: string;
  readonly remainAfterExit: boolean;
  /** Its last or present invocation; null when it never ran since it was loaded. */
  readonly invocationId: string | null;
  /** When the main process of that began and ended. */
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  /** systemd's word: 'success' (also of one that never ran, or that was stopped), 'exit-code', 'signal', 'timeout', ... */
  readonly result: string;
  /** Its main process ended by itself; false when a signal ended it, or nothing has. */
  readonly exited: boolean;
  /** Timers, paths and sockets that start it. */
  readonly triggeredBy: readonly string[];
}

/** How one invocation came out. */
export interface UnitRun {
  /** `stopped`: somebody else stopped it meanwhile. `condition`: one of its conditions kept it from running. */
  readonly end: 'succeeded' | 'failed' | 'timed-out' | 'stopped' | 'condition';
  /**
   * systemd's word: 'success', 'exit-code', 'signal', 'oom-kill', 'timeout', 'start-limit-hit', 'dependency', 'masked', ... Or
   * 'condition', and 'unknown' of a run that ended while systemd could not be heard.
   */
  readonly result: string;
  /** For people: 'exited with 1', 'killed by SIGKILL', 'ConditionPathExists=/srv/data does not hold'. */
  readonly detail: string;
  readonly exitStatus: number | null;
  readonly invocationId: string | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  /** How often systemd has started it again by itself (Restart=) meanwhile. */
  readonly restarts: number;
}

/**
 * A connection to the service manager; one that is lost is made again. Every method throws `permission-denied`, and `tool-failed`
 * when systemd refuses for another reason or does not come back.
 */
export interface Manager extends AsyncDisposable {
  /** Units that match any of the shell patterns, each once, by name. A name without a suffix means a service. */
  find(patterns: readonly string[]): Promise<readonly FoundUnit[]>;
  /** Loads it when it is not. A unit that does not exist has `load: 'not-found'`. */
  facts(unit: string): Promise<UnitFacts>;
  /**
   * Starts the unit and waits, by events, until it has settled: inactive, failed, or active without running (RemainAfterExit;
   * one that is so already is restarted, since starting it would do nothing). Restarts by systemd are waited for. When the
   * signal aborts its reason is thrown, and the unit goes on.
   */
  run(unit: string, signal: AbortSignal): Promise<UnitRun>;
  /** Waits until what is running at the moment has settled, and tells how. Null when nothing was running. Aborts as `run`. */
  settled(unit: string, signal: AbortSignal): Promise<UnitRun | null>;
  /**
   * Stops it and waits until it has. After `patience` (and not before its own TimeoutStopSec, if that is shorter, has let
   * systemd do it) every process of its control group gets SIGKILL.
   */
  stop(unit: string, patience: Duration): Promise<void>;
  /** Starts it and waits only until systemd says that it has started: for timers. */
  start(unit: string): Promise<void>;
  /** `start` of many, at once. Answers with what kept each of them from starting; null for those that did. */
  startAll(units: readonly string[]): Promise<readonly (HoldfastError | null)[]>;
  /** When it last read all unit files. */
  loadedAt(): Promise<Instant>;
  /** Has it read all unit files again, and waits until it has: what runs goes on. */
  reload(): Promise<void>;
}

/** It runs now: `active (exited)` does not, a oneshot that runs is `activating`. */
export const isWorking = ({ active, sub }: Pick<FoundUnit, 'active' | 'sub'>): boolean =>
  active === 'activating' ||
  active === 'deactivating' ||
  active === 'reloading' ||
  active === 'refreshing' ||
  (active === 'active' && sub !== 'exited');
