// The section of the configuration that does what a sanoid.conf does, with remarks about what has no equivalent. Pure.

import { zfsReplicationSchema } from '../../config/schema/replication.ts';
import { SNAPSHOT_KINDS, type SnapshotKind } from '../../domain/snapshot-policy.ts';
import type { JsonObject } from '../../lib/json.ts';
import {
  effectiveSettings,
  isRecursive,
  isTrue,
  SANOID_DEFAULTS,
  type SanoidConf,
  type Settings,
  templatesOf,
} from '../../tools/sanoid/conf.ts';

export interface SanoidImport {
  /** Under `replication.zfs`. */
  readonly zfs: { readonly adopt: 'sanoid'; readonly templates: Policies; readonly datasets: Policies };
  /** Sentences. */
  readonly remarks: readonly string[];
}
type Policies = Readonly<Record<string, JsonObject>>;

/** `defaults`: of sanoid.defaults.conf where it is there. */
export function importSanoid(conf: SanoidConf, defaults: Settings = SANOID_DEFAULTS): SanoidImport {
  const remarks = new Set<string>();
  const used = new Set([...conf.datasets.values()].flatMap((settings) => plainTemplate(settings, conf) ?? []));
  const templates = Object.fromEntries(
    [...used].map((name) => [
      name,
      policyOf({ ...defaults, ...conf.templates.get('default'), ...conf.templates.get(name) }),
    ]),
  );
  const datasets: Record<string, JsonObject> = {};
  for (const [dataset, own] of conf.datasets) {
    const settings = effectiveSettings(dataset, conf, defaults);
    for (const remark of remarksOn(dataset, own, settings, conf)) remarks.add(remark);
    const declared = datasetPolicy(own, settings, conf, templates);
    const { success } = zfsReplicationSchema.safeParse({ datasets: { [dataset]: declared } });
    const keepsNothing = SNAPSHOT_KINDS.every((kind) => countOf(settings, kind) === 0);
    if (!success) remarks.add(`${dataset}: left out, for this is no name of a dataset`);
    else if (keepsNothing && (isTrue(settings['autosnap']) || isTrue(settings['autoprune'])))
      remarks.add(`${dataset}: left out, for it keeps no snapshot of any kind; sanoid would destroy all of its own`);
    else datasets[dataset] = declared;
  }
  return { zfs: { adopt: 'sanoid', templates, datasets }, remarks: [...remarks] };
}

/** The one template of a section that nothing else is mixed into. */
function plainTemplate(settings: Settings, conf: SanoidConf): string | null {
  const [name, ...more] = templatesOf(settings);
  return name !== undefined && more.length === 0 && conf.templates.has(name) ? name : null;
}

const countOf = (settings: Settings, kind: SnapshotKind): number => {
  const count = Number.parseInt(settings[kind] ?? '0', 10);
  return Number.isNaN(count) || count < 0 ? 0 : count;
};

/** What is as it would be anyhow is not written. */
function policyOf(settings: Settings): JsonObject {
  if (!isTrue(settings['autosnap']) && !isTrue(settings['autoprune'])) return { autosnap: false, autoprune: false };
  return {
    ...Object.fromEntries(
      SNAPSHOT_KINDS.flatMap((kind) => (countOf(settings, kind) === 0 ? [] : [[kind, countOf(settings, kind)]])),
    ),
    ...(isTrue(settings['autosnap']) ? {} : { autosnap: false }),
    ...(isTrue(settings['autoprune']) ? {} : { autoprune: false }),
  };
}

const STANDARD: JsonObject = { autosnap: true, autoprune: true };

function datasetPolicy(own: Settings, settings: Settings, conf: SanoidConf, templates: Policies): JsonObject {
  const recursive = isRecursive(own) ? { recursive: isTrue(own['process_children_only']) ? 'children' : true } : {};
  const policy = policyOf(settings);
  const name = plainTemplate(own, conf);
  if (name === null) return { ...policy, ...recursive };
  const template = templates[name] ?? {};
  const keys = [...SNAPSHOT_KINDS, 'autosnap', 'autoprune'] as const;
  const differing = keys.flatMap((key) => {
    const wanted = policy[key] ?? STANDARD[key] ?? 0;
    return wanted === (template[key] ?? STANDARD[key] ?? 0) ? [] : [[key, wanted] as const];
  });
  return { template: name, ...Object.fromEntries(differing), ...recursive };
}

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(SANOID_DEFAULTS),
  'use_template',
  'recursive',
  'process_children_only',
  'path',
]);

function remarksOn(dataset: string, own: Settings, settings: Settings, conf: SanoidConf): string[] {
  const differs = (keys: readonly string[]): boolean =>
    keys.some((key) => settings[key] !== undefined && settings[key] !== '' && settings[key] !== SANOID_DEFAULTS[key]);
  const unknown = [...Object.keys(own), ...Object.keys(settings)].filter((key) => !KNOWN.has(key) && settings[key] !== '');
  const missing = templatesOf(own).filter((name) => !conf.templates.has(name));
  return [
    ...missing.map((name) => `${dataset}: there is no template ${name}`),
    ...(differs(TIMES)
      ? [
          `${dataset}: the hours and minutes at which snapshots are taken have no equivalent; each is taken at the beginning of its period`,
        ]
      : []),
    ...(differs(['frequent_period'])
      ? [`${dataset}: frequent_period is ${settings['frequent_period']}; here it is always a quarter of an hour`]
      : []),
    ...(differs(['prune_defer'])
      ? [`${dataset}: prune_defer has no equivalent; what no policy keeps goes, however full the pool is`]
      : []),
    ...(/zfs/i.test(own['recursive'] ?? '')
      ? [`${dataset}: recursive = zfs is recursive: true; all snapshots of a kind in a pool are taken at one moment anyhow`]
      : []),
    ...(isTrue(own['process_children_only']) && !isRecursive(own)
      ? [`${dataset}: process_children_only without recursive means that nothing is done: leave it out`]
      : []),
    ...(isTrue(own['skip_children'])
      ? [
          `${dataset}: skip_children has no equivalent; declare each dataset below it with autosnap: false and autoprune: false`,
        ]
      : []),
    ...[...new Set(unknown)].flatMap((key) => remarkOnKey(dataset, key)),
  ];
}

const TIMES = Object.keys(SANOID_DEFAULTS).filter((key) => /_(?:hour|min|wday|mday|mon)$/.test(key));

function remarkOnKey(dataset: string, key: string): string[] {
  if (key === 'skip_children') return [];
  if (/script|inconsistent_snapshot$/.test(key))
    return key.endsWith('_script') ? [`${dataset}: ${key} has no equivalent: nothing is run around snapshots`] : [];
  if (/_(?:warn|crit)$|^monitor/.test(key))
    return [
      'limits of monitoring are not taken over: see the alerts SnapshotTooOld and RepositoryNearlyFull of `holdfast metrics rules`',
    ];
  return [`${dataset}: ${key} is not known`];
}
