// The plan of `holdfast bootstrap`: the configuration of a host, read back from a repository and written where it belongs. All
// that can be found out is found out before anything is written, so that a dry run tells the same.

import { Readable } from 'node:stream';
import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { dropInFiles, type Lookup } from '../../config/find-file.ts';
import { readConfiguration } from '../../config/load.ts';
import { ConfigurationError } from '../../config/problems.ts';
import { formatInstant } from '../../domain/instant.ts';
import { configurationPath, stepId } from '../../domain/naming.ts';
import type { Plan, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { resticConfig } from '../../tools/restic/cat-config.ts';
import { resticDump } from '../../tools/restic/dump.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { pathExists } from '../../tools/util-linux/stat.ts';
import { type Asking, listSnapshots } from '../snapshots/observe-snapshots.ts';
import { accessTo } from '../toolbox.ts';
import { chooseConfiguration } from './choose-configuration.ts';
import { needJson, needsOf } from './needs.ts';
import { whichRepository } from './which-repository.ts';
import { existing, writeConfiguration } from './write-configuration.ts';

export interface BootstrapWish {
  readonly from: RepositoryConfig;
  readonly host?: string | undefined;
  readonly thisHost: string;
  /** Absolute. */
  readonly file: string;
  readonly force: boolean;
  readonly lookup: Omit<Lookup, 'file'>;
}

/** Throws what stands in the way: see choose-configuration.ts, and whatever asking a repository throws. */
export async function planBootstrap(wish: BootstrapWish, asking: Asking): Promise<Plan> {
  const { from, file } = wish;
  const { toolbox, signal } = asking;
  await checkTarget(wish, signal);
  requireVersion(await resticVersion(toolbox.restic, { signal }), toolbox.restic);
  const snapshots = await listSnapshots(from, asking);
  const snapshot = chooseConfiguration(snapshots, { ...wish, repository: from.name, now: asking.now });
  const access = await accessTo(toolbox, from, signal);
  const text = await resticDump(access, { snapshotId: snapshot.id, path: configurationPath }, { signal });
  const config = await understood(text, snapshot, wish);
  const { id } = await resticConfig(access, { signal });
  const match = await whichRepository(from, id, snapshot, config, signal);
  const found: JsonObject = {
    host: snapshot.host,
    file,
    from: from.name,
    repositoryId: id,
    snapshotId: snapshot.id,
    snapshotTime: formatInstant(snapshot.time),
    services: [...config.services.keys()],
    repositories: [...config.repositories.keys()],
    /** Of whose repositories pgBackRest has to be told first. */
    servers: [...config.services.values()]
      .filter(({ postgres }) => postgres?.engine === 'pgbackrest' && postgres.repositories.length > 0)
      .map(({ name }) => name),
    repository: match && { ...match },
    needs: (await needsOf(config, signal)).map(needJson),
  };
  const other = `this machine is called ${wish.thisHost} and goes on as ${snapshot.host}: let no other machine do that too`;
  return {
    kind: 'bootstrap',
    host: snapshot.host,
    limits: {},
    warnings: snapshot.host === wish.thisHost ? [] : [other],
    steps: [
      {
        id: stepId.bootstrap(snapshot.host),
        title: `Write the configuration of ${snapshot.host} to ${file}`,
        stage: 'bootstrap',
        weight: 'critical',
        foreseen: found,
        run: (context) => write(wish, text, found, context),
      },
    ],
  };
}

async function write(wish: BootstrapWish, text: string, found: JsonObject, context: StepContext): Promise<StepResult> {
  const { kept } = await writeConfiguration(wish.file, text, wish.force, context);
  const { errors } = await readConfiguration({ ...wish.lookup, file: wish.file });
  if (errors.length > 0) throw new ConfigurationError(wish.file, errors);
  return { outcome: 'succeeded', result: { ...found, kept } };
}

async function checkTarget({ file, force }: BootstrapWish, signal: AbortSignal): Promise<void> {
  if (!force && (await pathExists(file, signal))) throw existing(file);
  const beside = dropInFiles(file);
  if (Array.isArray(beside) && beside.length === 0) return;
  throw new HoldfastError({
    code: 'refused',
    operation: 'write',
    subject: file,
    message: `there is a services.d beside it already${Array.isArray(beside) ? ` (${beside.length} of its files would be read together with it)` : ''}`,
    hint: 'What was in services.d is in the configuration that comes back. Move the directory aside, or write elsewhere with --out.',
  });
}

/** The configuration that the text is; it must be that of the host whose snapshot it is. */
async function understood(text: string, snapshot: Snapshot, { lookup, from }: BootstrapWish): Promise<Configuration> {
  const { configuration, errors } = await readConfiguration({ ...lookup, file: '-', stdin: Readable.from([text]) });
  if (configuration?.host === snapshot.host) return configuration;
  const [first] = errors;
  const why = first ? `${first.path}: ${first.message}` : `it is of the host ${configuration?.host ?? ''}`;
  throw new HoldfastError({
    code: 'config',
    operation: 'understand the configuration in',
    subject: from.name,
    message: `snapshot ${snapshot.id.slice(0, 8)} holds none that this version can use: ${why}`,
    hint: `Was it kept by a newer Holdfast? See it with stock restic: restic dump ${snapshot.id.slice(0, 8)} ${configurationPath}`,
  });
}
