// The steps of `migrate --rollback` and `migrate --clean-up`: each ends a migration, one on the old directory, the other on the dataset.

import type { ServiceConfig } from '../../config/configuration.ts';
import type { DeclaredDataset } from '../../domain/dataset.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import { MARK, type MigrationMark } from '../../domain/migration.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { removeTree } from '../../tools/util-linux/copy-tree.ts';
import { inheritProperty, setProperties } from '../../tools/zfs/change.ts';
import { exists } from '../restore/moves.ts';
import { mountPoints } from '../../repositories/mounts.ts';
import { contains } from '../../lib/path.ts';
import { unwell, whyUnwell } from './health.ts';
import { isAsideOf } from './places.ts';
import { putBack, runsNow } from './put-back.ts';

export interface End {
  readonly service: ServiceConfig;
  readonly declared: DeclaredDataset;
  readonly mark: MigrationMark;
}

/** Stops the service, puts its old directory back, starts it. What was written since is told, and stays in the dataset. */
export async function rollBack({ service, declared, mark }: End, context: StepContext): Promise<StepResult> {
  const { name: dataset, mountpoint: path } = declared;
  const { unit } = service;
  const start = await runsNow(unit, context.signal);
  const since = mark.at ?? (0 as Instant);
  const { keptAt, written } = await putBack({ dataset, path, aside: mark.from, unit, since, start }, context);
  if (written.entries > 0)
    context.warn(
      `${written.entries} files and directories were written on ${dataset} since ${formatInstant(since)} and are there only; to look at them: zfs mount ${dataset}, which shows it at ${keptAt}`,
    );
  const result = {
    service: service.name,
    dataset,
    path,
    keptAt,
    writtenSince: written.entries,
    written: [...written.paths],
  };
  const reason = start && unit !== null ? await whyUnwell(unit, service.migrate, context.signal) : null;
  if (reason === null) return { outcome: 'succeeded', result };
  const error = unwell(service.name, unit, `it is on its old directory again, and not well there: ${reason}`);
  return { outcome: 'failed', reason: error.message, error, result };
}

/** Removes the old directory. From the first file on there is no way back, and the dataset says so. */
export async function cleanUp({ service, declared, mark }: End, context: StepContext): Promise<StepResult> {
  const { name: dataset, mountpoint: path, properties } = declared;
  const { signal } = context;
  if (!isAsideOf(path, mark.from)) throw strange(dataset, mark.from);
  const inside = [...(await mountPoints())].find((mount) => mount === mark.from || contains(mark.from, mount));
  if (inside !== undefined) throw mountedIn(mark.from, inside);
  const there = await exists(mark.from);
  if (there) {
    await setProperties(dataset, { [MARK.state]: 'cleaning' }, signal);
    await removeTree(mark.from, signal);
  }
  const ours = [MARK.at, MARK.from, MARK.run, MARK.state, ...(properties['overlay'] === undefined ? ['overlay'] : [])];
  for (const property of ours) await inheritProperty(dataset, property, signal); // oxlint-disable-line no-await-in-loop -- one a call
  return { outcome: 'succeeded', result: { service: service.name, dataset, removed: there ? mark.from : null } };
}

const strange = (dataset: string, from: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'remove',
    subject: from,
    message: `${MARK.from} of ${dataset} is no name that Holdfast gives to an old directory`,
    hint: `Look at it, and remove it by hand if it is that; then: zfs inherit ${MARK.state} ${dataset}`,
  });

const mountedIn = (from: string, mount: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'remove',
    subject: from,
    message: `${mount} is mounted there`,
    hint: `Unmount it first: umount ${mount}`,
  });
