// Reads the files of a repository on a local path, and compares each with its name: at the speed of the disk, and without its
// password. Others may back up into it meanwhile.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { describeBytes, type Bytes } from '../../domain/bytes.ts';
import { repositoryLock, stepId, verificationLock } from '../../domain/naming.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { isEverything, type Slice } from '../../domain/verification.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { checkMount } from '../../repositories/preflight.ts';
import { bytesToRead, scrub, type ScrubRequest, type ScrubState } from '../../repositories/scrub/scrub.ts';
import { ScrubMemory } from '../../repositories/scrub/scrub-memory.ts';
import { pathExists } from '../../tools/util-linux/stat.ts';
import { type Maintenance, maintenanceOf } from '../repository/maintenance.ts';
import { conclude, type Scene } from './findings.ts';
import { formerFlaws, verificationFacts } from './past.ts';
import { lostSnapshots, stockOf } from './stock.ts';

export interface Scrub {
  readonly repository: RepositoryConfig;
  readonly directory: string;
  readonly slice: Slice;
  /** Nothing may be asked that needs the password: only the journal tells whom damage touches. */
  readonly keyless: boolean;
}

export const scrubStep = (work: Scrub, scene: Scene): Step => ({
  id: stepId.scrub(work.repository.name),
  title: `Read the files of ${work.repository.name}${partOf(work.slice)}`,
  repository: work.repository.name,
  lanes: [repositoryLock(work.repository.name)],
  locks: [
    { name: repositoryLock(work.repository.name), mode: 'shared' },
    { name: verificationLock(work.repository.name), mode: 'exclusive' },
  ],
  weight: 'counted',
  run: (context) => scrubRepository(work, scene, context),
});

/** ', part 3 of 10' */
export const partOf = (slice: Slice): string => (isEverything(slice) ? '' : `, part ${slice.index} of ${slice.of}`);

async function scrubRepository(work: Scrub, scene: Scene, context: StepContext): Promise<StepResult> {
  const { repository, directory, slice } = work;
  const { toolbox, declared } = scene;
  const { signal } = context;
  await checkMount(repository);
  await pathExists(`${directory}/config`, signal); // by a child that can be killed: what hangs is told here
  const facts = verificationFacts(toolbox.journal, repository);
  const stock = stockOf(repository, declared, toolbox.journal);
  const memory = new ScrubMemory(toolbox.stateDir, repository.name, () => context.now());
  const request: ScrubRequest = {
    directory,
    subject: repository.name,
    slice,
    rate: repository.limits.download,
    now: context.now(),
    resume: memory.recall(),
    former: formerFlaws(facts, []),
  };
  using _memory = { [Symbol.dispose]: () => memory.save() }; // cut short, the next one goes on from here
  const result = await scrub(request, {
    signal,
    onState: (state) => memory.note(state),
    onBytes: reporter(request, toolbox.estimate === true, context),
    assertPlace: () => checkMount(repository),
  });
  if (result.strangers > 0)
    context.warn(`${result.strangers} files in it are none of restic's: uploads that were broken off, or put there by hand`);
  const { flaws, gone, bytes: bytesRead } = result;
  const answer = await conclude(
    {
      repository,
      verification: { how: 'names', slice, flaws, gone, bytesRead },
      at: result.startedAt,
      stock,
      lost: lostSnapshots(repository, stock, result.snapshots, context.now(), toolbox.journal),
      restic: flaws.length === 0 || work.keyless ? null : await withKey(work, scene, context),
      figures: { filesRead: result.files, resumed: result.resumed, strangers: result.strangers },
    },
    scene,
    context,
  );
  memory.forget();
  return answer;
}

/** Null where restic cannot be asked, which is told. */
async function withKey({ repository }: Scrub, { toolbox }: Scene, context: StepContext): Promise<Maintenance | null> {
  try {
    return await maintenanceOf(toolbox, repository, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    context.warn(`restic cannot be asked whom damage touches (${error.message}): perhaps all`);
    return null;
  }
}

/** Tells four times a second how far it is; of how much, once that is known. */
function reporter(request: ScrubRequest, estimate: boolean, context: StepContext): (bytes: number, files: number) => void {
  let total: number | undefined;
  let toldAt = 0; // milliseconds, as `performance.now` counts
  if (estimate) {
    const known = (bytes: number): void => void (total = bytes);
    void bytesToRead(request, context.signal).then(known, () => {}); // whoever reads the files will tell what is wrong
  }
  const message = goingOn(request.resume);
  return (bytesDone, filesDone) => {
    if (performance.now() - toldAt < 250) return;
    toldAt = performance.now();
    const known = total === undefined ? {} : { bytesTotal: Math.max(total, bytesDone) };
    context.progress({ bytesDone, filesDone, ...known, ...(message === null ? {} : { message }) });
  };
}

const goingOn = (resume: ScrubState | null): string | null =>
  resume === null || resume.files === 0 ? null : `going on after ${describeBytes(resume.bytes as Bytes)}`; // as it was counted
