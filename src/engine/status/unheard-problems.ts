// Problems that lasted and that nobody is told of, because no channel takes them: for `holdfast status`, which anybody may look at.

import type { Configuration } from '../../config/configuration.ts';
import { channelsOfProblem, isTold } from '../../config/notification-route.ts';
import { stands } from '../../domain/advance-problems.ts';
import type { Instant } from '../../domain/instant.ts';
import type { OpenProblem } from '../../domain/notification.ts';
import type { ToldJournal } from './stuck-channels.ts';

/** Where no channel is declared nobody relies on being told; what the configuration does not want to be told is no matter. */
export const unheardProblems = (
  { notifications }: Pick<Configuration, 'notifications'>,
  journal: ToldJournal,
  now: Instant,
): readonly OpenProblem[] =>
  notifications.channels.length === 0
    ? []
    : journal.notifications.problems().filter(
        (problem) =>
          problem.kind !== 'undelivered' && // its channel is a line of its own
          stands(problem, now) &&
          isTold(notifications, problem.kind) &&
          channelsOfProblem(notifications, problem.kind, [problem.item]).length === 0,
      );
