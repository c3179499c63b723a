// The plan of `holdfast recovery-kit`: a step for each repository that asks it and makes its kit, and one for each file.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { repositoryLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { htmlOf } from '../../lib/page/html.ts';
import { markdownOf } from '../../lib/page/markdown.ts';
import type { Toolbox } from '../toolbox.ts';
import type { Kit } from './kit.ts';
import { type KitConfiguration, kitOf } from './kit-of.ts';
import { kitPage } from './kit-page.ts';
import { identityResult, observeForKit } from './observe.ts';
import { secretValues } from './secret-values.ts';
import { writePage } from './write-page.ts';

export type PageFormat = 'markdown' | 'html';

/** Which pages go where, one after another in the order given. */
export interface PageFile {
  /** Absolute. */
  readonly path: string;
  readonly repositories: readonly RepositoryConfig[];
}

export interface KitWish {
  readonly repositories: readonly RepositoryConfig[];
  readonly format: PageFormat;
  /** None: the pages are for whoever called. */
  readonly files: readonly PageFile[];
  /** Only with files. */
  readonly includeSecrets: boolean;
}

/** Each kit is put into `kits` by the name of its repository as soon as it is made. It has no secret. */
export const planRecoveryKit = (
  config: KitConfiguration,
  wish: KitWish,
  toolbox: Toolbox,
  kits: Map<string, Kit>,
): Plan => ({
  kind: 'recovery-kit',
  host: config.host,
  limits: {},
  steps: [
    ...wish.repositories.map((repository) => askStep(config, repository, toolbox, kits)),
    ...wish.files.map((file) => writeStep(wish, file, kits)),
  ],
});

/** Where it does not answer the step is partial: there is a page all the same. */
const askStep = (
  config: KitConfiguration,
  repository: RepositoryConfig,
  toolbox: Toolbox,
  kits: Map<string, Kit>,
): Step => ({
  id: stepId.recoveryKit(repository.name),
  title: `Make the recovery kit of ${repository.name}`,
  repository: repository.name,
  locks: [{ name: repositoryLock(repository.name), mode: 'shared' }],
  timeout: duration(10, 'm'),
  weight: 'counted',
  async run(context) {
    const { observation, error } = await observeForKit(config, repository, toolbox, context);
    const kit = kitOf(config, repository, observation, context.now());
    kits.set(repository.name, kit);
    for (const warning of kit.warnings) context.warn(warning);
    return {
      outcome: error === null ? 'succeeded' : 'partial',
      reason: error && `it could not be asked, and the page is what this host has recorded: ${error.message}`,
      result: identityResult(repository, observation),
    };
  },
});

const writeStep = ({ format, includeSecrets }: KitWish, file: PageFile, kits: ReadonlyMap<string, Kit>): Step => ({
  id: stepId.recoveryPage(file.path),
  title: `Write ${file.path}`,
  needs: file.repositories.map(({ name }) => stepId.recoveryKit(name)),
  timeout: duration(5, 'm'),
  weight: 'critical',
  async run(context) {
    const pages = await Promise.all(
      file.repositories.map(async (repository) => {
        const values = includeSecrets ? await secretValues(repository, context.signal) : null;
        return kitPage(kitFrom(kits, repository), values);
      }),
    );
    const mode = includeSecrets ? 0o600 : 0o644;
    await writePage(context, file.path, renderPages[format](pages), mode);
    return { outcome: 'succeeded', result: { file: file.path, includesSecrets: includeSecrets } };
  },
});

export const renderPages = { markdown: markdownOf, html: htmlOf } as const;

function kitFrom(kits: ReadonlyMap<string, Kit>, { name }: RepositoryConfig): Kit {
  const kit = kits.get(name);
  if (kit) return kit;
  throw new HoldfastError({ code: 'bug', operation: 'write the page', subject: name, message: 'its kit was never made' });
}
