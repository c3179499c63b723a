// What a check is told of runs: that one began, and how it ended for those steps that the check is about. Pure.

import type { ChannelConfig } from '../../config/configuration.ts';
import { itemFilter, takesPings } from '../../config/notification-route.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import type { Message } from '../../domain/notification.ts';
import type { Report, StepReport } from '../../domain/report.ts';
import type { QueuedMessage } from '../../journal/notification-store.ts';
import { diedOf, operationOf } from './facts.ts';

type State = NonNullable<Message['ping']>['state'];

/** Without a filter a check is about backups and gates. */
const BACKUPS: ReadonlySet<string> = new Set(['backup', 'unit']);
const ANY: ReadonlySet<string> = new Set(['backup', 'unit', 'verify', 'scrub', 'drill', 'recover', 'retention', 'prune']);

/** One for each check that the run is about; each is told once, however often it is observed. */
export const pingsOf = (report: Report, channels: readonly ChannelConfig[], now: Instant): QueuedMessage[] =>
  channels.filter(takesPings).flatMap((channel) => {
    const filter = itemFilter(channel);
    const steps = report.steps.filter((step) =>
      filter === null ? BACKUPS.has(operationOf(step)) : ANY.has(operationOf(step)) && filter(step),
    );
    if (steps.length === 0) return [];
    const state = stateOf(report, steps);
    const at = (state === 'start' ? parseInstant(report.startedAt) : parseInstant(report.endedAt ?? '')) ?? now;
    const message: Message = {
      kind: 'ping',
      priority: 'normal',
      host: report.host,
      title: `${report.kind} ${report.id}: ${report.outcome}`,
      body: steps.map(lineOf).join('\n'),
      items: [],
      at: at > now ? now : at,
      ping: { state, runId: report.id },
    };
    return [{ key: `ping ${channel.name} ${state} ${report.id}`, grouping: 'ping', message, channels: [channel.name] }];
  });

const GOOD: ReadonlySet<string> = new Set(['succeeded', 'skipped']);

function stateOf(report: Report, steps: readonly StepReport[]): State {
  if (report.outcome === 'running') return 'start';
  // being asked to stop is no failure, and no success either: that nothing more comes is for the check to notice
  if (report.outcome === 'interrupted' && !diedOf(report)) return 'log';
  if (steps.every(({ outcome }) => outcome === 'skipped')) return 'log';
  return steps.every(({ outcome }) => GOOD.has(outcome)) ? 'success' : 'fail';
}

function lineOf({ title, outcome, reason, error, durationSeconds }: StepReport): string {
  const why = error?.message ?? reason;
  const took = durationSeconds === null ? '' : ` (${durationSeconds}s)`;
  const tail = (error?.tool?.stderrTail ?? []).map((line) => `\n  | ${line}`).join('');
  return `${title}: ${outcome}${took}${why === null ? '' : `: ${why}`}${tail}`;
}
