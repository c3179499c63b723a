// What the agent starts: this very program as a child process, so that there is one way of running, and what a run needs of memory
// is gone with it.

import { duration } from '../domain/duration.ts';
import { LAST_STATE_VARIABLE } from '../engine/configuration/last-good.ts';
import { RUN_ID_VARIABLE } from '../engine/runner/run-id.ts';
import { runProcess } from '../process/run-process.ts';

export interface JobOrder {
  /** What follows `holdfast`. */
  readonly argv: readonly [string, ...string[]];
  /** 'sonarr', 'run:sonarr': for errors. */
  readonly subject: string;
  /** Which the run that it makes shall have. */
  readonly runId?: string;
}

export interface JobEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** What it said last; none of it is a secret. */
  readonly lastWords: readonly string[];
}

/** How this program is called, and with what it was configured. */
export type Self = readonly [string, ...string[]];

/** A run that was told to stop undoes what it made first, and gives a deaf step five minutes. */
const GRACE = duration(6, 'm');
/** Of those that were asked for: a loop that asks without end must not fill the memory. */
export const TRIGGERED_AT_ONCE = 16;

export class Jobs {
  readonly #self: Self;
  readonly #stateDir: string;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<JobEnd>>();

  /** Everything that runs is told to stop when `signal` aborts. */
  constructor(self: Self, stateDir: string, signal: AbortSignal) {
    this.#self = self;
    this.#stateDir = stateDir;
    this.#signal = signal;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Throws the signal's reason when that ends it. */
  async run(order: JobOrder, signal: AbortSignal = this.#signal): Promise<JobEnd> {
    const job = this.#run(order, AbortSignal.any([signal, this.#signal]));
    this.#running.add(job);
    try {
      return await job;
    } finally {
      this.#running.delete(job);
    }
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #run({ argv, subject, runId }: JobOrder, signal: AbortSignal): Promise<JobEnd> {
    const { exitCode, stderrTail } = await runProcess(
      {
        argv: [...this.#self, '--quiet', ...argv],
        operation: `run \`holdfast ${argv[0]}\` for`,
        subject,
        env: { [RUN_ID_VARIABLE]: runId, [LAST_STATE_VARIABLE]: this.#stateDir, NOTIFY_SOCKET: undefined },
      },
      { signal, grace: GRACE, onLine: () => {} }, // its report is in the journal
    );
    return { exitCode, lastWords: stderrTail };
  }
}
