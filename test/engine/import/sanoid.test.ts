// What a sanoid.conf says is said again in our words, and what cannot be is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSanoid } from '../../../src/engine/import/sanoid.ts';
import { effectiveSettings, parseSanoidConf, SANOID_DEFAULTS } from '../../../src/tools/sanoid/conf.ts';
import { stringify } from 'yaml';
import { accepted, BASE } from '../../config/support/files.ts';

const CONF = `# a comment
[tank/persist]
	use_template = production
	recursive = yes
[tank/persist/cache]
	use_template = ignore
[tank/persist/db]
	hourly = 96
	daily_hour = 3
[tank/media]
	use_template = production, slow
	process_children_only = yes
	recursive = yes
[backup/forge]
	use_template = backup
	recursive = zfs
	pre_snapshot_script = /usr/local/bin/flush
	hourly_warn = 2880

[template_production]
	frequently = 0
	hourly = 36
	daily = 30
	monthly = 3
	yearly = 0
	autosnap = yes
	autoprune = yes
[template_slow]
	daily = 7
[template_backup]
	autosnap = no
	hourly = 30
	prune_defer = 60
[template_ignore]
	autoprune = no
	autosnap = no
	monitor = no
`;

test('each dataset keeps what it kept: over defaults, what is handed down, templates and its own words', () => {
  const { zfs } = importSanoid(parseSanoidConf(CONF));
  assert.deepEqual(zfs, {
    adopt: 'sanoid',
    templates: {
      production: { hourly: 36, daily: 30, monthly: 3 },
      ignore: { autosnap: false, autoprune: false },
      backup: { hourly: 30, daily: 90, monthly: 6, autosnap: false },
    },
    datasets: {
      'tank/persist': { template: 'production', recursive: true },
      'tank/persist/cache': { template: 'ignore' },
      'tank/persist/db': { hourly: 96, daily: 30, monthly: 3 },
      'tank/media': { hourly: 36, daily: 7, monthly: 3, recursive: 'children' },
      'backup/forge': { template: 'backup', recursive: true },
    },
  });
});

test('what has no equivalent is told, for each dataset', () => {
  const { remarks } = importSanoid(parseSanoidConf(CONF));
  for (const remark of [
    /^tank\/persist\/db: the hours and minutes at which/,
    /^backup\/forge: pre_snapshot_script has no equivalent/,
    /^backup\/forge: prune_defer has no equivalent/,
    /^backup\/forge: recursive = zfs is recursive: true/,
    /limits of monitoring are not taken over/,
  ]) {
    assert.ok(
      remarks.some((each) => remark.test(each)),
      `${String(remark)} in ${remarks.join('\n')}`,
    );
  }
  assert.ok(!remarks.some((each) => each.startsWith('tank/persist:')), 'nothing is said where all is the same');
});

test('what comes out is accepted as a configuration', async () => {
  const { zfs } = importSanoid(parseSanoidConf(CONF));
  const { replication } = await accepted(`${BASE}${stringify({ replication: { zfs } })}`);
  assert.deepEqual(
    replication.snapshots.datasets.map(({ dataset, reach, autosnap }) => [dataset, reach, autosnap]),
    [
      ['tank/persist', 'tree', true],
      ['tank/persist/cache', 'itself', false],
      ['tank/persist/db', 'itself', true],
      ['tank/media', 'children', true],
      ['backup/forge', 'tree', false],
    ],
  );
});

test('a section that keeps nothing, a name that is none and a template that is not there are told, and nothing is made of the first two', () => {
  const { zfs, remarks } = importSanoid(
    parseSanoidConf('[tank/none]\nhourly=0\ndaily=0\nmonthly=0\n[/tank/slash]\n[tank/a]\nuse_template = nowhere\n'),
  );
  assert.deepEqual(Object.keys(zfs.datasets), ['tank/a']);
  assert.match(remarks.join('\n'), /tank\/none: left out, for it keeps no snapshot/);
  assert.match(remarks.join('\n'), /\/tank\/slash: left out, for this is no name of a dataset/);
  assert.match(remarks.join('\n'), /tank\/a: there is no template nowhere/);
});

test('a template called default is put over the defaults of sanoid for all', () => {
  const conf = parseSanoidConf('[tank]\n[template_default]\nhourly = 2\n');
  assert.equal(effectiveSettings('tank', conf, SANOID_DEFAULTS)['hourly'], '2');
  assert.equal(effectiveSettings('tank', conf, SANOID_DEFAULTS)['daily'], '90');
});
