// A PostgreSQL server as it was at a moment, in a new directory: recovered there, stopped in order, and not archiving. What is in it is
// on a timeline of its own.

import { readdir, readlink, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatInstant } from '../../domain/instant.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { syncDirectory } from '../../lib/durable-file.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { below, isWithin } from '../../lib/path.ts';
import { isoOf, type RecoveryLog } from '../../tools/postgresql/recovery-log.ts';
import { canEnter } from '../../tools/util-linux/can-enter.ts';
import { filesOf, type OwnedFiles } from '../../tools/util-linux/owned-files.ts';
import { syncFileSystem } from '../../tools/util-linux/sync.ts';
import { checkDestination, requireSpace, type Surroundings } from '../restore/destination.ts';
import { fileSystemFailure } from '../restore/file-system-failure.ts';
import { siblingName } from '../restore/restore-places.ts';
import { holdStaging } from '../restore/staging.ts';
import {
  recoverPrivately,
  type RecoveryOrder,
  type RecoveryPlace,
  recoveryPlace,
  restoreCluster,
} from './recovered-cluster.ts';
import { readSettings, settingsAfterwards } from './recovery-settings.ts';

export interface RestoreServerTo {
  readonly recovery: Omit<RecoveryOrder, 'durable'>;
  readonly service: string;
  /** Absolute. */
  readonly directory: string;
  readonly surroundings: Surroundings;
}

export async function restoreServerTo(order: RestoreServerTo, context: StepContext): Promise<StepResult> {
  const { path } = await checkDestination(order.directory, order.surroundings);
  const parent = dirname(path);
  const { access, reach } = order.recovery;
  await requireReachable(parent, access, context.signal);
  await requireSpace(parent, reach.backup.size, context.signal);
  const staging = join(parent, siblingName(path, 'restoring', context.runId));
  await using _staging = await holdStaging(context, staging, { owner: access.user });
  const place = recoveryPlace(staging);
  const recovery = { ...order.recovery, durable: true };
  const begin = performance.now();
  const restored = await restoreCluster(recovery, place, context);
  let log: RecoveryLog;
  {
    await using server = await recoverPrivately(recovery, place, restored, context);
    log = server.log;
    await server.stop();
  }
  const files = filesOf(access.user, context.signal);
  await files.remove(join(place.data, 'postmaster.opts')); // of our own server: `pg_ctl restart` would go by it
  const settings = join(place.data, 'postgresql.auto.conf');
  await files.write(settings, settingsAfterwards(readSettings(await files.read(settings))));
  await leadTo(path, place, files);
  await syncFileSystem(staging, context.signal);
  context.signal.throwIfAborted();
  try {
    await rename(staging, path);
    await syncDirectory(parent);
  } catch (error) {
    const hint = 'Something appeared there meanwhile: choose another directory.';
    throw fileSystemFailure(error, 'put the restored server in place at', path, hint);
  }
  const seconds = (performance.now() - begin) / 1000;
  return resultOf(recovery, log, { to: join(path, 'data'), seconds }, context);
}

/** Throws `refused` where the user of the server cannot get to. */
export async function requireReachable(
  directory: string,
  { user, subject }: Pick<RecoveryOrder['access'], 'user' | 'subject'>,
  signal: AbortSignal,
  hint = 'Name a directory that this user can get to, such as one beside the data directory.',
): Promise<void> {
  if (await canEnter(directory, user, signal)) return;
  throw new HoldfastError({
    code: 'refused',
    operation: 'restore',
    subject,
    message: `the user of the server (${user.uid}) cannot get into ${directory}, and it is who restores and recovers there`,
    hint,
  });
}

/** Tablespaces are links with a whole path: they lead to where these are going to be. */
async function leadTo(path: string, { root, data }: RecoveryPlace, files: OwnedFiles): Promise<void> {
  const links = join(data, 'pg_tblspc');
  for (const name of await readdir(links)) {
    /* oxlint-disable no-await-in-loop -- a handful */
    const link = join(links, name);
    const target = await readlink(link);
    if (isWithin(root, target)) await files.link(join(path, below(root, target)), link);
    /* oxlint-enable no-await-in-loop */
  }
}

/** What a restore of a server comes to. */
export function resultOf(
  { access, repository, reach, at }: RecoveryOrder,
  log: RecoveryLog,
  where: JsonObject,
  { now }: Pick<StepContext, 'now'>,
): StepResult {
  const facts = {
    moment: at === null ? null : formatInstant(at),
    lastTransaction: log.lastTransaction === null ? null : isoOf(log.lastTransaction),
    timeline: log.newTimeline,
    logFiles: log.restoredFiles,
    ...where,
  };
  const { backup } = reach;
  return {
    outcome: 'succeeded',
    evidence: [
      {
        kind: 'restore',
        service: access.subject,
        repository: nameOfRepository(repository),
        snapshotId: backup.label,
        at: now(),
        complete: true,
        detail: { tool: access.tool, bytes: backup.size, ...facts },
      },
    ],
    result: {
      service: access.subject,
      repository: nameOfRepository(repository),
      backup: backup.label,
      backupTime: formatInstant(backup.stoppedAt),
      bytes: backup.size,
      until: formatInstant(at ?? reach.to),
      ...facts,
    },
  };
}
