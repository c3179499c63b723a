// Lets restic check a repository with its key: is everything there that snapshots refer to, and can the data of a part be
// decrypted? restic locks everybody else out meanwhile, so that Holdfast's own lock is exclusive, too: whoever comes waits in
// order instead of failing.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { repositoryLock, stepId, verificationLock } from '../../domain/naming.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import type { Flaw, Slice } from '../../domain/verification.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { checkMount, checkPassword } from '../../repositories/preflight.ts';
import { assertStanding, flawsOfGround, type Ground, standOn } from '../../repositories/scrub/ground.ts';
import { type CheckFlaw, resticCheck } from '../../tools/restic/check.ts';
import { resticList } from '../../tools/restic/list.ts';
import { isWritable } from '../../tools/util-linux/probe.ts';
import { pathExists } from '../../tools/util-linux/stat.ts';
import { type Maintenance, maintenanceOf } from '../repository/maintenance.ts';
import { conclude, type Scene } from './findings.ts';
import { formerFlaws, verificationFacts } from './past.ts';
import { partOf } from './scrub-step.ts';
import { lostSnapshots, stockOf } from './stock.ts';

export interface Check {
  readonly repository: RepositoryConfig;
  /** What of the data is decrypted; null: none of it. */
  readonly slice: Slice | null;
}

export const checkStep = (work: Check, scene: Scene, needs: readonly string[]): Step => ({
  id: stepId.verify(work.repository.name),
  title: `Check ${work.repository.name}${work.slice === null ? '' : ` and its data${partOf(work.slice)}`}`,
  repository: work.repository.name,
  needs,
  lanes: [repositoryLock(work.repository.name)],
  locks: [
    { name: repositoryLock(work.repository.name), mode: 'exclusive' },
    { name: verificationLock(work.repository.name), mode: 'exclusive' },
  ],
  weight: 'counted',
  run: (context) => checkRepository(work, scene, context),
});

async function checkRepository({ repository, slice }: Check, scene: Scene, context: StepContext): Promise<StepResult> {
  const { toolbox, declared } = scene;
  const { signal } = context;
  const at = context.now();
  await checkPassword(repository, signal);
  await checkMount(repository);
  const directory = localDirectory(repository.url);
  if (directory !== null) await assertLockable(directory, repository, signal); // by children: what hangs is told here
  const ground = directory === null ? null : await standOn(directory, repository.name, signal);
  const restic = await maintenanceOf(toolbox, repository, context);
  const stock = stockOf(repository, declared, toolbox.journal);
  // to restic that is no repository, or something to stumble over
  const config = ground && flawsOfGround(ground).find(({ item }) => item === 'config');
  const found: readonly CheckFlaw[] = config
    ? [{ directory: 'config', name: '', problem: config.problem }]
    : await lookWithRestic(repository, slice, restic, context);
  await assertThere(repository, ground, signal);
  const list = listing(restic, ground, signal);
  const opens = !found.some(({ directory: kind }) => kind === 'config' || kind === 'keys');
  const flaws = await itemsOf(found, repository, list);
  const former = formerFlaws(verificationFacts(toolbox.journal, repository), flaws);
  const gone = opens ? await goneOf(former, list) : [];
  const held = opens && stock.recorded.size > 0 ? await list('snapshots') : null;
  await assertThere(repository, ground, signal);
  return await conclude(
    {
      repository,
      verification: { how: 'check', slice, flaws, gone, bytesRead: null },
      at,
      stock,
      lost:
        held === null
          ? { evidence: [], alarms: [] }
          : lostSnapshots(repository, stock, held, context.now(), toolbox.journal),
      restic: opens ? restic : null,
      figures: {},
    },
    scene,
    context,
  );
}

const lookWithRestic = async (
  repository: RepositoryConfig,
  slice: Slice | null,
  restic: Maintenance,
  context: StepContext,
): Promise<readonly CheckFlaw[]> => {
  const cache = localDirectory(repository.url) === null;
  const onProgress = (done: number, total: number, what: string): void =>
    context.progress({ message: `${done} of ${total} ${what}` });
  const { flaws } = await restic((access, retryLock) =>
    resticCheck(access, { slice, cache, retryLock }, { signal: context.signal, onProgress }),
  );
  return flaws;
};

/** Where restic cannot leave its lock it tries for a quarter of an hour. */
async function assertLockable(directory: string, repository: RepositoryConfig, signal: AbortSignal): Promise<void> {
  const locks = join(directory, 'locks');
  if (!(await pathExists(locks, signal)) || (await isWritable(locks, signal))) return;
  throw new HoldfastError({
    code: 'permission-denied',
    operation: 'check',
    subject: repository.name,
    message: `${locks} cannot be written by this user, or its file system is read-only: restic checks nothing that it cannot lock`,
    hint: `See how it is mounted (findmnt -T ${directory}), and for whom. Its files can be read against their names all the same: \`holdfast verify ${repository.name} --keyless\``,
    retry: 'later',
  });
}

/** What is not there when the disk is gone is not missing. */
async function assertThere(repository: RepositoryConfig, ground: Ground | null, signal: AbortSignal): Promise<void> {
  await checkMount(repository);
  if (ground !== null) await assertStanding(ground, repository.name, signal);
}

type Kind = 'data' | 'index' | 'snapshots' | 'keys';
type Listing = (kind: Kind) => Promise<ReadonlySet<string>>;

/** The names of the files of a kind, asked once each. A damaged key keeps restic out of all of them, but not out of a directory. */
function listing(restic: Maintenance, ground: Ground | null, signal: AbortSignal): Listing {
  const known = new Map<Kind, Promise<ReadonlySet<string>>>();
  const ask = async (kind: Kind): Promise<ReadonlySet<string>> => {
    if (kind === 'keys') return new Set(ground === null ? [] : await readdir(join(ground.directory, kind)));
    const named = kind === 'data' ? 'packs' : kind;
    return new Set(await restic((access, retryLock) => resticList(access, { kind: named, retryLock }, { signal })));
  };
  return (kind) => {
    const answer = known.get(kind) ?? ask(kind);
    known.set(kind, answer);
    return answer;
  };
}

/** With whole names. Throws `repository-unreachable` when a file that was missing a moment ago is there. */
async function itemsOf(found: readonly CheckFlaw[], repository: RepositoryConfig, list: Listing): Promise<Flaw[]> {
  const flaws = new Map<string, Flaw>();
  for (const { directory, name, problem } of found) {
    if (directory === 'config' || directory === 'structure') {
      flaws.set(directory, { item: directory, problem });
      continue;
    }
    const names = await list(directory); // oxlint-disable-line no-await-in-loop -- asked once
    if (problem === 'missing' && names.has(name)) throw flapping(repository, `${directory}/${name}`);
    const matching = name.length === 64 ? [name] : [...names].filter((each) => each.startsWith(name));
    const [full = name] = matching.length === 1 ? matching : [];
    flaws.set(`${directory}/${full}`, { item: `${directory}/${full}`, problem });
  }
  return [...flaws.values()];
}

const flapping = (repository: RepositoryConfig, item: string): HoldfastError =>
  new HoldfastError({
    code: 'repository-unreachable',
    operation: 'check',
    subject: repository.name,
    message: `${item} was not there, and is there now: what the repository answers cannot be relied on`,
    hint: 'Look at the mount (findmnt, dmesg), the network, and the machine behind it; then verify again.',
    retry: 'later',
  });

async function goneOf(former: readonly string[], list: Listing): Promise<string[]> {
  const gone: string[] = [];
  for (const item of former) {
    const [kind = '', name = ''] = item.split('/');
    if (kind !== 'data' && kind !== 'index' && kind !== 'snapshots') continue;
    const names = await list(kind); // oxlint-disable-line no-await-in-loop -- asked once
    if (!names.has(name)) gone.push(item);
  }
  return gone;
}
