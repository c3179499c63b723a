// zfs unmount and destroy. Destroying is for datasets that Holdfast made itself in the run that is taken back, and on which nothing ever
// ran: whoever calls it knows that.

import { duration } from '../../domain/duration.ts';
import { askZfs } from './ask.ts';

/** A dataset with many files takes its time. */
const LIMIT = duration(10, 'm');

/** Throws `busy` while somebody uses it. */
export const unmountDataset = async (name: string, signal: AbortSignal): Promise<void> =>
  void (await askZfs({ argv: ['zfs', 'unmount', name], operation: 'unmount', subject: name }, signal, LIMIT));

/** With its snapshots. Throws `busy` while one of those is held or cloned. */
export const destroyDataset = async (name: string, signal: AbortSignal): Promise<void> =>
  void (await askZfs({ argv: ['zfs', 'destroy', '-r', name], operation: 'destroy', subject: name }, signal, LIMIT));

/** Bytes that may still be written to it, with all quotas and reservations. */
export async function availableFor(name: string, signal: AbortSignal): Promise<number> {
  const argv = ['zfs', 'list', '-Hp', '-o', 'available', name] as const;
  return Number(await askZfs({ argv, operation: 'ask for the space of', subject: name }, signal));
}
