// Fills the staging from a snapshot of a repository.

import { basename, dirname } from 'node:path';
import { literalPattern } from '../../tools/restic/pattern.ts';
import type { Toolbox } from '../toolbox.ts';
import { type Filling, stagedIn } from './filling.ts';
import { checkSpace, type RestoreOrder, restoreAndProve } from './prove.ts';
import { resultOf } from './restore-result.ts';

export function fillFromRestic(order: RestoreOrder & { readonly service: string }, toolbox: Toolbox): Filling {
  const { id } = order.chosen.snapshot;
  const short = id.slice(0, 8);
  return {
    id,
    copy: `snapshot ${short}`,
    ifNotGood: `Look at it: holdfast restore ${order.service} --snapshot ${short} --to DIR. An older one: holdfast snapshots ${order.service}`,
    requireRoom: (directory, context) => checkSpace(order, directory, context),
    async stage(places, context) {
      const requests = places.map(({ path, staging }) => ({
        subpath: dirname(path),
        includes: [literalPattern(`/${basename(path)}`)],
        target: staging,
      }));
      const roots = places.map(({ staging }) => staging);
      const wanted = places.map(({ path }) => path);
      return await restoreAndProve(order, requests, { place: stagedIn(places), roots, wanted }, toolbox, context);
    },
    comesTo: (listing, where, reasons, context) => resultOf(order, listing, where, reasons, context),
  };
}
