// Fills the staging from a snapshot of a repository.

import { basename, dirname } from 'node:path';
import { literalPattern } from '../../tools/restic/pattern.ts';
import type { Toolbox } from '../toolbox.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';
import { type Filling, stagedIn } from './filling.ts';
import { giveAll } from './give-all.ts';
import { checkSpace, type RestoreOrder, restoreAndProve } from './prove.ts';
import { resultOf } from './restore-result.ts';

export interface ResticFilling extends RestoreOrder {
  readonly service: string;
  /** To whom all of it belongs, whatever number that user had where it was backed up. */
  readonly givenTo?: Owner | undefined;
}

export function fillFromRestic(order: ResticFilling, toolbox: Toolbox): Filling {
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
      const proof = { place: stagedIn(places), roots, wanted };
      const proven = await restoreAndProve(order, requests, proof, toolbox, context);
      if (order.givenTo) for (const { staged } of places) await giveAll(staged, order.givenTo); // oxlint-disable-line no-await-in-loop -- one
      return proven;
    },
    comesTo: (listing, where, reasons, context) => resultOf(order, listing, where, reasons, context),
  };
}
