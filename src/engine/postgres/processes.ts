// The processes of a backup as an effect: pgBackRest's workers live on when it is killed, and hold the lock of the stanza for ever; those
// of barman-cloud go on uploading.

import { duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { textAt } from '../../lib/json.ts';
import { endMarked } from '../../process/marked.ts';

const KIND = 'pgbackrest-processes';

/** Nothing that the step made rests on them. */
export const PGBACKREST_PROCESSES: EffectKind = {
  kind: KIND,
  independent: true,
  async undo(payload, signal) {
    const mark = textAt(payload, 'mark'); // recorded by an earlier version
    const argument = textAt(payload, 'argument') || (mark === '' ? '' : `--exec-id=${mark}`);
    if (argument !== '') await endMarked(argument, duration(5, 's'), signal);
  },
};

/** Of one backup of one server: what bears it is ended, and other servers are backed up in the same run. */
export const markOf = (runId: string, stanza: string, repository: number): string =>
  `holdfast-${runId}-${repository}-${stanza}`;

/** Until it is disposed of, what has that argument is ended, also by the next start after a crash. */
export const holdProcesses = (context: StepContext, argument: string): Promise<AsyncDisposable> =>
  context.hold(KIND, { argument }, () => Promise.resolve());
