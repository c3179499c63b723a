// The step by which databases of a copy come back into the server that is in service.

import type { Configuration, DumpsConfig } from '../../../config/configuration.ts';
import { dumpsIn } from '../../../config/resolve-dumps.ts';
import { OF_EVERY_SERVER } from '../../../domain/database-dumps.ts';
import { repositoryLock, serviceLock, stepId } from '../../../domain/naming.ts';
import type { Step } from '../../../domain/plan.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { serverUser } from '../../../tools/postgresql/server-user.ts';
import type { RestoreOrder } from '../../restore/prove.ts';
import type { Toolbox } from '../../toolbox.ts';
import { scratchFor } from '../scratch-for.ts';
import { type RestoreDumps, restoreDumps } from './restore-dumps.ts';

export interface DumpsWish extends Omit<RestoreOrder, 'service' | 'whole'> {
  readonly service: string;
  readonly dumps: DumpsConfig;
  readonly only: RestoreDumps['only'];
  /** The step that brings the files of the service back before. */
  readonly after: Step | null;
}

/** Throws `snapshot-missing` where the copy holds no dumps. */
export function dumpsStep(wish: DumpsWish, config: Configuration, toolbox: Toolbox): Step {
  const { service, dumps, only, chosen, after } = wish;
  const { repository, snapshot } = chosen;
  const place = dumpsIn(snapshot.paths, service);
  const short = snapshot.id.slice(0, 8);
  if (place === null) throw noDumps(service, short);
  const scratch = async (signal: AbortSignal): Promise<string> => {
    const user = await serverUser(dumps.server.user, service, signal);
    return await scratchFor(config, dumps.server, { user, subject: service }, signal);
  };
  const order: RestoreDumps = { ...wish, whole: only === null && after === null, place, scratch };
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
    run: (context) => restoreDumps(order, toolbox, context),
  };
}

/** What should be known before all of them are exchanged. */
export const IN_PLACE_REMARKS: readonly string[] = [
  'each database is loaded beside the one that is there and takes its name when all are loaded: their sessions are ended then, and what was there is kept as NAME_before_RUN, and dumped with the others until you drop it',
  `${[...OF_EVERY_SERVER].join(' and ')}, with which every server begins, are left as they are: --database NAME --as OTHER brings one back beside`,
];

const noDumps = (service: string, snapshot: string): HoldfastError =>
  new HoldfastError({
    code: 'snapshot-missing',
    operation: 'restore the databases of',
    subject: service,
    message: `the snapshot ${snapshot} holds no dumps of a PostgreSQL server`,
    hint: `It is from before \`engine: dump\`. \`holdfast snapshots ${service}\` lists the others; its files come back with --to DIR.`,
  });
