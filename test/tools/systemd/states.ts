// States of a unit for tests.

import type { Instant } from '../../../src/domain/instant.ts';
import type { UnitState } from '../../../src/tools/systemd/unit-state.ts';

/** As systemd loads a service. */
export const idle = (differs: Partial<UnitState> = {}): UnitState => ({
  id: 'x.service',
  load: 'loaded',
  active: 'inactive',
  sub: 'dead',
  job: 0,
  invocationId: null,
  conditionsHold: true,
  type: 'oneshot',
  remainAfterExit: false,
  result: 'success',
  restarts: 0,
  exit: null,
  startedAt: null,
  endedAt: null,
  ...differs,
});

/** In its first invocation. */
export const running = (differs: Partial<UnitState> = {}): UnitState =>
  idle({ active: 'activating', sub: 'start', invocationId: 'first', startedAt: 1_700_000_000_000 as Instant, ...differs });
