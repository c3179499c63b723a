// What systemd and the journal say about Holdfast's own units before they are installed. Looks, changes nothing.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Manager } from '../../tools/systemd/manager.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import { HELD_TIMERS_KIND, LASTING_HOLD_KIND } from '../gate/hold-record.ts';
import type { SystemdState } from './plan-units.ts';

/** Throws `unsupported` where systemd does not run, with what to do instead. */
export async function managerForUnits(signal: AbortSignal): Promise<Manager> {
  try {
    return await openManager(signal);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'unsupported') throw error;
    throw new HoldfastError({
      code: 'unsupported',
      operation: 'install units on',
      subject: 'this host',
      message: 'systemd does not run here',
      hint: '`holdfast units write --dir DIR` writes them for another host. Where there is no systemd, `holdfast agent` does by itself what recurs.',
      cause: error,
    });
  }
}

/** `directory`: where the units are installed. */
export async function observeSystemd(
  manager: Manager,
  directory: string,
  journal: Pick<Journal, 'keptEffects' | 'unfinishedRuns'> | null,
): Promise<SystemdState> {
  const units = await manager.find(['holdfast-*.timer', 'holdfast-*.service']);
  return {
    active: new Set(units.filter(({ active }) => active === 'active' || active === 'activating').map(({ name }) => name)),
    held: journal !== null && isHeld(journal),
    unread: (await changedAt(directory)) > (await manager.loadedAt()),
  };
}

/** Until somebody releases them, or as long as a deployment runs (or is not cleaned up after). */
const isHeld = (journal: Pick<Journal, 'keptEffects' | 'unfinishedRuns'>): boolean =>
  journal.keptEffects(LASTING_HOLD_KIND).length > 0 ||
  journal.unfinishedRuns().some(({ effects }) => effects.some(({ kind }) => kind === HELD_TIMERS_KIND));

/** What is written is renamed into its place, which changes the directory. */
async function changedAt(directory: string): Promise<number> {
  const times = ['', 'timers.target.wants'].map((name) => stat(join(directory, name)).then(({ mtimeMs }) => mtimeMs, none));
  return Math.max(...(await Promise.all(times)));
}

function none(error: unknown): number {
  if (errnoOf(error) === undefined) throw error;
  return 0; // it does not exist yet
}
