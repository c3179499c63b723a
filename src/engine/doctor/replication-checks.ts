// Whether replication has what it needs on both ends: a connection without questions, datasets that are there, and the rights, for
// users who are not root.

import type { ReplicationTarget } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { placeOf } from '../../domain/replication-names.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { type Account, accountAt, allowedAt } from '../../tools/zfs/allow.ts';
import { HERE, type ZfsEnd } from '../../tools/zfs/end.ts';
import { listPoints } from '../../tools/zfs/points.ts';
import { openConnections } from '../replication/connections.ts';
import { type Check, type DoctorInput, type Finding, ok, problem } from './check.ts';

/** To send, to keep the base, and to let go of the older (a bookmark is destroyed). Measured with OpenZFS 2.3. */
const TO_SEND = ['send', 'hold', 'release', 'bookmark', 'destroy'] as const;
/** To receive and never mount, to keep the base, and to drop what is half received. */
const TO_RECEIVE = ['receive', 'create', 'mount', 'canmount', 'readonly', 'hold', 'release', 'destroy'] as const;

/** Where lost data is to come back from a replica. */
const TO_SEND_BACK = [...TO_RECEIVE, 'send'] as const;

export function replicationChecks({ config }: DoctorInput): Check[] {
  const sendsBack = [...config.services.values()].some(({ recover }) => recover.sources.includes('replica'));
  return config.replication.targets.map((target) => ({
    id: `replication:${target.name}`,
    title: `replication to ${target.name}`,
    limit: duration(1, 'm'),
    run: (signal) => look(target, sendsBack ? TO_SEND_BACK : TO_RECEIVE, signal),
  }));
}

async function look(target: ReplicationTarget, atTarget: readonly string[], signal: AbortSignal): Promise<Finding[]> {
  const here = await accountAt(HERE, signal);
  const sources = await Promise.all(target.datasets.map((dataset) => rightsOn(HERE, dataset, here, TO_SEND, signal)));
  await using connections = openConnections(signal);
  const end = await connections.endOf(target.destination);
  const there = await accountAt(end, signal);
  const { dataset } = placeOf(target.destination);
  const place = await nearest(end, dataset, signal);
  const far =
    place === null
      ? problem(
          `the pool of ${dataset} is not imported on ${end.host ?? 'this machine'}`,
          'See there: zpool import. Nothing can be sent until then.',
        )
      : await rightsOn(end, place, there, atTarget, signal);
  return [...sources, far];
}

/** The dataset, or what it will be created in; null where not even the pool is there. */
async function nearest(end: ZfsEnd, dataset: string, signal: AbortSignal): Promise<string | null> {
  const parts = dataset.split('/');
  const chain = parts.map((_, index) => parts.slice(0, index + 1).join('/')).toReversed();
  const found = await listPoints(end, chain, false, signal);
  return chain.find((each) => found.has(each)) ?? null;
}

async function rightsOn(
  end: ZfsEnd,
  dataset: string,
  account: Account,
  needed: readonly string[],
  signal: AbortSignal,
): Promise<Finding> {
  const place = end.host === null ? 'this machine' : end.host;
  const found = await listPoints(end, [dataset], false, signal);
  if (!found.has(dataset))
    return problem(`there is no dataset ${dataset} on ${place}`, 'Is its pool imported? See: zpool list; zfs list');
  if (account.isRoot) return ok(`${dataset} on ${place}, as root`);
  const allowed = await allowedAt(end, dataset, account, signal);
  const missing = needed.filter((each) => !allowed.has(each));
  return missing.length === 0
    ? ok(`${dataset} on ${place}: ${account.user} may do what is needed`)
    : problem(
        `${account.user} may not ${missing.join(', ')} with ${dataset} on ${place}`,
        `As root there: zfs allow -u ${shellWord(account.user)} ${missing.join(',')} ${shellWord(dataset)}`,
      );
}
