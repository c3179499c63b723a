// Stopping a unit, by force in the end.

import { constants } from 'node:os';
import { duration, type Duration, formatDuration } from '../../domain/duration.ts';
import { untilAborted } from '../../lib/abort.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { enqueue, kill } from './calls.ts';
import type { Line } from './link.ts';
import { refusalName } from './refusal.ts';
import { isAtRest } from './unit-history.ts';
import { UnitWatch } from './unit-watch.ts';

const NEVER = new AbortController().signal;
/** After each SIGKILL. What ExecStopPost= starts then gets the next one. */
const LAST_PATIENCE = duration(1, 's');
const KILLS = 10;

/** See `Manager.stop`. Throws `tool-failed` also when it does not end even so, or is started again by somebody. */
export async function stopUnit(link: Line, name: string, patience: Duration): Promise<void> {
  using watch = new UnitWatch(link, name, NEVER);
  const history = await watch.open();
  if (!(await known(watch.order(enqueue('stop', name), ({ now }) => isAtRest(now))))) return;
  /* oxlint-disable no-await-in-loop -- one after the other is the point */
  for (let kills = 0; !(await ended(watch, kills === 0 ? patience : LAST_PATIENCE)); kills++) {
    if (kills === KILLS) throw undying(name, patience);
    await known(link.order(kill(name, constants.signals.SIGKILL)));
  }
  /* oxlint-enable no-await-in-loop */
  if (!isAtRest(history.now)) throw startedAgain(name, history.awaited ?? '');
}

/** Whether its job came to an end in that time. */
async function ended(watch: UnitWatch, patience: Duration): Promise<boolean> {
  using limit = limitTime(patience, () => new Error('not yet'));
  try {
    await untilAborted(
      watch.until(({ awaited }) => awaited !== null),
      limit.signal,
    );
    return true;
  } catch (error) {
    if (limit.signal.aborted && error === limit.signal.reason) return false;
    throw error;
  }
}

/** False when systemd has nothing (more) to do it to. */
async function known(order: Promise<void>): Promise<boolean> {
  try {
    await order;
    return true;
  } catch (error) {
    if (GONE.has(refusalName(error) ?? '')) return false;
    throw error;
  }
}

const GONE = new Set(['org.freedesktop.systemd1.NoSuchUnit', 'org.freedesktop.systemd1.NoSuchProcess']);

const undying = (name: string, patience: Duration): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation: 'stop',
    subject: name,
    message: `it has not ended within ${formatDuration(patience)}, and not by SIGKILL either`,
    hint: 'A process that waits for a disk or a network file system cannot be killed: see ps -eo pid,stat,wchan,args, and dmesg.',
    retry: 'later',
  });

const startedAgain = (name: string, word: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation: 'stop',
    subject: name,
    message: `it runs again, or still: the job that was to stop it ended as '${word}'`,
    hint: `See who starts it: systemctl status ${name}; journalctl -u ${name} -e`,
    retry: 'now',
  });
