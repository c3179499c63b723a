// What the routes work with: one for the whole agent, whatever it listens on.

import type { Configuration } from '../config/configuration.ts';
import type { Health } from '../engine/api/health-shape.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../lib/clock.ts';
import type { EventHub } from './event-hub.ts';
import type { StatusAnswer } from './status-answer.ts';
import type { Triggers } from './triggers.ts';

export interface Served {
  readonly clock: Clock;
  readonly configuration: () => Configuration;
  readonly journal: { now(): Journal };
  readonly status: Pick<StatusAnswer, 'text'>;
  readonly triggers: Pick<Triggers, 'trigger' | 'report'>;
  readonly hub: EventHub;
  readonly health: () => Health;
}
