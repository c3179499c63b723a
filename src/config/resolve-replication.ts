// Snapshots by calendar and where they are sent: what is written of a dataset, over its template, over what is built in.

import type { z } from 'zod';
import { parseRate } from '../domain/rate.ts';
import { SNAPSHOT_KINDS, type SnapshotKind, type SnapshotPolicy } from '../domain/snapshot-policy.ts';
import type { Json } from '../lib/json.ts';
import type { ReplicationConfig, ReplicationTarget } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type Choice, type EffectiveEntries, Written } from './effective.ts';
import type { replicationSchema, zfsReplicationSchema } from './schema/replication.ts';
import { milliseconds, parsed } from './written-values.ts';

type ZfsFile = z.infer<typeof zfsReplicationSchema>;
type PolicyFile = NonNullable<ZfsFile['datasets']>[string];
type TemplateFile = NonNullable<ZfsFile['templates']>[string];
type TargetFile = NonNullable<ZfsFile['targets']>[string];

const PATH = ['replication', 'zfs'] as const;

export function resolveReplication(
  value: z.infer<typeof replicationSchema> | undefined,
  document: SourceDocument,
  entries: EffectiveEntries,
): ReplicationConfig {
  const zfs = value?.zfs ?? {};
  const written = new Written(zfs, document, PATH);
  const datasets = Object.entries(zfs.datasets ?? {});
  const adopt = written.get('adopt') ?? builtIn<'beside' | 'sanoid'>('beside');
  if (datasets.length > 0) entries.add([...PATH, 'adopt'], adopt);
  const templates = written.get('templates') as Choice<Json> | undefined; // the schema holds JSON only
  if (templates) entries.add([...PATH, 'templates'], templates);
  return {
    snapshots: {
      adopt: adopt.value,
      datasets: datasets.map(([name, file]) => resolvePolicy(name, file, zfs.templates ?? {}, document, entries)),
    },
    targets: Object.entries(zfs.targets ?? {}).map(([name, file]) =>
      resolveTarget(name, file, zfs.templates ?? {}, document, entries),
    ),
  };
}

function resolvePolicy(
  dataset: string,
  file: PolicyFile,
  templates: Readonly<Record<string, TemplateFile>>,
  document: SourceDocument,
  entries: EffectiveEntries,
): SnapshotPolicy {
  const path = [...PATH, 'datasets', dataset];
  const own = new Written(file, document, path);
  const add = <Value>(key: string, choice: Choice<Value>): Value => entries.add([...path, key], choice);
  const name = own.get('template');
  if (name) add('template', name);
  const template = new Written(
    name && Object.hasOwn(templates, name.value) ? templates[name.value] : undefined,
    document,
    [...PATH, 'templates', name?.value ?? ''],
    `template ${name?.value ?? ''}`,
  );
  const recursive = add('recursive', own.get('recursive') ?? builtIn<boolean | 'children'>(false));
  const count = (kind: SnapshotKind): number => add(kind, own.get(kind) ?? template.get(kind) ?? builtIn(0));
  const does = (key: 'autosnap' | 'autoprune'): boolean => add(key, own.get(key) ?? template.get(key) ?? builtIn(true));
  return {
    dataset,
    reach: recursive === 'children' ? 'children' : recursive ? 'tree' : 'itself',
    keep: keepOf(count),
    autosnap: does('autosnap'),
    autoprune: does('autoprune'),
  };
}

function resolveTarget(
  name: string,
  file: TargetFile,
  templates: Readonly<Record<string, TemplateFile>>,
  document: SourceDocument,
  entries: EffectiveEntries,
): ReplicationTarget {
  const path = [...PATH, 'targets', name];
  const written = new Written(file, document, path);
  const add = <Value>(key: string, choice: Choice<Value>): Value => entries.add([...path, key], choice);
  const destination = add('destination', written.get('destination') ?? builtIn(file.destination));
  const datasets = add('datasets', written.get('datasets') ?? builtIn(file.datasets));
  const frequency = add('frequency', written.get('frequency') ?? builtIn('hourly'));
  const exclude = add('exclude', written.get('exclude') ?? builtIn<string[]>([]));
  const raw = add('raw', written.get('raw') ?? builtIn(true));
  const maxLag = add<string | null>('maxLag', written.get('maxLag') ?? builtIn(null));
  const concurrency = add('concurrency', written.get('concurrency') ?? builtIn(2));
  const limit = add<string | null>('limit', written.get('limit') ?? builtIn(null));
  const template = add<string | null>('template', written.get('template') ?? builtIn(null));
  const kept = template !== null && Object.hasOwn(templates, template) ? templates[template] : undefined;
  return {
    name,
    destination,
    datasets,
    exclude,
    frequency,
    raw,
    maxLag: maxLag === null ? null : milliseconds(maxLag),
    concurrency,
    limit: limit === null ? null : parsed(parseRate, limit),
    keep: kept ? keepOf((kind) => kept[kind] ?? 0) : null,
  };
}

const keepOf = (count: (kind: SnapshotKind) => number): SnapshotPolicy['keep'] =>
  Object.fromEntries(SNAPSHOT_KINDS.map((kind) => [kind, count(kind)])) as Record<SnapshotKind, number>; // all kinds
