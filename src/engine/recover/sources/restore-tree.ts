// The restore in place of what a source other than a repository shows. Everything that is in it comes back: nothing was left out.

import { outermost } from '../../restore/plan-restore.ts';
import { fillFromTree } from '../../restore/fill-from-tree.ts';
import { checkLivePlaces } from '../../restore/live-place.ts';
import { restoreInPlace } from '../../restore/restore-in-place.ts';
import { hiddenFrom } from '../../validators/hidden-from.ts';
import type { StepContext, StepResult } from '../../../domain/plan.ts';
import type { Recovering } from '../from-copies.ts';
import type { Offer, OpenTree } from './source.ts';

type Scene = Pick<Recovering, 'service' | 'config' | 'toolbox'>;

/** Throws what stands in the way of it. */
export async function checkPlaces({ service, config, toolbox }: Scene): Promise<void> {
  const surroundings = {
    service: service.name,
    services: config.services.values(),
    repositories: config.repositories.values(),
    stateDir: toolbox.stateDir,
  };
  await checkLivePlaces(outermost(service.backup?.paths ?? []), surroundings);
}

export async function restoreTree(
  tree: OpenTree,
  { source, ifNotGood }: Offer,
  { service, config, toolbox }: Scene,
  context: StepContext,
): Promise<StepResult> {
  const { name, at, root, room } = tree;
  return await restoreInPlace(
    {
      service: service.name,
      unit: service.unit,
      exclude: [],
      paths: outermost(tree.there.map(({ path }) => path)),
      shortcomings: [],
      validators: service.protection.validators,
      hidden: hiddenFrom(config),
      services: [...config.services.values()],
      repositories: [...config.repositories.values()],
    },
    fillFromTree({ service: service.name, name, at, root, room, source, ifNotGood }),
    toolbox,
    context,
  );
}
