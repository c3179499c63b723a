// What was missing and is there again says nothing of itself. Pure.

import type { Fact } from '../../domain/advance-problems.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { OpenProblem } from '../../domain/notification.ts';
import type { Report } from '../../domain/report.ts';
import { PRUNE } from '../snapshot-policy/plan-prune.ts';
import { TAKE } from '../snapshot-policy/plan-take.ts';

/**
 * A dataset that a policy names and that was missing has a step only while it is: a later run without one has found it. (These runs are
 * always of all datasets.)
 */
export const foundAgain = (ended: readonly Report[], open: readonly OpenProblem[]): Fact[] =>
  ended
    .filter(({ kind }) => kind === TAKE || kind === PRUNE)
    .flatMap(({ kind, steps, endedAt }) => {
      const at = parseInstant(endedAt ?? '');
      const gone = open.filter(
        ({ key, item }) => item.operation === kind && item.subject.includes('/') && !steps.some(({ id }) => id === key),
      );
      return at === null ? [] : gone.map(({ key }) => ({ type: 'well' as const, key, at }));
    });
