// Running a unit to its end, or waiting for the end of what already runs.

import { enqueue, listUnitsByName } from './calls.ts';
import type { Line } from './link.ts';
import type { UnitRun } from './manager.ts';
import type { UnitDetails } from './unit-details.ts';
import { isGoing, type UnitHistory } from './unit-history.ts';
import { judge, notLoaded } from './unit-run.ts';
import { UnitWatch } from './unit-watch.ts';

/** See `Manager.run`. */
export async function runUnit(link: Line, name: string, signal: AbortSignal): Promise<UnitRun> {
  using watch = new UnitWatch(link, name, signal);
  const history = await watch.open();
  const { load, active, sub, job } = history.now;
  if (load !== 'loaded') return notLoaded(history.now, await watch.look());
  const hasRun = active === 'active' && sub === 'exited' && job === 0;
  await watch.order(enqueue(hasRun ? 'restart' : 'start', name), (seen) => seen.invocation !== null || isGoing(seen.now));
  return await settle(link, watch, history);
}

/** See `Manager.settled`. */
export async function settledUnit(link: Line, name: string, signal: AbortSignal): Promise<UnitRun | null> {
  using watch = new UnitWatch(link, name, signal);
  const history = await watch.open();
  if (!isGoing(history.first)) return null;
  history.await(history.first.job);
  return await settle(link, watch, history);
}

/** Before version 254 a unit looks settled for a moment when systemd restarts it: hence the second look. */
async function settle(link: Line, watch: UnitWatch, history: UnitHistory): Promise<UnitRun> {
  for (;;) {
    /* oxlint-disable no-await-in-loop -- one after the other is the point */
    await watch.until(({ settled }) => settled);
    const details = await watch.look();
    if (history.settled) return judge(history, details, await missing(link, history, details));
    /* oxlint-enable no-await-in-loop */
  }
}

/** What kept it from running. */
async function missing(link: Line, history: UnitHistory, { requires }: UnitDetails): Promise<readonly string[]> {
  if (history.invocation || history.awaited !== 'dependency') return [];
  const units = await link.ask(listUnitsByName(requires));
  return units.filter(({ load, active }) => active === 'failed' || load !== 'loaded').map(({ name }) => name);
}
