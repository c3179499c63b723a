// What is left of a service that something is wrong with: its newest copies that can still be relied upon. Pure.

import { describeDuration, duration } from '../../domain/duration.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import { localMinute } from '../../domain/local-time.ts';
import type { OpenProblem } from '../../domain/notification.ts';
import { isUsable } from '../../domain/standing.ts';
import type { StatusReport } from '../status/status.ts';
import { isOfRepository } from './facts.ts';

const MOST_COPIES = 2;

/** The newest copies that could be restored now: one in a repository that cannot be used is not among them. */
export function safeOf({ services }: StatusReport, { item, cause }: Pick<OpenProblem, 'item' | 'cause'>): string | null {
  const found = services.find(({ service }) => service === item.service);
  if (!found || found.jobs.length === 0) return null;
  const copies = found.jobs.flatMap(({ repository, newest, standing }) => {
    const at = newest && isUsable(standing) ? parseInstant(newest.at) : null;
    return at === null ? [] : [{ repository, at, age: newest?.ageSeconds ?? null }];
  });
  // a recovery that failed has just tried them: they are known, and may be out of reach
  if (item.operation === 'recover' && copies.length > 0) return `as far as is known, ${named(copies)}`;
  const usable = copies.filter(({ repository }) => repository !== item.repository || !isOfRepository(cause));
  const [lost] = copies;
  if (usable.length === 0)
    return lost === undefined
      ? 'nothing, there is no complete copy'
      : `nothing that can be reached; ${lost.repository} held a copy of ${localMinute(lost.at)}`;
  return named(usable);
}

interface Copy {
  readonly repository: string;
  readonly at: Instant;
  readonly age: number | null;
}

/** The newest of them. */
const named = (copies: readonly Copy[]): string =>
  copies
    .toSorted((a, b) => b.at - a.at)
    .slice(0, MOST_COPIES)
    .map(
      ({ repository, at, age }) =>
        `${repository} of ${localMinute(at)}${age === null ? '' : ` (${describeDuration(duration(age, 's'))} old)`}`,
    )
    .join(', ');
