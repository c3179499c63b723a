// What came out of an offsite copy is on record as that: of the copy and the repository that holds it, not of the pgBackRest
// repository that was in it.

import type { Evidence } from '../../domain/evidence.ts';
import { formatInstant } from '../../domain/instant.ts';
import { jobName } from '../../domain/naming.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Json, JsonObject } from '../../lib/json.ts';
import { placeOf } from '../../repositories/place.ts';
import type { CopyOrder } from './copied-repository.ts';

/** `seconds`: what bringing it here took, which is a part of having it back. */
export async function asFromCopy(
  order: Pick<CopyOrder, 'service' | 'repository' | 'snapshot'>,
  seconds: number,
  context: StepContext,
  work: (context: StepContext) => Promise<StepResult>,
): Promise<StepResult> {
  const { service, repository, snapshot } = order;
  const of = { repository: repository.name, snapshotId: snapshot.id };
  const factsOf = (told: JsonObject): JsonObject => ({
    ...told,
    ...plus(told, 'seconds', seconds),
    ...plus(told, 'rtoSeconds', seconds),
    ...('snapshotTime' in told ? { snapshotTime: formatInstant(snapshot.time) } : {}),
  });
  const fromCopy = (fact: Evidence): Evidence => ({
    ...fact,
    ...of,
    detail: { ...factsOf(fact.detail), place: placeOf(repository), label: fact.snapshotId },
  });
  const record = (evidence: readonly Evidence[]): void => context.record(evidence.map(fromCopy));
  try {
    const result = await work({ ...context, record });
    return {
      ...result,
      evidence: (result.evidence ?? []).map(fromCopy),
      result: result.result ? { ...factsOf(result.result), ...of } : null,
    };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'interrupted') throw error;
    throw new HoldfastError({
      code: error.code,
      operation: error.operation,
      subject: jobName(service, repository.name),
      message: error.message,
      hint: error.hint,
      retry: error.retry,
      tool: error.tool,
      cause: error,
    });
  }
}

function plus(told: JsonObject, key: string, seconds: number): Record<string, Json> {
  const value = told[key];
  return typeof value === 'number' ? { [key]: value + seconds } : {};
}
