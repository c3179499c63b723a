// The plan of `holdfast repository init`: creates repositories where there are none. One that exists is never touched.

import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { duration } from '../../domain/duration.ts';
import { repositoryLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { type ErrorCode, errnoOf, HoldfastError } from '../../lib/errors.ts';
import { checkMount, checkPassword } from '../../repositories/preflight.ts';
import { resticConfig } from '../../tools/restic/cat-config.ts';
import { resticInit } from '../../tools/restic/init.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { pathExists } from '../../tools/util-linux/stat.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { holdNewRepository } from './new-repository.ts';

/** A repository that exists already is `skipped`. */
export const planInitialise = (
  { host }: Pick<Configuration, 'host'>,
  repositories: readonly RepositoryConfig[],
  toolbox: Toolbox,
): Plan => ({
  kind: 'initialise',
  host,
  limits: {},
  steps: repositories.map((repository) => initialiseStep(repository, toolbox)),
});

const initialiseStep = (repository: RepositoryConfig, toolbox: Toolbox): Step => ({
  id: stepId.initialise(repository.name),
  title: `Initialise ${repository.name}`,
  stage: 'initialise',
  repository: repository.name,
  locks: [{ name: repositoryLock(repository.name), mode: 'exclusive' }],
  timeout: duration(10, 'm'),
  weight: 'counted',
  run: (context) => initialise(repository, toolbox, context),
});

async function initialise(repository: RepositoryConfig, toolbox: Toolbox, context: StepContext): Promise<StepResult> {
  const { signal } = context;
  requireVersion(await resticVersion(toolbox.restic, { signal }), toolbox.restic);
  await checkPassword(repository, signal);
  await checkMount(repository); // a repository made in an empty mount point would be hidden by the real one
  const directory = localDirectory(repository.url);
  const place = directory === null ? 'repository' : await checkPlace(repository.name, directory, signal);
  const access = await accessTo(toolbox, repository, signal);
  await using _made =
    directory === null || place === 'repository' ? null : await holdNewRepository(context, directory, place === 'empty');
  const made = await resticInit(access, { signal });
  if (made.state === 'created') return { outcome: 'succeeded', result: { repository: repository.name, ...made } };
  const { id, version } = await resticConfig(access, { signal }); // whose password may be another one
  return {
    outcome: 'skipped',
    reason: `already initialised (${id.slice(0, 8)}): nothing was changed`,
    result: { repository: repository.name, ...made, repositoryId: id, version },
  };
}

/** Only where nothing is, below a directory that is: an unmounted disk must not get a repository in its mount point. */
async function checkPlace(name: string, directory: string, signal: AbortSignal): Promise<'repository' | 'empty' | 'absent'> {
  const refuse = (code: ErrorCode, message: string, hint: string): HoldfastError =>
    new HoldfastError({ code, operation: 'initialise', subject: name, message, hint });
  const parent = dirname(directory);
  if (!(await pathExists(parent, signal))) {
    throw refuse(
      'not-mounted',
      `${parent} does not exist`,
      `Is its file system mounted? If it is right: mkdir -p ${parent}`,
    );
  }
  if (await pathExists(`${directory}/config`, signal)) return 'repository';
  if (!(await pathExists(directory, signal))) return 'absent';
  const entries = await entriesOf(directory);
  if (entries === null) throw refuse('refused', `${directory} is not a directory`, 'Correct the url of the repository.');
  const strangers = entries.filter((entry) => entry !== 'lost+found');
  if (strangers.length === 0) return 'empty';
  throw refuse(
    'refused',
    `${directory} is not empty (${strangers.slice(0, 3).join(', ')}${strangers.length > 3 ? ', ...' : ''}), and is no repository`,
    'If it should be one, its config file is lost: do not initialise it, look for a copy. Otherwise choose an empty directory.',
  );
}

async function entriesOf(directory: string): Promise<string[] | null> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}
