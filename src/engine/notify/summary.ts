// How things stand, told by a clock and not by an event: also when all is well, so that silence means that something is wrong.

import type { NotificationsConfig } from '../../config/configuration.ts';
import { stands } from '../../domain/advance-problems.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { localMinute } from '../../domain/local-time.ts';
import type { OpenProblem } from '../../domain/notification.ts';
import { nameOf, type Words } from '../../domain/notification-text.ts';
import { latestTimeOfDay } from '../../domain/quiet-hours.ts';
import type { ServiceStatus, StatusReport } from '../status/status.ts';

const DAY = duration(1, 'd');

/** The time for which one is due now; null: none is. The first one waits for its time, too. */
export function summaryDue(summary: NotificationsConfig['summary'], last: Instant | null, now: Instant): Instant | null {
  if (summary === null || last === null) return null;
  const due = latestTimeOfDay(summary.at, summary.schedule, now);
  return due > last || elapsed(now, last) > DAY ? due : null; // what a clock far ahead put off is due
}

const MOST_LISTED = 30;

export function tellSummary(status: StatusReport, problems: readonly OpenProblem[], now: Instant): Words {
  const { counts, services, host } = status;
  const open = problems.filter((problem) => stands(problem, now));
  const attention = counts['at-risk'] + counts.unprotected;
  const title = `${services.length - attention} of ${services.length} services protected${open.length === 0 ? '' : `, ${open.length} open`} (${host})`;
  const listed = open.slice(0, MOST_LISTED);
  return {
    title,
    body: [
      ...Object.entries(counts)
        .filter(([, count]) => count > 0)
        .map(([verdict, count]) => `${verdict}: ${count}`),
      '',
      open.length === 0 ? 'No problem is open.' : 'Open:',
      ...listed.map(
        ({ item, since }) =>
          `- ${nameOf(item)}: ${item.message} (since ${localMinute(since)}, ${describeDuration(elapsed(since, now))})`,
      ),
      ...(open.length > listed.length ? [`- and ${open.length - listed.length} more`] : []),
      '',
      'Newest complete copies:',
      ...services
        .filter(({ jobs }) => jobs.length > 0)
        .slice(0, MOST_LISTED)
        .map(copyLine),
      '',
      'Details: holdfast status',
    ].join('\n'),
  };
}

function copyLine({ service, jobs }: ServiceStatus): string {
  const copies = jobs.map(({ repository, newest }) => {
    const age = newest?.ageSeconds;
    return `${repository} ${age === null || age === undefined ? 'none' : describeDuration(duration(age, 's'))}`;
  });
  return `- ${service}: ${copies.join(', ')}`;
}
