// The mounts and datasets of this machine, and the processes of services, gathered once for all who look at layers. A machine
// without ZFS is asked nothing about it.

import { existsSync } from 'node:fs';
import type { ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import type { Scene, Zfs } from '../../domain/mount-layers.ts';
import type { ServiceProcess } from '../../domain/mount-view.ts';
import { MountTable } from '../../domain/mount.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { findProgram } from '../../process/find-program.ts';
import { mounts } from '../../repositories/mounts.ts';
import { mainPids } from '../../tools/systemd/systemctl.ts';
import { listDatasets } from '../../tools/zfs/list.ts';

export interface ObservedScene extends Scene {
  /** By the name of the service; those that run. */
  readonly processes: ReadonlyMap<string, ServiceProcess>;
}

/** A pool that is suspended may hang for ever. */
const PATIENCE = duration(20, 's');

/** Throws the signal's reason only: what does not answer is told as that. */
export async function observeScene(services: readonly ServiceConfig[], signal: AbortSignal): Promise<ObservedScene> {
  const [zfs, processes] = await Promise.all([askZfs(signal), runningServices(services, signal)]);
  // Afterwards: what was mounted while ZFS was asked is mounted.
  return { zfs, processes, mounts: new MountTable(await mounts()) };
}

async function askZfs(signal: AbortSignal): Promise<Zfs> {
  if (findProgram('zfs') === null) return { kind: 'none' };
  if (!existsSync('/dev/zfs')) return { kind: 'silent', reason: 'its kernel module is not loaded' };
  const late = new HoldfastError({
    code: 'timed-out',
    operation: 'list',
    subject: 'the datasets',
    message: 'it has not answered for 20 s',
  });
  using limit = limitTime(PATIENCE, () => late);
  try {
    return { kind: 'told', datasets: await listDatasets(AbortSignal.any([signal, limit.signal])) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return { kind: 'silent', reason: error.message };
  }
}

async function runningServices(
  services: readonly ServiceConfig[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ServiceProcess>> {
  const owners = services.flatMap(({ name, unit }) => (unit === null ? [] : [{ name, unit }]));
  const pids = await mainPids([...new Set(owners.map(({ unit }) => unit))], signal);
  return new Map(
    owners.flatMap(({ name, unit }) => {
      const pid = pids.get(unit);
      return pid === undefined ? [] : [[name, { unit, pid }] as const];
    }),
  );
}
