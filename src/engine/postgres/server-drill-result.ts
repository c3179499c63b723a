// What a drill of a server comes to: evidence, and the step's result.

import { nameOfRepository } from '../../domain/postgres-repository.ts';
import type { Drill } from '../../domain/drill.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import type { JsonObject } from '../../lib/json.ts';
import { isoOf, type RecoveryLog } from '../../tools/postgresql/recovery-log.ts';
import type { Looked } from './look-through.ts';
import { placeOfRepository } from './repositories.ts';
import type { ServerDrillOrder } from './server-drill.ts';

export interface DrillFigures {
  /** Of all of it; null where it did not come so far. */
  readonly seconds: number | null;
  /** Until the server let clients in. */
  readonly rtoSeconds: number | null;
  readonly log: RecoveryLog | null;
  readonly looked: Looked | null;
  /** Why it failed, in sentences. */
  readonly failures: readonly string[];
  readonly lines: readonly string[];
}

interface ServerDrill extends Drill {
  /** When the last transaction was committed that came back: so new is what can be had. Null where none is known. */
  readonly recoveryPoint: string | null;
  /** What was read of it. */
  readonly read: readonly string[];
  /** That was all of it. */
  readonly all: boolean;
}

/** It came back, and every index, row and page of it was read: more than reading the repository would prove. */
export const hasReadAll = ({ complete, detail }: Pick<Evidence, 'complete' | 'detail'>): boolean =>
  complete && detail['all'] === true;

export function evidenceOf(order: ServerDrillOrder, figures: DrillFigures, at: Instant): Evidence {
  const { recovery, service, postgres } = order;
  return {
    kind: 'drill',
    service: service.name,
    repository: nameOfRepository(recovery.repository),
    snapshotId: recovery.reach.backup.label,
    at,
    complete: figures.failures.length === 0 && shortcomingsOf(order, figures).length === 0,
    detail: { ...drillOf(order, figures), place: placeOfRepository(postgres, recovery.repository) },
  };
}

function drillOf(order: ServerDrillOrder, figures: DrillFigures): ServerDrill {
  const { backup } = order.recovery.reach;
  const { log, looked, seconds, rtoSeconds, failures } = figures;
  const last = log?.lastTransaction ?? null;
  return {
    snapshotTime: formatInstant(backup.stoppedAt),
    extent: 'whole',
    files: log?.restoredFiles ?? 0,
    bytes: backup.size,
    seconds,
    rtoSeconds: failures.length > 0 ? null : rtoSeconds,
    compared: null,
    validators: (looked?.validations ?? []).map(({ type, subject, ok }) => ({ type, subject, ok })),
    reason: [...failures, ...shortcomingsOf(order, figures)].join('; ') || null,
    recoveryPoint: last === null ? null : isoOf(last),
    read: looked?.read ?? [],
    all: looked?.all ?? false,
  };
}

/** Why a drill in which nothing was found wrong does not prove everything. */
const shortcomingsOf = ({ recovery: { reach } }: ServerDrillOrder, { looked }: DrillFigures): string[] => [
  ...(reach.backup.error === true ? [`${reach.backup.label} itself holds damaged pages`] : []),
  ...(reach.gap === null ? [] : [`the log ends with ${reach.last}: ${reach.gap} is missing`]),
  ...(looked?.validations ?? []).flatMap(({ ok, type, subject, message }) =>
    ok === null ? [`not proven: ${type} ${subject} (${message ?? 'it did not run'})`] : [],
  ),
];

export function resultOf(
  order: ServerDrillOrder,
  figures: DrillFigures,
  evidence: Evidence,
  context: StepContext,
): StepResult {
  const { recovery, service, pick } = order;
  const { looked } = figures;
  const drill = drillOf(order, figures);
  const promised = service.protection.rto;
  if (promised !== null && drill.rtoSeconds !== null && drill.rtoSeconds * 1000 > promised)
    context.warn(
      `having it back takes ${describeDuration(duration(drill.rtoSeconds, 's'))}, and ${describeDuration(promised)} are promised`,
    );
  const shortcomings = shortcomingsOf(order, figures);
  const result: JsonObject = {
    service: service.name,
    repository: nameOfRepository(recovery.repository),
    snapshotId: recovery.reach.backup.label,
    pick,
    ...drill,
    promisedSeconds: promised === null ? null : promised / 1000,
    validators: [...(looked?.validations ?? [])],
  };
  return {
    outcome: shortcomings.length === 0 ? 'succeeded' : 'partial',
    reason: shortcomings.length === 0 ? null : shortcomings.join('; '),
    evidence: [evidence],
    result,
  };
}
