// What the journal knows of recoveries, for the metrics: how the last one of each service came out, and who runs on nothing.

import type { Configuration } from '../../config/configuration.ts';
import { elapsed } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { Journal, StepEnd } from '../../journal/journal.ts';
import { textAt } from '../../lib/json.ts';
import type { RecoveryFigures } from '../../observe/metrics/input.ts';
import { heldServices } from '../recover/empty-starts.ts';
import { wentWell } from '../status/failed-recovery.ts';

/** Of each service that was ever looked at, or is held. */
export function recoveryFigures(
  { services }: Pick<Configuration, 'services'>,
  journal: Pick<Journal, 'latestStep' | 'keptEffects'>,
): RecoveryFigures[] {
  const held = new Map(heldServices(journal).map(({ service, since }) => [service, since]));
  return [...services.keys()].flatMap((service): RecoveryFigures[] => {
    const last = journal.latestStep(stepId.recover(service));
    const startedEmptyAt = held.get(service) ?? null;
    if (last === null && startedEmptyAt === null) return [];
    const done = journal.latestStep(stepId.recover(service), 'done');
    return [{ service, well: last && wentWell(last), endedAt: last?.endedAt ?? null, back: backOf(done), startedEmptyAt }];
  });
}

/** The last time that it did something, where that brought the data back. */
function backOf(done: StepEnd | null): RecoveryFigures['back'] {
  if (done === null || !wentWell(done) || done.endedAt === null || done.startedAt === null) return null;
  const repository = textAt(done.result ?? {}, 'repository');
  if (repository === '') return null; // it started on nothing
  return { repository, at: done.endedAt, seconds: elapsed(done.startedAt, done.endedAt) / 1000 };
}
