// The plan of `holdfast repository init`: creates repositories where there are none. One that exists is never touched.

import type { Configuration, RepositoryConfig } from '../config/configuration.ts';
import { duration } from '../domain/duration.ts';
import { repositoryLock, stepId } from '../domain/naming.ts';
import type { Plan, Step } from '../domain/plan.ts';
import { checkMount, checkPassword } from '../repositories/preflight.ts';
import { resticInit } from '../tools/restic/init.ts';
import { requireVersion, resticVersion } from '../tools/restic/version.ts';
import { accessTo, type Toolbox } from './toolbox.ts';

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
  async run({ signal }) {
    requireVersion(await resticVersion(toolbox.restic, { signal }), toolbox.restic);
    await checkPassword(repository);
    await checkMount(repository); // a repository made in an empty mount point would be hidden by the real one
    const made = await resticInit(await accessTo(toolbox, repository), { signal });
    return made.state === 'created'
      ? { outcome: 'succeeded', result: { ...made } }
      : { outcome: 'skipped', reason: 'there is a repository already', result: { ...made } };
  },
});
