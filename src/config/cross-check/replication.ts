// Declared snapshots: a dataset that would keep nothing would lose what it has. Targets: two datasets never have one replica.

import { SNAPSHOT_KINDS, type SnapshotPolicy } from '../../domain/snapshot-policy.ts';
import { isSentTo, placeOf, replicaOf } from '../../domain/replication-names.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

export function checkReplication({ file, resolved }: CrossCheckInput, findings: Findings): void {
  const templates = file.replication?.zfs?.templates ?? {};
  for (const { dataset, keep, autosnap, autoprune } of resolved.configuration.replication.snapshots.datasets) {
    const template = file.replication?.zfs?.datasets?.[dataset]?.template;
    if (template !== undefined && !Object.hasOwn(templates, template)) continue; // is said where names are checked
    if ((autosnap || autoprune) && keepsNothing(keep))
      findings.error(
        ['replication', 'zfs', 'datasets', dataset],
        'it keeps no snapshot of any kind: write how many, or a template; to leave it out, autosnap: false and autoprune: false',
      );
  }
  checkTargets({ resolved }, findings);
  checkReplicaSources({ resolved }, findings);
}

/** Of a service whose dataset is declared it is known before anything is lost whether a target has it. */
function checkReplicaSources({ resolved }: Pick<CrossCheckInput, 'resolved'>, findings: Findings): void {
  const { services, datasets, replication } = resolved.configuration;
  for (const { name, recover } of services.values()) {
    if (!recover.sources.includes('replica')) continue;
    const path = ['services', name, 'recover', 'sources'];
    if (replication.targets.length === 0) {
      findings.warn(path, 'there is no replica: no target is declared in replication.zfs.targets');
      continue;
    }
    for (const { name: dataset } of datasets.filter(({ service }) => service === name))
      if (!replication.targets.some((target) => isSentTo(target, dataset)))
        findings.warn(path, `there is no replica of it: no target is sent ${dataset}`);
  }
}

const keepsNothing = (keep: SnapshotPolicy['keep']): boolean => SNAPSHOT_KINDS.every((kind) => keep[kind] === 0);

function checkTargets({ resolved }: Pick<CrossCheckInput, 'resolved'>, findings: Findings): void {
  const taken = new Map<string, string>();
  for (const { name, destination, datasets, keep } of resolved.configuration.replication.targets) {
    if (keep !== null && keepsNothing(keep))
      findings.error(
        ['replication', 'zfs', 'targets', name, 'template'],
        'it keeps no snapshot of any kind, so that every copy but the newest would go: write how many, or leave it out to keep all',
      );
    const { host, dataset: root } = placeOf(destination);
    for (const [index, dataset] of datasets.entries()) {
      const path = ['replication', 'zfs', 'targets', name, 'datasets', index];
      const replica = replicaOf(root, dataset);
      const place = `${host ?? ''}:${replica}`;
      const other = taken.get(place);
      if (other !== undefined)
        findings.error(path, `${dataset} and ${other} would have one replica, ${replica}: give one another destination`);
      else if (datasets.some((above) => dataset.startsWith(`${above}/`)))
        findings.error(path, `${dataset} is sent with what is above it already`);
      else if (
        host === null &&
        (replica === dataset || replica.startsWith(`${dataset}/`) || dataset.startsWith(`${replica}/`))
      )
        findings.error(path, `${dataset} would be sent into itself, to ${replica}`);
      taken.set(place, dataset);
    }
  }
}
