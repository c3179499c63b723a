// The step by which databases of a copy come back into the server that is in service.

import type { Configuration, DumpsConfig } from '../../config/configuration.ts';
import { dumpsIn } from '../../config/resolve-dumps.ts';
import { repositoryLock, serviceLock, stepId } from '../../domain/naming.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { IN_PLACE_REMARKS as OF_MARIADB, restoreMariadb } from '../mariadb/restore-dumps.ts';
import { IN_PLACE_REMARKS as OF_POSTGRES, restoreDumps } from '../postgres/dump/restore-dumps.ts';
import type { Toolbox } from '../toolbox.ts';
import type { DumpsOrder } from './dumps-order.ts';

export interface DumpsWish extends Omit<DumpsOrder, 'whole' | 'place' | 'config' | 'dumps'> {
  readonly dumps: DumpsConfig;
  /** The step that brings the files of the service back before. */
  readonly after: Step | null;
}

/** Throws `snapshot-missing` where the copy holds no dumps. */
export function dumpsStep(wish: DumpsWish, config: Configuration, toolbox: Toolbox): Step {
  const { service, only, chosen, after } = wish;
  const { repository, snapshot } = chosen;
  const place = dumpsIn(snapshot.paths, service);
  const short = snapshot.id.slice(0, 8);
  if (place === null) throw noDumps(service, short);
  const order = { ...wish, config, whole: only === null && after === null, place };
  const from = `(${short}) from ${repository.name}`;
  return {
    id: stepId.restore(`${service}/databases`, repository.name),
    stage: 'restore',
    service,
    repository: repository.name,
    weight: 'critical',
    title:
      only === null
        ? `Restore the databases of ${service} ${from} in place`
        : `Restore the database ${only.database} of ${service} ${from} as ${only.as}`,
    ...(after === null ? {} : { needs: [after.id] }),
    locks: [
      { name: repositoryLock(repository.name), mode: 'shared' },
      { name: serviceLock(service), mode: 'exclusive' },
    ],
    run: (context) => restore(order, toolbox, context),
  };
}

function restore({ dumps, ...order }: DumpsOrder, toolbox: Toolbox, context: StepContext): Promise<StepResult> {
  return dumps.kind === 'mariadb'
    ? restoreMariadb({ ...order, dumps }, toolbox, context)
    : restoreDumps({ ...order, dumps }, toolbox, context);
}

/** What should be known before all of them come back. */
export const inPlaceRemarks = ({ kind }: DumpsConfig): readonly string[] => (kind === 'mariadb' ? OF_MARIADB : OF_POSTGRES);

const noDumps = (service: string, snapshot: string): HoldfastError =>
  new HoldfastError({
    code: 'snapshot-missing',
    operation: 'restore the databases of',
    subject: service,
    message: `the snapshot ${snapshot} holds no dumps of a database server`,
    hint: `It is from before its databases were dumped. \`holdfast snapshots ${service}\` lists the others; its files come back with --to DIR.`,
  });
