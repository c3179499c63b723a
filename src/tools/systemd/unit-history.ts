// What is seen of a unit while somebody waits for it, and what follows from it: which invocation is to be judged, whether
// somebody stopped it, whether it has settled. Pure: it is told what systemd says, in the order in which systemd says it.

import { isWorking } from './manager.ts';
import type { UnitState } from './unit-state.ts';

/** It does something, or is going to by itself. A target that is active does nothing. */
export const isGoing = (unit: UnitState): boolean =>
  unit.job !== 0 || (isWorking(unit) && unit.type !== '') || unit.sub.endsWith('-before-auto-restart');

export const isAtRest = ({ active }: UnitState): boolean => active === 'inactive' || active === 'failed';

export class UnitHistory {
  /** As it was found. */
  readonly first: UnitState;
  #now: UnitState;
  #invocation: UnitState | null = null;
  #stopped = false;
  #unheard = false;
  #lost = false;
  #reloading = false;
  /** The job that began the invocation; 0 when that is not known. */
  #beginning = 0;
  /** What systemd had counted when the first invocation began, and when this one did. */
  #restarts: readonly [first: number, last: number] = [0, 0];
  #awaited: number | null = null;
  readonly #jobs = new Map<number, string>();

  constructor(first: UnitState) {
    this.first = first;
    this.#now = first;
    if (isWorking(first)) this.#begin(first, 0);
  }

  get now(): UnitState {
    return this.#now;
  }

  /** The last one that began here, or was there already, as it was when it was last seen. */
  get invocation(): UnitState | null {
    return this.#invocation;
  }

  /** Somebody stopped that invocation. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** That invocation ended while nothing was heard, and somebody may have stopped it. */
  get unheard(): boolean {
    return this.#unheard;
  }

  /** How often systemd has started it again by itself. (It counts one more that its limit has prevented.) */
  get restarts(): number {
    return Math.max(0, this.#restarts[1] - this.#restarts[0]);
  }

  /** How a job of it ended, in systemd's word; 'unknown' when nobody heard it, null as long as it has not. */
  job(id: number): string | null {
    return this.#jobs.get(id) ?? null;
  }

  /** How the awaited job ended. */
  get awaited(): string | null {
    return this.#awaited === null ? null : this.job(this.#awaited);
  }

  /** Nothing settles before this is said: 0 when no job is to be waited for. */
  await(job: number): void {
    this.#awaited = job;
    if (job === 0) this.#jobs.set(0, 'done');
  }

  /** There is no more to come. What follows may be said of it, but belongs to somebody else's doing. */
  get settled(): boolean {
    return this.#lost || (!isGoing(this.#now) && this.awaited !== null);
  }

  /** The job that was there when it was looked at is not one that stops it. */
  isNoStop(job: number): void {
    if (this.#invocation?.job === job) this.#beginning = job;
  }

  saw(unit: UnitState): void {
    if (this.settled && !this.#isRestart(unit, this.#invocation?.restarts)) return;
    this.#now = unit;
    if (unit.invocationId === null) return; // it was unloaded, or never ran
    if (unit.invocationId === this.#invocation?.invocationId) this.#invocation = unit;
    else if (unit.invocationId !== this.first.invocationId) this.#begin(unit, unit.job);
  }

  /** systemd is going to reload its units, or to start itself anew; or it is ready with that. */
  reloads(active: boolean): void {
    this.#reloading = active;
  }

  /**
   * The same after a while in which nothing could be heard. When that was because systemd started itself anew nobody could order
   * anything: what has ended has ended by itself.
   */
  sawAgain(unit: UnitState): void {
    const job = this.#awaited;
    if (job !== null && job !== unit.job && this.job(job) === null) this.#jobs.set(job, 'unknown');
    const last = this.#invocation;
    if (last && last.invocationId !== unit.invocationId && !this.#isRestart(unit, this.#restarts[1])) this.#lost = true;
    else this.saw(unit);
    const heard = last && !isGoing(last) ? last.invocationId : null;
    const ended = this.#invocation && !isGoing(this.#invocation) ? this.#invocation.invocationId : null;
    if (ended !== heard && !this.#reloading) this.#unheard = true;
    if (this.#invocation?.invocationId !== last?.invocationId && unit.job !== job) this.#beginning = 0;
    this.#reloading = false;
  }

  /**
   * A job that is done, has not begun the invocation and leaves the unit at rest has stopped it: alone, or to start it again,
   * which a condition has prevented.
   */
  jobEnded(job: number, result: string): void {
    this.#jobs.set(job, result);
    if (result === 'done' && this.#invocation && job !== this.#beginning && isAtRest(this.#now)) this.#stopped = true;
  }

  /** systemd runs it again by itself. Before version 254 it is 'failed' for a moment first, and looks settled. */
  #isRestart(unit: UnitState, counted = 0): boolean {
    if (this.#invocation === null) return false;
    const waits = unit.sub.startsWith('auto-restart') && unit.invocationId === this.#invocation.invocationId;
    return waits || unit.restarts > counted;
  }

  #begin(unit: UnitState, job: number): void {
    this.#restarts = [this.#invocation === null ? unit.restarts : this.#restarts[0], unit.restarts];
    this.#invocation = unit;
    this.#beginning = job;
    this.#stopped = false;
    this.#unheard = false;
  }
}
