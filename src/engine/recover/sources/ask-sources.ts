// The declared sources of a service whose data is lost, asked in their order until one has it. What the others said is kept: an empty
// start needs that all of them answered.

import type { Configuration, RecoverSource, ServiceConfig } from '../../../config/configuration.ts';
import { MountTable } from '../../../domain/mount.ts';
import type { SeenPath } from '../../../domain/recovery.ts';
import type { SaidSource } from '../../../domain/recovery-source.ts';
import { mounts } from '../../../repositories/mounts.ts';
import type { Connections } from '../../replication/connections.ts';
import type { Toolbox } from '../../toolbox.ts';
import { type Answer, type Repositories, UNASKED } from '../ask-copies.ts';
import { whyTreeRefused } from '../refused-copies.ts';
import { askSnapshots, SNAPSHOT_SOURCE } from './local-snapshots.ts';
import { originsOf } from './origins.ts';
import { askReplica, replicaSource, targetsOf } from './replicas.ts';
import { answered, askTwice, type Lost, type Offer, type SourceAnswer } from './source.ts';

export interface Asked extends Answer {
  /** That are no repository, as far as they were asked. */
  readonly others: readonly SaidSource[];
  /** Of the one that has it. */
  readonly offer: Offer | null;
}

export const NOT_ASKED: Asked = { ...UNASKED, others: [], offer: null };

export interface Asking {
  readonly config: Configuration;
  readonly repositories: Repositories;
  readonly connections: Connections;
  readonly toolbox: Pick<Toolbox, 'journal'>;
  /** See Question. */
  readonly insist: boolean;
  readonly signal: AbortSignal;
}

/** `passedOver`: names of those that are not asked (again). Throws the signal's reason only. */
export async function askSources(
  service: ServiceConfig,
  paths: readonly SeenPath[],
  asking: Asking,
  passedOver: ReadonlySet<string> = new Set(),
): Promise<Asked> {
  const others: SaidSource[] = [];
  const remarks: string[] = [];
  let copies = UNASKED;
  for (const source of service.recover.sources) {
    if (passedOver.has(source)) continue;
    /* oxlint-disable no-await-in-loop -- the next one only when this one has none */
    if (source === 'repository') {
      copies = await asking.repositories.copiesOf(service, asking.config, { insist: asking.insist });
      remarks.push(...copies.remarks);
      if (copies.chosen !== null) return { ...copies, others, offer: null, remarks };
      continue;
    }
    const asks = await asksOf(source, { service, paths }, asking);
    if (asks === null) remarks.push(`recover.sources: ${source} is passed over: files cannot be had from there`);
    for (const [name, ask] of asks ?? []) {
      if (passedOver.has(name)) continue;
      const { said, offer } = unlessRefused(await askTwice(name, ask, asking.signal), service.name, asking);
      others.push(said);
      if (offer !== null) return { ...copies, others, offer, remarks: [...remarks, ...offer.remarks] };
      remarks.push(`${name} is passed over: ${said.reason}`);
    }
    /* oxlint-enable no-await-in-loop */
  }
  return { ...copies, others, offer: null, remarks };
}

/** Not again what was found not to be good, unless somebody wants that. */
function unlessRefused(answer: SourceAnswer, service: string, { insist, toolbox }: Asking): SourceAnswer {
  const { offer, said } = answer;
  const why = offer === null || insist ? null : whyTreeRefused(toolbox.journal, service, offer.snapshot);
  return why === null ? answer : answered(said.name, 'unusable', `${offer?.snapshot ?? ''} ${why}`);
}

type Ask = readonly [name: string, () => Promise<SourceAnswer>];

/** Null: it has no files. */
async function asksOf(
  source: Exclude<RecoverSource, 'repository'>,
  lost: Lost,
  { config, connections, signal }: Asking,
): Promise<readonly Ask[] | null> {
  if (source === SNAPSHOT_SOURCE) return [[source, () => askSnapshots(lost, signal)]];
  if (source !== 'replica') return null;
  const origins = await originsOf(lost.paths, new MountTable(await mounts()));
  const silent = (why: string): readonly Ask[] => [[source, () => Promise.resolve(answered(source, 'silent', why))]];
  if ('why' in origins) return silent(origins.why);
  const targets = targetsOf(config.replication.targets, origins.datasets);
  return targets.length === 0
    ? silent(`no target of replication is sent ${origins.datasets.join(' and ')}`)
    : targets.map((target) => [replicaSource(target), () => askReplica(lost, origins, target, connections, signal)]);
}
