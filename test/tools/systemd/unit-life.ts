// A model of systemd for property tests: all that it says of a unit that is started, restarted by itself and stopped, in its order;
// and the truth.

import type { Exit, UnitState } from '../../../src/tools/systemd/unit-state.ts';
import { idle } from './states.ts';

export interface Life {
  /** One for each invocation. All but the last have failed, since systemd restarts only those. */
  readonly ends: readonly ('well' | 'failed' | 'killed')[];
  /** Somebody stops the last one: while it runs, or while it waits to be run again. */
  readonly stopped: boolean;
  readonly type: 'oneshot' | 'simple';
  /** Something keeps it loaded when it is at rest. */
  readonly needed: boolean;
  /** Before 254 it is 'failed' without more between two runs. */
  readonly old: boolean;
  readonly before: string | null;
}

/** With `more` the next word is said in the same breath: nobody who asks sees the unit like that. */
export type Word = ({ readonly saw: UnitState } | { readonly job: number; readonly result: string }) & {
  readonly more: boolean;
};

const EXITS: Readonly<Record<Life['ends'][number], { readonly result: string; readonly exit: Exit }>> = {
  well: { result: 'success', exit: { how: 'exited', status: 0 } },
  failed: { result: 'exit-code', exit: { how: 'exited', status: 1 } },
  killed: { result: 'signal', exit: { how: 'killed', status: 9 } },
};

/** The jobs that start it first, and stop it. */
export const START = 1;
export const STOP = 99;

/** What is said; the last word is of a unit that is at rest and has no job. */
export function wordsOf({ ends, stopped, type, old, before }: Life): Word[] {
  const words: Word[] = [];
  let unit = idle({ type, invocationId: before });
  const say = (change: Partial<UnitState>, more = false): void => {
    unit = { ...unit, ...change };
    words.push({ saw: unit, more });
  };
  const endJob = (result: string, more = false): void => {
    if (unit.job === 0) return;
    words.push({ job: unit.job, result, more: true });
    say({ job: 0 }, more);
  };
  ends.forEach((end, index) => {
    const last = index === ends.length - 1;
    say({ job: index + START, restarts: index });
    say({ invocationId: `run ${index}`, result: 'success', exit: null }, true);
    if (type === 'oneshot') say({ active: 'activating', sub: 'start' });
    else {
      say({ active: 'active', sub: 'running' }, true);
      endJob('done');
    }
    const outcome = EXITS[end === 'well' && !last ? 'failed' : end];
    const rest = outcome.result === 'success' ? { active: 'inactive', sub: 'dead' } : { active: 'failed', sub: 'failed' };
    if (!last) {
      say({ ...outcome, active: 'failed', sub: old ? 'failed' : 'failed-before-auto-restart' }, true);
      endJob('failed', true);
      say({ active: 'activating', sub: 'auto-restart' });
    } else if (stopped) {
      if (unit.job !== 0) words.push({ job: unit.job, result: 'canceled', more: true });
      say({ job: STOP }, true);
      say({ active: 'deactivating', sub: 'stop-sigterm' });
      say({ ...outcome, ...rest }, true);
      endJob('done');
    } else {
      say({ ...outcome, ...rest }, unit.job !== 0);
      endJob(outcome.result === 'success' ? 'done' : 'failed');
    }
  });
  return words;
}

/** The next number of words after which somebody who asks may be answered. */
export function breath(words: readonly Word[], count: number): number {
  const end = words.findIndex((word, index) => index >= count - 1 && !word.more);
  return count === 0 || end === -1 ? Math.min(count, words.length) : end + 1;
}

/** How the unit is after that many words, for somebody who asks. */
export function stateAfter(life: Life, words: readonly Word[], count: number): UnitState {
  const said = words.slice(0, count);
  const unit = said.findLast((word) => 'saw' in word)?.saw ?? idle({ type: life.type, invocationId: life.before });
  if (count === words.length && unit.active === 'inactive' && !life.needed) return idle({ type: life.type });
  const last = said.at(-1);
  return last && 'job' in last ? { ...unit, job: 0 } : unit;
}
