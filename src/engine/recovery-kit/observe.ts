// What the host and a repository say about themselves, for its recovery kit. A repository that does not answer is no reason for
// having no page: then it is what this host has recorded, and says so.

import { homedir } from 'node:os';
import type { RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory, normalPath } from '../../config/repository-url.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { urlSecrets } from '../../process/mask.ts';
import { parseEnvironment } from '../../repositories/access.ts';
import { mountOf, mounts, uuidOf } from '../../repositories/mounts.ts';
import { placeOf } from '../../repositories/place.ts';
import { checkMount, checkPassword } from '../../repositories/preflight.ts';
import { secretFilesOf, secretsIn } from '../../repositories/secrets.ts';
import { resticConfig } from '../../tools/restic/cat-config.ts';
import { resticKeys } from '../../tools/restic/key-list.ts';
import { resticSnapshots, type Snapshot } from '../../tools/restic/snapshots.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { ownersOf } from '../../tools/util-linux/owners.ts';
import { readSmallFile } from '../../tools/util-linux/read-file.ts';
import { recordedCompleteness } from '../snapshots/observe-snapshots.ts';
import { believedCopy } from '../status/believed-copy.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import type { KitIdentity, KitMount, KitSnapshot } from './kit.ts';
import type { KitConfiguration, Observation } from './kit-of.ts';

export interface Observed {
  readonly observation: Observation;
  /** Why the repository could not be asked. */
  readonly error: HoldfastError | null;
}

type Looking = Pick<StepContext, 'signal' | 'now'>;

/** Its lock must be held, shared at least. Throws only when cancelled, or for a bug. */
export async function observeForKit(
  config: KitConfiguration,
  repository: RepositoryConfig,
  toolbox: Toolbox,
  context: Looking,
): Promise<Observed> {
  const { signal } = context;
  const services = [...config.services.values()].filter(({ backup }) => backup?.repositories.includes(repository.name));
  const remembered = rememberedIdentity(repository, toolbox);
  const { said, error } = await ask(repository, toolbox, context);
  const believed = error === null ? new Map<string, KitSnapshot>() : believedOf(config, repository, toolbox, context.now());
  const paths = services.flatMap(({ backup }) => backup?.paths ?? []).map(normalPath);
  const all = [...config.repositories.values()];
  const observation: Observation = {
    answer:
      error === null
        ? { answered: true, at: formatInstant(context.now()) }
        : { answered: false, reason: error.message, knownSince: newestTime([...believed.values()]) },
    snapshots: said?.snapshots ?? [],
    identity: said?.identity ?? remembered,
    resticVersion: await versionOrNull(toolbox, signal),
    complete: new Map(services.flatMap(({ name }) => [...recordedCompleteness(toolbox, name, repository.name)])),
    believed,
    mount: await mountFor(repository),
    owners: await ownersOf(paths, signal),
    home: homedir(),
    variables: await variableNames(repository, signal),
    known: [...all.flatMap(({ url }) => urlSecrets(url)), ...(await secretsIn(all.flatMap(secretFilesOrNone), signal))],
  };
  return { observation, error };
}

interface Said {
  readonly snapshots: readonly Snapshot[];
  readonly identity: KitIdentity;
}

/** No one call tells all three: each opens the repository, the last two at once. */
async function ask(
  repository: RepositoryConfig,
  toolbox: Toolbox,
  { signal, now }: Looking,
): Promise<{ readonly said: Said | null; readonly error: HoldfastError | null }> {
  try {
    requireVersion(await resticVersion(toolbox.restic, { signal }), toolbox.restic);
    await checkPassword(repository, signal);
    await checkMount(repository);
    const access = await accessTo(toolbox, repository, signal);
    const snapshots = await resticSnapshots(access, { host: toolbox.host }, { signal });
    const [{ id }, keys] = await Promise.all([resticConfig(access, { signal }), resticKeys(access, { signal })]);
    const identity = { id, asOf: formatInstant(now()), keys: keys.map((key) => ({ ...key })) };
    return { said: { snapshots, identity }, error: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code === 'bug') throw error;
    return { said: null, error };
  }
}

/** What an earlier page was told, of the repository at this very place. */
function rememberedIdentity(repository: RepositoryConfig, { journal }: Toolbox): KitIdentity | null {
  const { result } = journal.latestStep(stepId.recoveryKit(repository.name), 'done') ?? {};
  if (result?.['place'] !== placeOf(repository) || !result['identity']) return null;
  return result['identity'] as unknown as KitIdentity; // as `identityResult` wrote it
}

/** The part of the step's result that later pages read. */
export const identityResult = (
  repository: RepositoryConfig,
  { identity }: Observation,
): { readonly place: string; readonly identity: KitIdentity | null } => ({ place: placeOf(repository), identity });

function believedOf(
  { services }: KitConfiguration,
  repository: RepositoryConfig,
  { journal }: Toolbox,
  now: Instant,
): Map<string, KitSnapshot> {
  const job = { repository: repository.name, place: placeOf(repository) };
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return new Map(
    [...services.keys()].flatMap((service) => {
      const { copy } = believedCopy(journal, { ...job, service }, now);
      if (copy === null) return [];
      const { snapshotId: id, at, complete, detail } = copy;
      const figures = { files: number(detail['files']), bytes: number(detail['bytes']) };
      return [[service, { id, time: formatInstant(at), ...figures, complete }] as const];
    }),
  );
}

const newestTime = (snapshots: readonly KitSnapshot[]): string | null =>
  snapshots
    .map(({ time }) => time)
    .toSorted()
    .at(-1) ?? null;

async function versionOrNull(toolbox: Toolbox, signal: AbortSignal): Promise<string | null> {
  try {
    return (await resticVersion(toolbox.restic, { signal })).text;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return null;
  }
}

async function mountFor({ url, mounted }: RepositoryConfig): Promise<KitMount | null> {
  const directory = localDirectory(url);
  const wanted = mounted ?? directory;
  if (wanted === null) return null;
  const mount = mountOf(wanted, await mounts());
  if (mount === null || mount.path === '/') return null;
  return { ...mount, uuid: await uuidOf(mount.source) };
}

async function variableNames({ environmentFile }: RepositoryConfig, signal: AbortSignal): Promise<string[] | null> {
  if (environmentFile === null) return null;
  try {
    return Object.keys(parseEnvironment(await readSmallFile(environmentFile, signal)));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return null;
  }
}

function secretFilesOrNone(repository: RepositoryConfig): string[] {
  try {
    return secretFilesOf(repository);
  } catch (error) {
    if (error instanceof HoldfastError) return repository.environmentFile === null ? [] : [repository.environmentFile];
    throw error;
  }
}
