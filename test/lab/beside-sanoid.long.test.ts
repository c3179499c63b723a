// A sanoid and syncoid installation from Debian running beside us for a simulated week: two programs that take and prune snapshots of the
// same datasets by the same rules, two that send them on, and a backup from temporary ones in which all of them are busy. In the end we
// take over. One story: each test begins where the one before has ended.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import type { Report } from '../../src/domain/report.ts';
import { textAt } from '../../src/lib/json.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { stepOf } from '../support/cli.ts';
import { holdfast, PASSWORD_FILE, type Section } from './support/holdfast-on.ts';
import { type Deed, deedsIn } from './support/pool-history.ts';
import { ours, SANOID, sanoidHost, SYNCOID } from './support/sanoid-host.ts';

const skip = missingFor('machine');
const HOUR = duration(1, 'h');
const DAYS = 7;
/** Of a day: an emulated machine takes half a minute and more for what is due at one. */
const STOPS = 4;
const MONTH = 32; // days
const DATASETS = ['app', 'app/db'];
let lab: Lab;
let host: Machine;
let imported: Section;

/** By sanoid.conf, for either. */
const KEPT: Readonly<Record<string, string>> = {
  app: '6 hourly, 2 daily, 1 monthly',
  'app/db': '2 hourly, 1 daily, 1 monthly',
};

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await sanoidHost(lab);
  },
  { timeout: 900_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

async function declare(zfs: Section): Promise<void> {
  const config = {
    version: 1,
    host: 'forge',
    repositories: { near: { url: '/srv/near', passwordFile: PASSWORD_FILE } },
    services: { app: { backup: { paths: ['/srv/app'], useSnapshots: true } } },
    replication: { zfs },
  };
  await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify(config));
}

const at = (day: number, stop: number): number => Date.parse('2031-03-03T00:35:00Z') / 1000 + day * 86_400 + stop * 21_600;
/** '2031-03-10_12:3': how long a machine takes it may say itself. */
const mark = (day: number, stop: number): string =>
  new Date(at(day, stop) * 1000).toISOString().slice(0, 15).replace('T', '_');
const pass = async (day: number, stop: number): Promise<unknown> =>
  await host.exec(['stop', String(at(day, stop)), String(stop)], { timeout: HOUR });

/** What was said since it was asked the last time. */
const said = async (who: string): Promise<string> =>
  await host.tell('sh', '-c', 'cat "$1" && : >"$1"', 'sh', `/root/said/${who}`);

async function reports(): Promise<Report[]> {
  const lines = (await said('holdfast')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Report); // its shape has a test of its own
}

interface Listed {
  readonly dataset: string;
  readonly name: string;
  readonly guid: string;
}

async function listing(root: string): Promise<Listed[]> {
  const argv = ['zfs', 'list', '-Hp', '-t', 'snapshot', '-o', 'name,guid', '-s', 'createtxg', '-r', root];
  return (await host.tell('sh', '-c', '"$@"', 'sh', ...argv)).split('\n').map((line) => {
    const [full = '', guid = ''] = line.split('\t');
    const [dataset = '', name = ''] = full.split('@');
    return { dataset, name, guid };
  });
}

/** '6 hourly, 2 daily, 1 monthly' */
function counted(all: readonly Listed[], dataset: string, prefix: string): string {
  const mine = all.filter((each) => each.dataset === dataset && each.name.startsWith(prefix));
  const kinds = Map.groupBy(mine, ({ name }) => name.slice(name.lastIndexOf('_') + 1));
  return ['hourly', 'daily', 'monthly'].map((kind) => `${kinds.get(kind)?.length ?? 0} ${kind}`).join(', ');
}

/** Of those that somebody made or destroyed: their names without the time or run, each once. */
const names = (deeds: readonly Deed[], by: string, what: Deed['what']): string[] =>
  [
    ...new Set(
      deeds
        .filter((each) => each.by === by && each.what === what)
        .map(({ snapshot }) => snapshot.replace(/(@(?:autosnap_|holdfast_|holdfast-|syncoid_)).*/, '$1')),
    ),
  ].toSorted();
const of = (...prefixes: string[]): string[] =>
  prefixes.flatMap((prefix) => DATASETS.map((dataset) => `tank/${dataset}@${prefix}`)).toSorted();

test('what sanoid is told is read from its own file', { skip }, async () => {
  const { stdout } = await host.exec(['holdfast', '--json', 'import', 'sanoid']);
  const { replication } = JSON.parse(stdout) as { replication: { zfs: Section } };
  imported = replication.zfs;
  assert.deepEqual(imported, {
    adopt: 'sanoid',
    templates: {
      kept: { hourly: 6, daily: 2, monthly: 1 },
      copies: { hourly: 4, daily: 3, monthly: 1, autosnap: false },
    },
    datasets: {
      'tank/app': { template: 'kept', recursive: true },
      'tank/app/db': { template: 'kept', hourly: 2, daily: 1 },
      shelf: { template: 'copies', recursive: 'children' },
    },
  });
  const target = { destination: 'shelf/ours', datasets: ['tank/app'], template: 'copies' };
  await declare({ ...imported, adopt: 'beside', targets: { ours: target } });
});

for (let day = 0; day < DAYS; day += 1) {
  test(
    `day ${day + 1}: each does all of its work, and every stream goes on from the one before`,
    { skip, timeout: HOUR },
    async () => {
      for (let stop = 0; stop < STOPS; stop += 1) await pass(day, stop);
      await assertWell(day === 0);
      const [begun = '', later = ''] = (await said('temporary')).split(': ').map((each) => each.trim());
      assert.match(begun, /^tank\/app@holdfast-\w+-\d tank\/app\/db@holdfast-\w+-\d$/);
      assert.equal(later, begun, 'temporary snapshots are nobody else’s business');
    },
  );
}

async function assertWell(first: boolean): Promise<void> {
  const all = await reports();
  for (const report of all) assert.equal(report.exitCode, 0, `${report.kind}: ${JSON.stringify(report.steps)}`);
  const streams = all
    .flatMap(({ steps }) => steps)
    .filter(({ id }) => id.startsWith('replicate:'))
    .flatMap(({ result }) => (result?.['sent'] ?? []) as { readonly kind: string }[])
    .map(({ kind }) => kind);
  assert.deepEqual(
    streams.filter((kind) => kind !== 'incremental'),
    first ? ['full', 'full'] : [],
    streams.join(),
  );
  const theirs = (await said('syncoid')).split('\n').filter(Boolean);
  const begun = theirs.filter((line) => line.startsWith('INFO: '));
  assert.equal(begun.length, first ? 4 : 0, begun.join('\n'));
  const odd = theirs.filter((line) => !/^INFO: |^Sending incremental /.test(line));
  assert.deepEqual(odd, []);
}

test(
  'at the end each has as many as its template says, and nobody has touched what is another’s',
  { skip, timeout: HOUR },
  async () => {
    await pass(DAYS, 0);
    await pass(DAYS, 1);
    await host.sh(`${SYNCOID}; ${SANOID}; ${ours('snapshot prune')}`);
    await assertWell(false);
    const here = await listing('tank');
    for (const dataset of DATASETS) {
      assert.equal(counted(here, `tank/${dataset}`, 'autosnap_'), KEPT[dataset], dataset);
      assert.equal(counted(here, `tank/${dataset}`, 'holdfast_'), KEPT[dataset], dataset);
    }
    assert.deepEqual(
      here.filter(({ name }) => name.startsWith('holdfast-')),
      [],
      'no temporary one is left',
    );

    const deeds = await deedsIn(host, 'tank');
    for (const what of ['snapshot', 'destroy'] as const) {
      assert.deepEqual(names(deeds, 'sanoid', what), of('autosnap_'), `sanoid: ${what}`);
      assert.deepEqual(names(deeds, 'syncoid', what), of('syncoid_'), `syncoid: ${what}`);
      assert.deepEqual(names(deeds, 'holdfast', what), of('holdfast-', 'holdfast_'), `holdfast: ${what}`);
    }
    const held = (await said('sanoid')).split('\n').filter((line) => /cannot destroy|could not remove/.test(line));
    assert.ok(held.length > 0, 'a base of ours that is sanoid’s own was in its way');
  },
);

test('both replicas follow, and ours has nothing that nobody would ever take away', { skip, timeout: HOUR }, async () => {
  const [here, shelf] = [await listing('tank'), await listing('shelf')];
  for (const dataset of DATASETS) {
    const source = here.filter((each) => each.dataset === `tank/${dataset}`);
    for (const [place, lasting] of [
      ['ours', /^(?:autosnap|holdfast)_/],
      ['theirs', /^/],
    ] as const) {
      const guids = new Set(shelf.filter((each) => each.dataset === `shelf/${place}/${dataset}`).map(({ guid }) => guid));
      const newest = source.findLast(
        ({ name }) => lasting.test(name) && (place === 'theirs' || !name.startsWith('syncoid_')),
      );
      assert.ok(guids.has(newest?.guid ?? ''), `${place} has the newest of ${dataset}`);
    }
    const copies = shelf.filter((each) => each.dataset === `shelf/ours/${dataset}`);
    assert.deepEqual(
      copies.filter(({ name }) => !/^(?:autosnap|holdfast)_/.test(name)),
      [],
    );
  }
  const deeds = await deedsIn(host, 'shelf');
  const gone = deeds
    .filter(({ what }) => what === 'destroy')
    .map(({ by, snapshot }) => `${by}: ${snapshot.replace(/_.*/, '')}`);
  assert.deepEqual(
    new Set(gone.map((text) => text.replace('/db@', '@'))),
    new Set([
      'sanoid: shelf/ours/app@autosnap',
      'sanoid: shelf/theirs/app@autosnap',
      'syncoid: shelf/theirs/app@syncoid',
      'holdfast: shelf/ours/app@holdfast',
    ]),
  );
});

test(
  'taken over: names and rules of sanoid go on, and its replica from the snapshot of syncoid',
  { skip, timeout: HOUR },
  async () => {
    await host.sh(SYNCOID);
    const targets = {
      ours: { destination: 'shelf/ours', datasets: ['tank/app'], template: 'copies' },
      theirs: { destination: 'shelf/theirs', datasets: ['tank/app'], template: 'copies' },
    };
    await declare({ ...imported, targets });
    const none = await holdfast(host, ['snapshot', 'take', '--dry-run']);
    assert.deepEqual(stepOf(none.report, 'snapshot-take:tank').result?.['due'], [], 'right after sanoid ran nothing is due');

    await host.sh('date -s "@$1" && date >/srv/app/file && date >/srv/app/db/file', [String(at(DAYS, 2))]);
    const taken = await holdfast(host, ['snapshot', 'take']);
    assert.equal(taken.exitCode, 0, JSON.stringify(taken.report.steps));
    const dry = await holdfast(host, ['replicate', '--dry-run', '--target', 'theirs']);
    for (const dataset of DATASETS) {
      const message = textAt(stepOf(dry.report, `replicate:tank/${dataset}@theirs`).result ?? {}, 'message');
      assert.ok(message.startsWith('syncoid_') && message.includes(` to autosnap_${mark(DAYS, 2)}`), message);
    }
    for (const words of [['replicate'], ['snapshot', 'prune']]) await well(words);
    await host.sh('date -s "@$1"', [String(at(DAYS + MONTH, 3))]); // what each took beside the other is too old by then to count twice
    for (const words of [['snapshot', 'take'], ['replicate'], ['snapshot', 'prune']]) await well(words);
    const [here, shelf] = [await listing('tank'), await listing('shelf')];
    for (const dataset of DATASETS) {
      assert.equal(counted(here, `tank/${dataset}`, ''), KEPT[dataset], 'what either took counts as one');
      for (const place of ['ours', 'theirs'])
        assert.equal(counted(shelf, `shelf/${place}/${dataset}`, ''), '4 hourly, 3 daily, 1 monthly', place);
    }
    const newest = here.findLast(({ dataset }) => dataset === 'tank/app')?.name ?? '';
    assert.ok(newest.startsWith(`autosnap_${mark(DAYS + MONTH, 3)}`), newest);
    const again = await host.sh('sanoid --force-update --take-snapshots --verbose 2>&1');
    assert.doesNotMatch(again.stdout, /taking snapshot tank/, 'sanoid, should it come back, counts ours');
  },
);

async function well(words: readonly string[]): Promise<void> {
  const { exitCode, report } = await holdfast(host, words, { timeout: HOUR });
  assert.equal(exitCode, 0, `${words.join(' ')}: ${JSON.stringify(report.steps)}`);
}
