// What recurs: has everything that should happen by itself a timer that runs? `units check` tells more, of each unit.

import type { Configuration } from '../../config/configuration.ts';
import { unitNames } from '../../domain/naming.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { FoundUnit } from '../../tools/systemd/manager.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import { scheduledJobs } from '../schedule/scheduled-jobs.ts';
import { type Check, type DoctorInput, type Finding, ok, problem, warning } from './check.ts';

export const timerChecks = ({ config }: DoctorInput): Check[] =>
  expectedTimers(config).length === 0
    ? []
    : [{ id: 'timers', title: 'timers', run: async (signal) => [timersOf(config, await findTimers(signal))] }];

const expectedTimers = (config: Configuration): string[] =>
  scheduledJobs(config).map(({ kind, subject }) => unitNames.timer(kind, subject));

/** Null where systemd does not run. */
async function findTimers(signal: AbortSignal): Promise<readonly FoundUnit[] | null> {
  try {
    await using manager = await openManager(signal);
    return await manager.find(['holdfast-*.timer']);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'unsupported') return null;
    throw error;
  }
}

/** None at all is a choice: cron, a gate or a person may start what recurs. Some of them is a mistake. */
export function timersOf(config: Configuration, found: readonly FoundUnit[] | null): Finding {
  const expected = expectedTimers(config);
  if (found === null) {
    return {
      ...ok('systemd does not run here: nothing happens by itself unless the agent or somebody else starts it'),
      fix: config.agent.schedule === false ? null : 'Where the agent runs, it does: holdfast agent',
    };
  }
  const running = new Set(found.filter(({ active }) => active === 'active').map(({ name }) => name));
  if (config.agent.schedule === true) {
    const double = expected.filter((name) => running.has(name));
    return double.length === 0
      ? ok('none is needed: the agent starts what recurs (agent.schedule)')
      : problem(
          `${double.length} run, and the agent starts the same (agent.schedule): it happens twice`,
          'holdfast units install',
        );
  }
  const idle = expected.filter((name) => !running.has(name));
  if (idle.length === 0) return isWatched(config) ? ok(`${expected.length} run`) : unwatched(expected.length);
  if (!found.some(({ name }) => expected.includes(name))) {
    return { ...ok('none is installed: nothing happens by itself'), fix: 'holdfast units install' };
  }
  const others = idle.length === 1 ? '' : ` and ${idle.length - 1} more`;
  return problem(
    `${idle[0]}${others} of ${expected.length} do not run: what they start does not happen`,
    'See why, and what to do: holdfast units check',
  );
}

/** What runs by itself fails by itself: somebody has to hear of it, or ask. */
const isWatched = ({ notifications, metrics, agent }: Configuration): boolean =>
  notifications.channels.length > 0 || metrics.textfile !== null || agent.declared;

const unwatched = (count: number): Finding =>
  warning(
    `${count} run, and nobody is told when what they start fails: no channel is configured`,
    'Declare one below notifications.channels, for instance: phone: {type: ntfy, url: https://SERVER/TOPIC}',
  );
