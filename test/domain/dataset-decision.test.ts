// What becomes of declared datasets: decided from what ZFS says, and proven on a model of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type DatasetState,
  type DeclaredDataset,
  describeValue,
  INHERIT,
  inheritedMountpoint,
  isSameValue,
  parentOf,
  type PropertyState,
} from '../../src/domain/dataset.ts';
import {
  type DatasetDecision,
  decideDatasets,
  type DirectoryState,
  orphans,
  type StorageSeen,
} from '../../src/domain/dataset-decision.ts';

const PARENT: DeclaredDataset = {
  name: 'tank/persist',
  service: null,
  mountpoint: '/persist',
  properties: {},
  owner: null,
  group: null,
  mode: null,
};
const declared = (service: string, parts: Partial<DeclaredDataset> = {}): DeclaredDataset => ({
  ...PARENT,
  name: `tank/persist/${service}`,
  service,
  mountpoint: `/persist/${service}`,
  ...parts,
});
const state = (name: string, parts: Partial<DatasetState> = {}): DatasetState => ({
  name,
  type: 'filesystem',
  used: 1024,
  mountpoint: name === 'tank' ? '/tank' : name.replace('tank', ''),
  canmount: 'on',
  mounted: true,
  lockedBy: null,
  ...parts,
});

interface Scene {
  readonly datasets?: readonly DatasetState[];
  readonly properties?: Readonly<Record<string, Readonly<Record<string, PropertyState>>>>;
  readonly directories?: Readonly<Record<string, DirectoryState>>;
  readonly pool?: { readonly health?: string; readonly readOnly?: boolean } | null;
}

const scene = ({
  datasets = [state('tank'), state('tank/persist')],
  properties = {},
  directories = {},
  pool = {},
}: Scene): StorageSeen => ({
  pools: new Map(pool ? [['tank', { name: 'tank', health: 'ONLINE', readOnly: false, ...pool }]] : []),
  datasets: new Map(datasets.map((each) => [each.name, each])),
  properties: new Map(Object.entries(properties).map(([name, all]) => [name, new Map(Object.entries(all))])),
  directories: new Map(Object.entries(directories)),
  ownership: new Map(),
});
const local = (value: string): PropertyState => ({ value, source: { kind: 'local' } });
const inherited = (value: string, from = 'tank'): PropertyState => ({ value, source: { kind: 'inherited', from } });
const about = (dataset: string, all: readonly DatasetDecision[]): DatasetDecision =>
  all.find((each) => each.dataset === dataset) ?? assert.fail(`nothing is decided about ${dataset}`);
const only = (one: DeclaredDataset, seen: Scene): DatasetDecision =>
  about(one.name, decideDatasets([PARENT, one], scene(seen)));
const messages = ({ obstacles }: DatasetDecision): string => obstacles.map(({ message }) => message).join('; ');

test('a dataset that is missing is made with what is declared, and takes its mountpoint from above where that is the same', () => {
  const { changes, obstacles } = only(declared('sonarr', { properties: { recordsize: '16K', atime: INHERIT } }), {});
  assert.deepEqual(obstacles, []);
  assert.deepEqual(changes, [{ kind: 'create', properties: { recordsize: '16K' } }]);
});

test('a mountpoint elsewhere is given, and so is every one below a parent that is mounted by others', () => {
  const elsewhere = only(declared('pg', { mountpoint: '/srv/pg' }), {});
  assert.deepEqual(elsewhere.changes, [{ kind: 'create', properties: { mountpoint: '/srv/pg' } }]);
  const legacy = only(declared('pg'), {
    datasets: [state('tank'), state('tank/persist', { mountpoint: 'legacy', mounted: false })],
  });
  assert.deepEqual(legacy.changes, [{ kind: 'create', properties: { mountpoint: '/persist/pg' } }]);
});

test('what must be there to hold a dataset is made first, and mounts nothing', () => {
  const all = decideDatasets([declared('pg', { name: 'tank/a/b/pg' })], scene({}));
  assert.deepEqual(
    all.map(({ dataset, changes }) => [dataset, changes[0]?.kind === 'create' && changes[0].properties['canmount']]),
    [
      ['tank/a', 'off'],
      ['tank/a/b', 'off'],
      ['tank/a/b/pg', undefined],
    ],
  );
});

test('a value counts only where it is set on the dataset itself', () => {
  const one = declared('sonarr', { properties: { recordsize: '16K', compression: 'lz4' } });
  const datasets = [state('tank'), state('tank/persist'), state(one.name)];
  const properties = { [one.name]: { recordsize: local('16384'), compression: inherited('lz4') } };
  assert.deepEqual(only(one, { datasets, properties }).changes, [
    { kind: 'set', property: 'compression', value: 'lz4', was: inherited('lz4') },
  ]);
});

test('what must come from above is inherited again, and left alone where it does', () => {
  const one = declared('sonarr', { properties: { atime: INHERIT, exec: INHERIT } });
  const datasets = [state('tank'), state('tank/persist'), state(one.name)];
  const properties = { [one.name]: { atime: local('off'), exec: inherited('on') } };
  assert.deepEqual(only(one, { datasets, properties }).changes, [{ kind: 'inherit', property: 'atime', was: local('off') }]);
});

test('what is fixed when a dataset is made is an obstacle, and nothing else is done to it', () => {
  const one = declared('vault', { properties: { encryption: 'aes-256-gcm' } });
  const datasets = [state('tank'), state('tank/persist'), state(one.name)];
  const properties = { [one.name]: { encryption: { value: 'off', source: { kind: 'none' } } as const } };
  assert.match(messages(only(one, { datasets, properties })), /^encryption is off and cannot become aes-256-gcm/);
});

test('files at a mountpoint are never hidden', () => {
  const one = declared('sonarr');
  const data = { '/persist/sonarr': { kind: 'data' } } as const;
  assert.match(messages(only(one, { directories: data })), /there are files in \/persist\/sonarr, which would be hidden/);
  const unmounted = [state('tank'), state('tank/persist'), state(one.name, { mounted: false })];
  assert.match(messages(only(one, { datasets: unmounted, directories: data })), /would be hidden/);
  const moved = [state('tank'), state('tank/persist'), state(one.name, { mountpoint: '/elsewhere' })];
  assert.match(messages(only(one, { datasets: moved, directories: data })), /would be hidden/);
});

test('nothing is mounted over something else, nor where another dataset would be', () => {
  const one = declared('sonarr');
  const there = { '/persist/sonarr': { kind: 'mounted', source: 'tank/other' } } as const;
  assert.match(
    messages(only(one, { directories: there })),
    /tank\/other is mounted at \/persist\/sonarr, and would be hidden/,
  );
  const rival = [state('tank'), state('tank/persist'), state('tank/old', { mountpoint: '/persist/sonarr', mounted: false })];
  assert.match(messages(only(one, { datasets: rival })), /tank\/old has the mountpoint \/persist\/sonarr, too/);
});

test('a pool that is missing, suspended or read-only, and a key that is not loaded, are told with what to do', () => {
  const one = declared('sonarr');
  const cases: [Scene, RegExp, RegExp][] = [
    [{ pool: null, datasets: [] }, /tank is not imported/, /zpool import tank/],
    [{ pool: { health: 'SUSPENDED' } }, /is suspended/, /zpool clear tank/],
    [{ pool: { readOnly: true } }, /read-only/, /zpool export tank/],
    [
      { datasets: [state('tank'), state('tank/persist', { lockedBy: 'tank/persist', mounted: false })] },
      /key of tank\/persist is not loaded/,
      /zfs load-key tank\/persist/,
    ],
  ];
  for (const [seen, message, hint] of cases) {
    const decision = only(one, seen);
    assert.match(messages(decision), message);
    assert.match(decision.obstacles.map((each) => each.hint).join(), hint);
  }
});

test('what holds the others stays where somebody mounted it, and one that exists as declared is left alone', () => {
  const datasets = [state('tank'), state('tank/persist', { mountpoint: 'legacy', canmount: 'off', mounted: false })];
  assert.deepEqual(about('tank/persist', decideDatasets([PARENT], scene({ datasets }))).changes, []);
});

test('a volume has no files: it is refused', () => {
  const datasets = [state('tank'), state('tank/persist'), state('tank/persist/vm', { type: 'volume' })];
  assert.match(messages(only(declared('vm'), { datasets })), /is a volume/);
});

test('what nobody declared is told by the uppermost of its tree; neither what is around a service nor what is below it', () => {
  const names = [
    'tank',
    'tank/persist',
    'tank/persist/old',
    'tank/persist/old/x',
    'tank/persist/app',
    'tank/persist/app/db',
  ];
  const datasets = new Map([...names, 'tank/persist/group', 'tank/persist/group/web'].map((name) => [name, state(name)]));
  const all = [PARENT, declared('app'), declared('web', { name: 'tank/persist/group/web' })];
  assert.deepEqual(
    orphans(all, datasets).map(({ dataset }) => dataset),
    ['tank/persist/old'],
  );
});

const WRITTEN = fc.tuple(fc.nat(1023), fc.constantFrom('', 'K', 'M', 'G', 'T'));

test('a size says the same however it is written', () => {
  fc.assert(
    fc.property(WRITTEN, ([count, unit]) => {
      const exact = String(count * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit));
      assert.ok(isSameValue('quota', `${count}${unit}`, exact));
      assert.ok(isSameValue('quota', describeValue('quota', exact), exact));
      assert.ok(!isSameValue('quota', `${count + 1}${unit}`, exact));
    }),
  );
  assert.ok(isSameValue('quota', 'none', '0'));
  assert.ok(isSameValue('recordsize', '1.5M', String(1536 * 1024)));
});

test('two words for one value are one value, as ZFS prints it', () => {
  // written, and what OpenZFS 2.3.9 prints then
  const pairs = [
    ['acltype', 'posixacl', 'posix'],
    ['acltype', 'noacl', 'off'],
    ['compression', 'gzip-6', 'gzip'],
    ['compression', 'zstd-fast-1', 'zstd-fast'],
    ['encryption', 'on', 'aes-256-gcm'],
    ['xattr', 'sa', 'on'],
  ] as const;
  for (const [property, written, exact] of pairs) assert.ok(isSameValue(property, written, exact), property);
  assert.ok(!isSameValue('compression', 'on', 'gzip'));
  assert.ok(!isSameValue('encryption', 'on', 'off'));
});

test('one that something lies over is not as declared, and nothing is done to what lies there', () => {
  const one = declared('sonarr', { owner: 'app', mode: '0750' });
  const datasets = [state('tank'), state('tank/persist'), state(one.name)];
  const over = only(one, { datasets, directories: { '/persist/sonarr': { kind: 'mounted', source: 'tmpfs' } } });
  assert.match(messages(over), /not what is seen at \/persist\/sonarr: tmpfs is/);
  const above = only(one, { datasets, directories: { '/persist/sonarr': { kind: 'absent' } } });
  assert.match(messages(above), /not what is seen/);
});

test('one that is not to be mounted leaves the directory at its mountpoint to whom it belongs', () => {
  const one = declared('sonarr', { owner: 'app', mode: '0750', properties: { canmount: 'noauto' } });
  assert.deepEqual(only(one, {}).changes, [{ kind: 'create', properties: { canmount: 'noauto' } }]);
  const datasets = [state('tank'), state('tank/persist'), state(one.name, { canmount: 'noauto', mounted: false })];
  assert.deepEqual(only(one, { datasets, directories: { '/persist/sonarr': { kind: 'data' } } }).changes, []);
});

test('one whose mountpoint comes from above gets its own where the one above moves away', () => {
  const all = [
    declared('one', { name: 'tank/one', mountpoint: '/uno' }),
    declared('two', { name: 'tank/one/two', mountpoint: '/one/two' }),
  ];
  const datasets = [state('tank'), state('tank/one'), state('tank/one/two')];
  const mountpoint = inherited('/one/two', 'tank/one');
  const decisions = decideDatasets(all, scene({ datasets, properties: { 'tank/one/two': { mountpoint } } }));
  assert.deepEqual(about('tank/one/two', decisions).changes, [
    { kind: 'set', property: 'mountpoint', value: '/one/two', was: mountpoint },
  ]);
});

/** A ZFS that does as it is told, and knows nothing of what is declared. */
function made(seen: StorageSeen, { dataset, changes, obstacles }: DatasetDecision): StorageSeen {
  if (obstacles.length > 0) return seen;
  const datasets = new Map(seen.datasets);
  const properties = new Map(seen.properties);
  for (const change of changes) {
    const own = new Map(properties.get(dataset));
    const was = datasets.get(dataset);
    if (change.kind === 'create') {
      const above = datasets.get(parentOf(dataset) ?? '')?.mountpoint ?? null;
      const { mountpoint = inheritedMountpoint(dataset, above) ?? 'none', canmount, ...rest } = change.properties;
      datasets.set(
        dataset,
        state(dataset, { mountpoint, canmount: canmount === 'off' ? 'off' : 'on', mounted: canmount !== 'off' }),
      );
      for (const [property, value] of Object.entries(rest)) own.set(property, local(value));
    } else if (change.kind === 'set' && was && change.property === 'mountpoint') {
      datasets.set(dataset, { ...was, mountpoint: change.value });
    } else if (change.kind === 'set' && was && change.property === 'canmount') {
      datasets.set(dataset, { ...was, canmount: 'on' });
    } else if (change.kind === 'set') own.set(change.property, local(change.value));
    else if (change.kind === 'inherit') own.set(change.property, inherited('x'));
    else if (change.kind === 'mount' && was) datasets.set(dataset, { ...was, mounted: true });
    properties.set(dataset, own);
  }
  return { ...seen, datasets, properties };
}

const VALUES = fc.constantFrom('on', 'off', INHERIT);
const DECLARED = fc.uniqueArray(
  fc.record({
    service: fc.constantFrom('a', 'b', 'c', 'd'),
    deep: fc.boolean(),
    elsewhere: fc.boolean(),
    properties: fc.dictionary(fc.constantFrom('atime', 'exec', 'recordsize'), VALUES),
  }),
  { selector: ({ service }) => service },
);
const EXISTING = fc.uniqueArray(
  fc.record({
    service: fc.constantFrom('a', 'b', 'c', 'd', 'other'),
    parts: fc.record(
      {
        mounted: fc.boolean(),
        canmount: fc.constantFrom('on', 'off', 'noauto'),
        mountpoint: fc.constantFrom('/persist/a', '/elsewhere', 'legacy', 'none'),
        lockedBy: fc.constantFrom(null, null, 'tank/persist'),
      },
      { requiredKeys: [] },
    ),
    properties: fc.dictionary(
      fc.constantFrom('atime', 'exec', 'recordsize'),
      fc.constantFrom(local('on'), local('off'), inherited('on')),
    ),
  }),
  { selector: ({ service }) => service },
);

test('applied once, nothing is left to apply, whatever was there; and no dataset is ever taken away', () => {
  fc.assert(
    fc.property(DECLARED, EXISTING, (wanted, existing) => {
      const all = [
        PARENT,
        ...wanted.map(({ service, deep, elsewhere, properties }) =>
          declared(service, {
            ...(deep ? { name: `tank/x/${service}` } : {}),
            ...(elsewhere ? { mountpoint: `/srv/${service}` } : {}),
            properties,
          }),
        ),
      ];
      const before = scene({
        datasets: [
          state('tank'),
          state('tank/persist'),
          ...existing.map(({ service, parts }) => state(`tank/persist/${service}`, parts as Partial<DatasetState>)),
        ],
        properties: Object.fromEntries(existing.map(({ service, properties }) => [`tank/persist/${service}`, properties])),
      });
      const first = decideDatasets(all, before);
      const after = first.reduce(made, before);
      for (const name of before.datasets.keys()) assert.ok(after.datasets.has(name));
      const stuck = new Set(first.filter(({ obstacles }) => obstacles.length > 0).map(({ dataset }) => dataset));
      for (const { dataset, changes } of decideDatasets(all, after)) {
        if (!stuck.has(dataset)) assert.deepEqual(changes, [], dataset);
      }
    }),
    { numRuns: 500 },
  );
});
