// Five thousand snapshots of a hundred datasets on real OpenZFS: what is taken, pruned and about to be sent is held against a listing that
// the test makes itself. One dataset has no policy, and snapshots of the same names.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { stepOf } from '../support/cli.ts';
import { holdfast } from './support/holdfast-on.ts';

const skip = missingFor('machine');
const HOUR = duration(1, 'h');
const DATASETS = 100;
const EACH = 50;
const KEPT = 30;
const [HELD, CLONED, FOREIGN, LEFT_OUT] = ['tank/d1', 'tank/d2', 'tank/d3', 'tank/d100'];
const managed = Array.from({ length: DATASETS }, (_, index) => `tank/d${index + 1}`).filter((name) => name !== LEFT_OUT);
let lab: Lab;
let host: Machine;
/** What there was when the test before had ended: a listing takes minutes on a machine that is emulated. */
let earlier: readonly Listed[] = [];

/** Hourly ones in the order of their hours, all taken in this one; then a week passes. */
const SCENE = `set -e
date -s '2031-03-05 10:05:00'
zpool create -O canmount=off tank "$1"; zpool create -O canmount=off vault "$2"
for d in $(seq "$3"); do zfs create -o canmount=off tank/d$d; done
for s in $(seq "$4"); do
  at=$(date -u -d "2031-03-01 $s hours" +%F_%T)
  zfs snapshot $(for d in $(seq "$3"); do echo tank/d$d@autosnap_\${at}_hourly; done)
done
first=autosnap_$(date -u -d '2031-03-01 1 hours' +%F_%T)_hourly
zfs hold keep tank/d1@$first; zfs clone -o canmount=off tank/d2@$first tank/d2-clone
zfs snapshot tank/d3@by-hand
date -s '2031-03-12 10:05:00'`;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['1GB', '1GB'] });
    await host.sh(SCENE, [...host.disks, String(DATASETS), String(EACH)], { timeout: HOUR });
    const policy = { hourly: KEPT, recursive: 'children' };
    const none = { autosnap: false, autoprune: false };
    const zfs = {
      adopt: 'sanoid',
      datasets: { tank: policy, [LEFT_OUT]: none, 'tank/d2-clone': none },
      targets: { nas: { destination: 'vault/forge', datasets: ['tank'], exclude: ['tank/d2-clone'] } },
    };
    await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify({ version: 1, host: 'forge', replication: { zfs } }));
  },
  { timeout: HOUR },
);
after(async () => await lab?.[Symbol.asyncDispose]());

interface Listed {
  readonly name: string;
  readonly group: string;
}

/** Every snapshot of the pool, the oldest of a dataset first. */
async function listing(): Promise<Listed[]> {
  const argv = ['zfs', 'list', '-Hp', '-t', 'snapshot', '-o', 'name,createtxg', '-r', 'tank'] as const;
  const { stdout } = await host.exec(argv, { timeout: HOUR });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', group = ''] = line.split('\t');
      return { name, group };
    })
    .toSorted((one, other) => Number(one.group) - Number(other.group));
}

const of = (all: readonly Listed[], dataset: string): string[] =>
  all.flatMap(({ name }) => (name.startsWith(`${dataset}@`) ? [name] : []));

test('all that are due are taken at one moment, and nothing else is', { skip, timeout: HOUR }, async () => {
  earlier = await listing();
  assert.equal(earlier.length, DATASETS * EACH + 1);
  const { exitCode, report } = await holdfast(host, ['snapshot', 'take'], { timeout: HOUR });
  assert.equal(exitCode, 0, JSON.stringify(report.steps));
  const known = new Set(earlier.map(({ name }) => name));
  const later = await listing();
  const fresh = later.filter(({ name }) => !known.delete(name));
  earlier = later;
  assert.equal(known.size, 0, 'none is gone');
  assert.deepEqual(fresh.map(({ name }) => name.slice(0, name.indexOf('@'))).toSorted(), managed.toSorted());
  assert.equal(new Set(fresh.map(({ group }) => group)).size, 1, 'one transaction group');
  assert.deepEqual(
    new Set(stepOf(report, 'snapshot-take:tank').result?.['taken'] as string[]),
    new Set(fresh.map(({ name }) => name)),
  );
});

test(
  'exactly what the policy lets go of goes, and nothing of the same name elsewhere',
  { skip, timeout: HOUR },
  async () => {
    const { exitCode, report } = await holdfast(host, ['snapshot', 'prune'], { timeout: HOUR });
    assert.equal(exitCode, 0, JSON.stringify(report.steps));
    const later = await listing();
    for (const dataset of managed) {
      const policed = of(earlier, dataset).filter((name) => name.endsWith('_hourly'));
      const stays = dataset === HELD || dataset === CLONED ? policed.slice(0, 1) : [];
      const foreign = dataset === FOREIGN ? [`${dataset}@by-hand`] : [];
      assert.deepEqual(of(later, dataset).toSorted(), [...stays, ...foreign, ...policed.slice(-KEPT)].toSorted());
    }
    assert.deepEqual(of(later, LEFT_OUT), of(earlier, LEFT_OUT));
    const { destroyed } = stepOf(report, 'snapshot-prune:tank').result as { destroyed: string[] } & object;
    const left = new Set(later.map(({ name }) => name));
    assert.deepEqual(new Set(destroyed), new Set(earlier.flatMap(({ name }) => (left.has(name) ? [] : [name]))));
    earlier = later;
  },
);

test(
  'the plan of a replication names every dataset with all its snapshots, and changes nothing',
  { skip, timeout: HOUR },
  async () => {
    const { exitCode, report } = await holdfast(host, ['replicate', '--dry-run'], { timeout: HOUR });
    assert.equal(exitCode, 0);
    const sent = report.steps.filter(({ id }) => id.startsWith('replicate:')).map(({ id }) => id);
    assert.deepEqual(sent.toSorted(), [...managed, LEFT_OUT].map((name) => `replicate:${name}@nas`).toSorted());
    assert.deepEqual(await listing(), earlier);
    assert.equal((await host.tell('zfs', 'list', '-H', '-o', 'name', '-r', 'vault')).trim(), 'vault');
  },
);
