// Starting a unit without waiting for its end.

import { HoldfastError } from '../../lib/errors.ts';
import { enqueue } from './calls.ts';
import type { Line } from './link.ts';
import { UnitWatch } from './unit-watch.ts';

const NEVER = new AbortController().signal;

/** See `Manager.start`. That a condition keeps it from starting is no error, as with systemctl. */
export async function startUnit(link: Line, name: string): Promise<void> {
  using watch = new UnitWatch(link, name, NEVER);
  const history = await watch.open();
  await watch.order(enqueue('start', name), () => false); // once more does no harm
  await watch.until(({ awaited }) => awaited !== null);
  const word = history.awaited ?? '';
  if (word === 'done' || word === 'skipped' || history.now.active === 'active') return;
  throw couldNotStart(name, word);
}

/** `result`: how systemd says that its job ended. */
export const couldNotStart = (name: string, result: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation: 'start',
    subject: name,
    message: `systemd could not start it: its job ended as '${result}'`,
    hint: `See why: systemctl status ${name}; journalctl -u ${name} -e`,
    retry: 'later',
  });
