// A PostgreSQL server put back to a moment where it is: restored beside the live data and recovered there in isolation, which proves
// that the moment can be had; then exchanged for what is there, which is kept. The server itself goes over to the new timeline, so that
// its history comes into the archive.

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import type { Journal } from '../../journal/journal.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { workingIn } from '../../process/processes.ts';
import { filesOf } from '../../tools/util-linux/owned-files.ts';
import { syncFileSystem } from '../../tools/util-linux/sync.ts';
import { requireSpace } from '../restore/destination.ts';
import { assertSettled, checkLivePlaces, type Others } from '../restore/live-place.ts';
import { promote } from '../restore/promote.ts';
import { asideOf, entrySwapOf, homeOf, type LivePlace, stagingOf, swapOf } from '../restore/restore-places.ts';
import { holdStaging } from '../restore/staging.ts';
import { holdStopped } from '../restore/unit-effect.ts';
import { dataDirectory } from './data-directory.ts';
import { recoverAndStop, type RecoveryOrder, recoveryPlace, restoreCluster } from './recovered-cluster.ts';
import { proveInService } from './in-service.ts';
import { readSettings, settingsToRecover } from './recovery-settings.ts';
import { requireReachable, resultOf } from './restore-to.ts';

export interface RestoreServerInPlace {
  readonly recovery: Omit<RecoveryOrder, 'durable'>;
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
  readonly others: Others;
  readonly journal: Pick<Journal, 'unfinishedRuns'>;
}

/** Replaces the data directory; what was there is kept beside it. */
export async function restoreServerInPlace(order: RestoreServerInPlace, context: StepContext): Promise<StepResult> {
  const { service, journal } = order;
  const recovery = { ...order.recovery, durable: true };
  const { access, repository, reach } = recovery;
  const place = await livePlace(order, context.signal);
  await assertSettled(place, journal);
  const home = homeOf(place);
  await requireReachable(home, access, context.signal, 'Restore it into a directory with --to.');
  await requireSpace(home, reach.backup.size, context.signal);
  const staging = stagingOf(place, context.runId);
  const begin = performance.now();
  await using _staging = await holdStaging(context, staging, { owner: access.user });
  const made = recoveryPlace(staging, basename(place.path));
  const restored = await restoreCluster(recovery, made, context);
  const log = await recoverAndStop(recovery, made, restored, context);
  // from here on it archives again, and gets the rest of the log as a server in that place does
  const files = filesOf(access.user, context.signal);
  const settingsFile = join(made.data, 'postgresql.auto.conf');
  const settings = readSettings(await files.read(settingsFile));
  await files.write(settingsFile, settingsToRecover(settings, access.restoreCommand(repository, place.path)));
  for (const left of [join(made.data, 'postmaster.opts'), made.tablespaces]) await files.remove(left); // oxlint-disable-line no-await-in-loop -- two
  await syncFileSystem(staging, context.signal);
  let notStarted: HoldfastError | null = null;
  let swapped = false;
  let started = false;
  try {
    await using unit = await holdStopped(context, service.unit);
    started = unit.stopped;
    await assertStopped(order, place);
    context.signal.throwIfAborted(); // the last time: from here on it is a matter of moments, and of all or nothing
    const entries = place.keepsDirectory ? [entrySwapOf(place, context.runId)] : [];
    await promote(context, { entries, swaps: place.keepsDirectory ? [] : [swapOf(place, context.runId)] });
    swapped = true;
  } catch (error) {
    if (!swapped || !(error instanceof HoldfastError)) throw error;
    notStarted = error;
  }
  // systemd goes on with a start for which nobody waits any more
  const asked = started && (notStarted === null || notStarted.code === 'timed-out');
  const proof = asked
    ? await proveInService({ recovery, service, postgres: order.postgres, data: place.real, settings }, context)
    : null;
  if (place.keepsDirectory && place.exists && (await holdsSomething(asideOf(place, context.runId))))
    context.warn(
      `${place.path} is a mount point: the old data is kept inside it, and comes into every backup until ${asideOf(place, context.runId)} is moved away or removed`,
    );
  const result = resultOf(
    recovery,
    log,
    {
      inPlace: place.path,
      kept: place.exists ? asideOf(place, context.runId) : '',
      seconds: (performance.now() - begin) / 1000,
      ...(proof === null ? {} : { timeline: proof.timeline, left: proof.point }),
      next:
        proof === null
          ? `start the server, and see that it comes out of recovery and archives: ${access.byHand.check}; then take a full backup: holdfast run ${service.name} --type full`
          : `take a full backup: holdfast run ${service.name} --type full`,
    },
    context,
  );
  const doubts =
    proof === null && notStarted !== null
      ? [`the data is in place, but ${notStarted.subject} did not start: ${notStarted.message}`]
      : (proof?.doubts ?? []);
  return doubts.length === 0 ? result : { ...result, outcome: 'partial', reason: doubts.join('; ') };
}

/** What cannot be looked at may hold something. */
const holdsSomething = async (directory: string): Promise<boolean> =>
  await readdir(directory).then(
    (names) => names.length > 0,
    () => true,
  );

/** What is known before anything is restored. Throws `refused`: tablespaces are places of their own, which are not exchanged with it. */
export async function requireNoTablespaces(
  { access, repository, reach }: Pick<RecoveryOrder, 'access' | 'repository' | 'reach'>,
  signal: AbortSignal,
): Promise<void> {
  const { label } = reach.backup;
  const names = await access.tablespaces(repository, label, signal);
  if (names.length === 0) return;
  throw refusal(
    access.subject,
    `it has tablespaces (${names.join(', ')} in ${label}), and those are not put back in place`,
    tablespacesByHand(access.subject),
  );
}

export const tablespacesByHand = (service: string): string =>
  `holdfast restore ${service} --to DIR recovers all of it into a new directory, tablespaces too; the commands that put it in place from there are in the guide "Getting a PostgreSQL server back".`;

/** Throws `refused` or `not-mounted` where it cannot be replaced safely. */
export async function livePlace(order: RestoreServerInPlace, signal: AbortSignal): Promise<LivePlace> {
  const { postgres, others, recovery, service } = order;
  const [place] = await checkLivePlaces([postgres.dataDir], others);
  if (!place) throw refusal(service.name, 'it has no data directory', null);
  const found = await dataDirectory(place.real, signal);
  if (found.state === 'unknown')
    throw found.cause ?? refusal(service.name, `what is there is not known: ${found.why}`, null);
  if (found.state === 'valid') {
    const { systemId } = found.control;
    if (systemId !== recovery.cluster.systemId)
      throw refusal(
        service.name,
        `another cluster is there (${systemId}) than the one that was backed up (${recovery.cluster.systemId})`,
        'Find out which is the right one. Move what is there away by hand if it is not, then restore again.',
      );
    if (found.wal !== null || found.tablespaces.size > 0)
      throw refusal(service.name, 'its log or tablespaces are kept elsewhere, and cannot be exchanged with it', null);
  }
  if (service.unit === null) await assertStopped(order, place);
  return place;
}

/** Throws `refused` while a server runs on it, whatever it is called, and also where its file says a number of another namespace. */
async function assertStopped({ service }: RestoreServerInPlace, { real }: LivePlace): Promise<void> {
  const pid = await workingIn(real); // a server's working directory is its data directory, as long as it runs
  if (pid === null) return;
  throw refusal(
    service.name,
    `a server runs on ${real} (process ${pid})`,
    service.unit === null
      ? 'Stop it first; with `unit` in its service Holdfast does.'
      : `Does ${service.unit} really own it?`,
  );
}

const refusal = (subject: string, message: string, hint: string | null): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'restore in place',
    subject,
    message,
    hint: hint ?? 'Restore it into a directory with --to, and see to the rest by hand.',
  });
