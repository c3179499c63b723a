// Runs that begin and end without telling the agent (it was not there yet, or their process died): noticed by what they write into
// the journal, and by looking now and then whether the processes of those that have no end still live.

import { type FSWatcher, watch } from 'node:fs';
import { duration } from '../domain/duration.ts';
import { beginningOf, endOf } from '../engine/live/tell.ts';
import { withoutGhosts } from '../engine/runner/dead-runs.ts';
import type { Journal } from '../journal/journal.ts';
import { mayBeAlive } from '../process/identity.ts';
import type { EventHub } from './event-hub.ts';

/** What a run does first is to write; whoever can tell more of it gets this long to do so. */
const LET_THEM_SPEAK = duration(300, 'ms');
/** A death writes nothing. */
const LOOK_FOR_DEAD = duration(10, 's');

export interface JournalRuns extends Disposable {
  /** Looks now. */
  look(): void;
}

export function watchRuns(
  stateDir: string,
  journal: { now(): Journal },
  hub: EventHub,
  failed: (error: unknown) => void,
): JournalRuns {
  const look = (): void => {
    try {
      lookInto(journal.now(), hub);
    } catch (error) {
      failed(error);
    }
  };
  let soon: NodeJS.Timeout | null = null;
  const written = (): void => {
    soon ??= setTimeout(() => {
      soon = null;
      look();
    }, LET_THEM_SPEAK);
  };
  let watcher: FSWatcher | null = null;
  try {
    watcher = watch(stateDir, (_, name) => (name?.startsWith('journal.db') === true ? written() : undefined));
    watcher.on('error', failed);
  } catch (error) {
    failed(error); // the kernel's limit of watches: then it is seen at the next look
  }
  const timer = setInterval(look, LOOK_FOR_DEAD);
  return {
    look,
    [Symbol.dispose]() {
      watcher?.close();
      clearInterval(timer);
      if (soon) clearTimeout(soon);
    },
  };
}

function lookInto(journal: Journal, hub: EventHub): void {
  const unfinished = new Map(journal.unfinishedRuns().map((run) => [run.id, run]));
  const told = withoutGhosts(journal);
  for (const { id, process } of unfinished.values()) {
    if (!mayBeAlive(process) || hub.isOpen(id) || hub.hasEnded(id)) continue;
    const report = journal.run(id);
    if (report?.outcome === 'running') hub.publish(beginningOf(report));
  }
  for (const id of hub.open()) {
    const run = unfinished.get(id);
    if (run && mayBeAlive(run.process)) continue;
    const report = journal.run(id);
    if (!report) continue; // it was told a moment before it is written
    const ended = told(report);
    if (ended.outcome !== 'running') hub.publish(endOf(ended, run ? 'its process ended without a word' : null));
  }
}
