// What a drill comes to: evidence, the step's result, or the error that says what could not be restored.

import { describeDuration, duration } from '../../domain/duration.ts';
import { type Amount, type Drill, extrapolate } from '../../domain/drill.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import { jobName } from '../../domain/naming.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { placeOf } from '../../repositories/place.ts';
import type { Loaded } from '../dumps/tried-dumps.ts';
import type { Validation } from '../validators/restored.ts';
import type { DrillOrder } from './drill-step.ts';
import type { Drawn } from './draw-sample.ts';
import type { Compared } from './second-copy.ts';

export interface Findings {
  readonly drawn: Drawn | null;
  readonly restored: Amount;
  readonly restoreSeconds: number;
  /** Null where it did not come so far. */
  readonly validateSeconds: number | null;
  readonly compared: Compared | null;
  readonly validations: readonly Validation[];
  /** Of the dumps of a server; null where there were none, or they were not tried. */
  readonly loaded: Loaded | null;
  /** Why it failed, in sentences. */
  readonly failures: readonly string[];
  /** Everything that was found wrong, one by one. */
  readonly lines: readonly string[];
}

/** How much an error carries with it. */
const MOST_LINES = 50;

export function evidenceOf(order: DrillOrder, findings: Findings, at: Instant): Evidence {
  const { repository, snapshot } = order.chosen;
  return {
    kind: 'drill',
    service: order.service,
    repository: repository.name,
    snapshotId: snapshot.id,
    at,
    complete: findings.failures.length === 0 && shortcomingsOf(order, findings).length === 0,
    detail: { ...drillOf(order, findings), place: placeOf(repository) },
  };
}

function drillOf(order: DrillOrder, findings: Findings): Drill {
  const { chosen, second, sampleFiles } = order;
  const { compared, validations, failures, restored, loaded } = findings;
  return {
    snapshotTime: formatInstant(chosen.snapshot.time),
    extent: sampleFiles === null ? 'whole' : 'sample',
    files: restored.files,
    bytes: restored.bytes,
    seconds: secondsOf(findings),
    rtoSeconds: rtoOf(findings),
    compared: compared === null || second === null ? null : { with: second.repository.name, files: compared.files },
    validators: validations.map(({ type, subject, ok }) => ({ type, subject, ok })),
    reason: [...failures, ...shortcomingsOf(order, findings)].join('; ') || null,
    ...(loaded === null ? {} : { loaded }),
  };
}

const secondsOf = ({ restoreSeconds, validateSeconds }: Findings): number | null =>
  validateSeconds === null ? null : restoreSeconds + validateSeconds;

function rtoOf(findings: Findings): number | null {
  const { drawn, restoreSeconds, validateSeconds, restored, failures } = findings;
  if (validateSeconds === null || failures.length > 0) return null;
  if (drawn === null) return restoreSeconds + validateSeconds;
  return extrapolate({ fixedSeconds: drawn.seconds, restoreSeconds, validateSeconds }, restored, drawn.all);
}

/** What is said of a validator that a sample is too little for: a drill of all the data proves that. */
export const NEEDS_ALL = 'it needs all of the data';

/** Why a drill in which nothing was found wrong does not prove everything. */
function shortcomingsOf({ chosen, config }: DrillOrder, { validations, restored }: Findings): string[] {
  const unproven = validations.filter(({ ok, message }) => ok === null && message !== NEEDS_ALL);
  return [
    ...(chosen.partial ? [`snapshot ${chosen.snapshot.id.slice(0, 8)} itself is known to be incomplete`] : []),
    ...(restored.files === 0 && !config.backup.allowEmpty ? ['the snapshot holds no files: nothing was proven'] : []),
    ...unproven.map(({ type, subject, message }) => `not proven: ${type} ${subject} (${message ?? 'it did not run'})`),
  ];
}

export function resultOf(order: DrillOrder, findings: Findings, evidence: Evidence, context: StepContext): StepResult {
  const { chosen, second, pick, config } = order;
  const { compared, drawn, restored, restoreSeconds, validations } = findings;
  const drill = drillOf(order, findings);
  const promised = config.protection.rto;
  if (promised !== null && drill.rtoSeconds !== null && drill.rtoSeconds * 1000 > promised) {
    const takes = describeDuration(duration(drill.rtoSeconds, 's'));
    context.warn(`having it back takes ${drawn ? 'about ' : ''}${takes}, and ${describeDuration(promised)} are promised`);
  }
  const shortcomings = shortcomingsOf(order, findings);
  return {
    outcome: shortcomings.length === 0 ? 'succeeded' : 'partial',
    reason: shortcomings.length === 0 ? null : shortcomings.join('; '),
    evidence: [evidence],
    result: {
      service: order.service,
      repository: chosen.repository.name,
      snapshotId: chosen.snapshot.id,
      pick,
      ...drill,
      of: drawn === null ? { ...restored } : { ...drawn.all },
      bytesPerSecond: Math.round(restored.bytes / Math.max(restoreSeconds, 1e-3)),
      extrapolated: drawn !== null,
      promisedSeconds: promised === null ? null : promised / 1000,
      compared:
        compared === null || second === null
          ? null
          : {
              with: second.repository.name,
              snapshotId: second.snapshot.id,
              files: compared.files,
              bytes: compared.bytes,
              problems: compared.problems.slice(0, MOST_LINES),
            },
      validators: validations,
    },
  };
}

/** A drill that failed, with where its scratch is kept. */
export function failureOf(order: DrillOrder, findings: Findings, kept: string | null): HoldfastError {
  const { chosen, service, second } = order;
  const { compared, failures, lines } = findings;
  const { name } = chosen.repository;
  const id = chosen.snapshot.id.slice(0, 8);
  const lies = compared !== null && compared.differenceCount > 0;
  const hint = lies
    ? `One of them lies, unless something changes these files without changing their times. Compare with the live data, and run \`holdfast verify ${name}\` and \`holdfast verify ${second?.repository.name ?? ''}\`.`
    : findings.validateSeconds === null
      ? `Do not prune ${name}. Try an older snapshot (--pick oldest) and the other repositories, and run \`holdfast verify ${name}\`.`
      : 'The repository gave back what it holds; what it holds is not good. Look at the live data, and try an older snapshot (--pick oldest).';
  return new HoldfastError({
    code: 'not-restored',
    operation: 'drill',
    subject: jobName(service, name),
    message: `snapshot ${id}: ${failures.join('; ')}`,
    hint: kept === null ? `${hint} --keep keeps what was restored.` : `${hint} What was restored is kept in ${kept}.`,
    retry: 'later',
    tool: lines.length === 0 ? undefined : { name: 'drill', exitCode: null, stderrTail: lines.slice(0, MOST_LINES) },
  });
}
