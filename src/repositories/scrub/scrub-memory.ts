// Where a scrub stopped, between processes: one small file for each repository in the state directory. Losing it costs time,
// nothing else.

import { readFileSync, renameSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { type Duration, duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import type { ScrubState } from './scrub.ts';

const VERSION = 1;
const BETWEEN_WRITES = duration(2, 's');
/** What it found may have changed since. */
const LONGEST: Duration = duration(7, 'd');

const instant = z.custom<Instant>((value) => Number.isSafeInteger(value));
const shape = z.object({
  version: z.literal(VERSION),
  savedAt: instant,
  state: z.object({
    identity: z.string(),
    slice: z.object({ index: z.number().int(), of: z.number().int() }),
    startedAt: instant,
    done: z.string().nullable(),
    files: z.number().int(),
    bytes: z.number().int(),
    flaws: z.array(z.object({ item: z.string(), problem: z.enum(['missing', 'damaged']) })),
  }),
});

export class ScrubMemory {
  readonly #file: string;
  readonly #now: () => Instant;
  #state: ScrubState | null = null;
  #savedAt = 0;

  constructor(stateDir: string, repository: string, now: () => Instant) {
    this.#file = join(stateDir, 'scrub', `${encodeURIComponent(repository)}.json`);
    this.#now = now;
  }

  /** Null when there is none that is worth going on with, whatever the reason. */
  recall(): ScrubState | null {
    try {
      const { state, savedAt } = shape.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
      const age = elapsed(savedAt, this.#now());
      return age >= 0 && age <= LONGEST ? state : null;
    } catch {
      return null; // none, or written in half: it is only remembered to save time
    }
  }

  /** Writes now and then. */
  note(state: ScrubState): void {
    this.#state = state;
    if (this.#now() - this.#savedAt >= BETWEEN_WRITES) this.save();
  }

  /** Replaces the file at once, so that there is always a whole one. A state directory that is full costs only the memory. */
  save(): void {
    if (this.#state === null) return;
    this.#savedAt = this.#now();
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      const text = JSON.stringify({ version: VERSION, savedAt: this.#savedAt, state: this.#state });
      writeFileSync(`${this.#file}.new`, text, { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // the scrub itself is not worse for it
    }
  }

  forget(): void {
    this.#state = null;
    rmSync(this.#file, { force: true });
  }
}
