// The ids of runs: they sort in the order in which runs began. Whoever starts a process for a run may say beforehand what its
// id shall be, so that it can be asked for before it exists.

import { decodeTime, ulid } from 'ulid';
import type { Instant } from '../../domain/instant.ts';
import type { Journal } from '../../journal/journal.ts';
import { HoldfastError } from '../../lib/errors.ts';

/** Where a process is told the id of the first run that it makes. */
export const RUN_ID_VARIABLE = 'HOLDFAST_RUN_ID';

/** A ULID. */
export const RUN_ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** It sorts last, also when the clock has been set back meanwhile. */
export function nextRunId(journal: Pick<Journal, 'newestRunId'>, now: Instant): string {
  const newest = journal.newestRunId();
  return ulid(newest === null ? now : Math.max(now, decodeTime(newest) + 1));
}

/** What the environment says, once: taken out of it, for a child is no part of this run. Undefined when it says nothing. */
export function takeRunId(env: NodeJS.ProcessEnv): string | undefined {
  const given = env[RUN_ID_VARIABLE];
  delete env[RUN_ID_VARIABLE];
  if (given === undefined || given === '') return undefined;
  if (!RUN_ID.test(given)) throw wrongId(given, 'it is no id of a run (a ULID)');
  return given;
}

/** Throws `usage` when that id has been given to a run already. */
export function assertUnused(journal: Pick<Journal, 'run'>, id: string): void {
  if (journal.run(id) !== null) throw wrongId(id, 'there is a run of that id');
}

const wrongId = (id: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'begin the run',
    subject: id.slice(0, 40),
    message: `${RUN_ID_VARIABLE}: ${message}`,
    hint: `Leave ${RUN_ID_VARIABLE} out: it is for whoever starts Holdfast and has to know the id beforehand.`,
  });
