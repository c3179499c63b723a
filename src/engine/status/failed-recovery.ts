// A service whose data was to come back and did not: a problem as long as nothing says that the data is there.

import { describeDuration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { Journal, StepEnd } from '../../journal/journal.ts';
import type { JobFacts } from './job-facts.ts';
import type { StatusProblem } from './problems.ts';

const WELL: ReadonlySet<string> = new Set(['succeeded', 'partial', 'skipped']);

/** Whether the service may start after it: its data is there, or came back. */
export const wentWell = ({ outcome }: Pick<StepEnd, 'outcome'>): boolean => WELL.has(outcome);

/** In the result of a restore to where the data belongs. */
const IN_PLACE = 'inPlace';

/** Of each of the services; one query for all of them. */
export function failedRecoveries(
  known: readonly { readonly service: { readonly name: string }; readonly facts: readonly JobFacts[] }[],
  journal: Pick<Journal, 'latestStep' | 'latestSteps'>,
  now: Instant,
): StatusProblem[] {
  const last = journal.latestSteps(known.map(({ service }) => stepId.recover(service.name)));
  return known.flatMap(({ service, facts }, index) => {
    const recovery = last[index] ?? null;
    if (recovery === null || wentWell(recovery) || isBackSince(recovery, service.name, facts, journal)) return [];
    return [problemOf(service.name, recovery, now)];
  });
}

/** A complete backup that was made since shows that the data is there; so does a restore in its place. */
const isBackSince = (
  recovery: StepEnd,
  service: string,
  facts: readonly JobFacts[],
  journal: Pick<Journal, 'latestStep'>,
): boolean =>
  facts.some(({ repository, copy }) => {
    const restore = journal.latestStep(stepId.restore(service, repository.name), 'done');
    const inPlace = restore?.outcome === 'succeeded' && IN_PLACE in (restore.result ?? {});
    return isLater(copy, recovery) || (inPlace && isLater(restore, recovery));
  });

function problemOf(service: string, { endedAt, error, reason, outcome }: StepEnd, now: Instant): StatusProblem {
  const when = endedAt === null || endedAt > now ? '' : ` ${describeDuration(elapsed(endedAt, now))} ago`;
  return {
    severity: 'problem',
    subject: service,
    message: `its recovery did not succeed${when} (${outcome}): ${error?.message ?? reason ?? 'it did not say why'}`,
    hint: error?.hint ?? `holdfast recover ${service}`,
  };
}

/** Ids of runs sort by time, also where a clock was wrong. */
const isLater = (each: { readonly runId: string } | null, than: StepEnd): boolean =>
  each !== null && each.runId > than.runId;
