import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, assertSays, BASE, errorsOf, warningsOf } from './support/files.ts';

const SERVICES = [
  'sonarr: {unit: sonarr.service, backup: {paths: [/srv/sonarr]}}',
  'plex: {backup: {paths: [/srv/plex]}}',
  'db: {unit: postgresql.service, postgres: {engine: dump, dataDir: /pg}}',
  'cache: {protection: {class: ephemeral}}',
];

/** A gate whose keys stand in line 14 and after. */
const gateOver = (services: readonly string[], ...lines: readonly string[]): string =>
  `${BASE}services:\n${services.map((line) => `  ${line}\n`).join('')}gate:\n  default:\n${lines.map((line) => `    ${line}\n`).join('')}`;
const gate = (...lines: readonly string[]): string => gateOver(SERVICES, ...lines);
/** Stages in line 15 and after. */
const stages = (...maps: readonly string[]): string => gate('stages:', ...maps.map((map) => `  - {${map}}`));

type Case = readonly [name: string, text: string, says: readonly string[]];

const ERRORS: readonly Case[] = [
  [
    'a stage that runs nothing is told what to write',
    stages('name: A, timeout: 5m'),
    [
      '15:9 gate.default.stages[0]: what does it run? Write units (systemd units), jobs (services that are backed up), or both',
    ],
  ],
  ['a stage with empty lists runs nothing either', stages('name: A, units: [], jobs: []'), ['what does it run?']],
  [
    'two stages of one name are an error that names the first',
    stages('name: A, jobs: [plex]', 'name: A, jobs: [sonarr]'),
    ['16:10 gate.default.stages[1].name: another stage of this gate is called so already (holdfast.yaml:15)'],
  ],
  [
    'a stage called preflight would be taken for what is looked at before every stage',
    stages('name: Preflight, jobs: [plex]'),
    ['15:10 gate.default.stages[0].name: preflight is what is looked at before every stage'],
  ],
  [
    'a gate that has the name of a command could never be run',
    `${stages('name: A, jobs: [plex]')}  release: {stages: [{name: A, jobs: [plex]}]}\n`,
    ['gate.release: a gate cannot be called release'],
  ],
  ['a target has no work that ends', stages('name: A, units: [backups.target]'), ['a target unit has no work that ends']],
  [
    'an exact and a least number together are an error',
    stages('name: A, jobs: [plex], expect: 1, atLeast: 1'),
    ['15:44 gate.default.stages[0].atLeast: write either expect or atLeast'],
  ],
  [
    'a needed stage that does not exist names the nearest',
    stages('name: ZFS snapshots, jobs: [plex]', 'name: B, jobs: [sonarr], needs: [ZFS snapshot]'),
    ["16:43 gate.default.stages[1].needs[0]: there is no stage 'ZFS snapshot'; did you mean 'ZFS snapshots'?"],
  ],
  [
    'a needed stage that resembles none lists the earlier ones',
    stages('name: ZFS snapshots, jobs: [plex]', 'name: B, jobs: [sonarr], needs: [Tape]'),
    ["there is no stage 'Tape'; before this one there is: ZFS snapshots"],
  ],
  [
    'a first stage has no earlier one to need',
    stages('name: A, jobs: [plex], needs: [Tape]'),
    ["there is no stage 'Tape'; before this one there is: none"],
  ],
  [
    'a stage that needs a later one is an error',
    stages('name: A, jobs: [plex], needs: [B]', 'name: B, jobs: [sonarr]'),
    ["15:41 gate.default.stages[0].needs[0]: the stage 'B' comes after this one: only an earlier one can be needed"],
  ],
  ['a stage that needs itself is an error', stages('name: A, jobs: [plex], needs: [A]'), ['a stage cannot need itself']],
  [
    'a stage that is needed twice is an error',
    stages('name: A, jobs: [plex]', 'name: B, jobs: [sonarr], needs: [A, A]'),
    ["needs[1]: 'A' is named twice"],
  ],
  [
    'a job that is no service names the nearest',
    stages('name: A, jobs: [sonar]'),
    ["15:26 gate.default.stages[0].jobs[0]: there is no service 'sonar'; did you mean 'sonarr'?"],
  ],
  [
    'a job that resembles no service lists those that are backed up',
    stages('name: A, jobs: [tape]'),
    ["there is no service 'tape'; there is: sonarr, plex, db"],
  ],
  [
    'a unit among the jobs is told where units stand',
    stages('name: A, jobs: [sonarr.service]'),
    ["there is no service 'sonarr.service' (systemd units stand under units); did you mean 'sonarr'?"],
  ],
  [
    'a job of a service that keeps nothing is an error',
    stages('name: A, jobs: [cache]'),
    ["nothing of cache is backed up (its protection class 'ephemeral' keeps nothing): take it away here"],
  ],
  [
    'a job of a service whose backup is switched off is an error',
    gateOver(['a: {backup: {enable: false, paths: [/a]}}'], 'stages: [{name: A, jobs: [a]}]'),
    ['nothing of a is backed up (its backup is switched off): take it away here'],
  ],
  [
    'a service in the jobs of two stages would be backed up twice',
    stages('name: A, jobs: [plex, sonarr]', 'name: B, jobs: [db, plex]'),
    ["16:30 gate.default.stages[1].jobs[1]: plex would be backed up twice: the stage 'A' does it too (holdfast.yaml:15)"],
  ],
  [
    'a pattern that repeats an earlier stage tells how to leave it out',
    stages('name: A, jobs: [plex]', 'name: B, jobs: [db]', 'name: C, jobs: ["*"]'),
    [
      "plex would be backed up twice: the stage 'A' does it too (holdfast.yaml:15). Name a service in one stage only, or write here: exclude: [plex]",
      "db would be backed up twice: the stage 'B' does it too (holdfast.yaml:16). Name a service in one stage only, or write here: exclude: [db]",
    ],
  ],
  [
    'of many that would be backed up twice only some are named',
    gateOver(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `${name}: {backup: {paths: [/srv/${name}]}}`),
      'stages: [{name: A, jobs: ["*"]}, {name: B, jobs: ["*"]}]',
    ),
    ['a, b, c, d, e and 2 more would be backed up twice'],
  ],
  [
    'a timer in place of its service is an error that names the service',
    stages('name: A, units: [sanoid.timer]'),
    [
      '15:27 gate.default.stages[0].units[0]: a timer unit has no work that ends, so running it proves nothing: write sanoid.service',
    ],
  ],
  ['a mount unit is no work that ends', stages("name: A, units: ['mnt-*.mount']"), ['a mount unit has no work that ends']],
];

for (const [name, text, says] of ERRORS) test(name, async () => assertSays(await errorsOf(text), says));

const WARNINGS: readonly Case[] = [
  [
    'a pattern of jobs that matches nothing is a warning',
    stages("name: A, jobs: [plex, 'media-*']"),
    ['15:32 gate.default.stages[0].jobs[1]: it matches no service that is backed up'],
  ],
  [
    'a pattern that matches only what keeps nothing is a warning',
    stages("name: A, jobs: ['cach?']"),
    ['it matches no service that is backed up'],
  ],
  [
    'a pattern of units among the jobs is told where units stand',
    stages("name: A, jobs: ['restic-*.service']"),
    ['it matches no service that is backed up (systemd units stand under units)'],
  ],
  [
    'jobs that are left out again are a warning',
    stages("name: A, jobs: [db, plex], exclude: ['p*']"),
    ['15:30 gate.default.stages[0].jobs[1]: exclude leaves everything out again that this matches'],
  ],
  [
    'a unit that is left out again is a warning',
    stages('name: A, units: [a.service, b.service], exclude: [b.service]'),
    ['15:38 gate.default.stages[0].units[1]: exclude leaves it out again'],
  ],
  [
    'a service among the units is told where services stand',
    stages('name: A, units: [plex]'),
    [
      '15:27 gate.default.stages[0].units[0]: plex is a service of this configuration: write it under jobs to have it backed up, or plex.service for the unit',
    ],
  ],
  [
    'the unit of a service itself among the units is a warning',
    stages('name: A, units: [sonarr.service]'),
    [
      'sonarr.service is the unit of the service sonarr itself, which this would start: to back sonarr up write it under jobs',
    ],
  ],
  [
    'a pattern that matches the unit of a service itself is a warning',
    stages("name: A, units: ['postgresql*.service']"),
    ['postgresql.service is the unit of the service db itself, which this would start: leave it out with exclude: [post'],
  ],
  [
    'an exclude that nothing matches names the nearest',
    stages("name: A, jobs: ['*'], exclude: [plx]"),
    [
      "15:42 gate.default.stages[0].exclude[0]: nothing that this stage runs is called so: it leaves nothing out; did you mean 'plex'?",
    ],
  ],
  [
    'a pattern that excludes none of the units that are named is a warning',
    stages("name: A, units: [a.service], exclude: ['b*']"),
    ['nothing that this stage runs is called so: it leaves nothing out'],
  ],
  [
    'a share above which nothing can fail is a warning',
    gate('criticalAbove: 100%', 'stages: [{name: A, jobs: [plex]}]'),
    ['14:5 gate.default.criticalAbove: more than everything cannot fail: nothing that a stage runs can stop a deployment'],
  ],
  [
    'a share above which nothing can fail leaves it to the critical stages',
    gate('criticalAbove: 100%', 'stages: [{name: A, jobs: [plex], onFailure: critical}]'),
    ['nothing but a stage with onFailure: critical can stop a deployment'],
  ],
  [
    'a mount point below the one of a repository is a warning',
    gate('preflight: [{path: /mnt/nas/restic, mounted: true}]', 'stages: [{name: A, jobs: [plex]}]').replace(
      'passwordFile: /run/nas-password',
      '$&, mounted: /mnt/nas',
    ),
    [
      '14:41 gate.default.preflight[0].mounted: /mnt/nas/restic must be a mount point itself, but it lies below /mnt/nas, the one of the repository nas: did you mean path: /mnt/nas?',
    ],
  ],
];

for (const [name, text, says] of WARNINGS) {
  test(name, async () => {
    assertSays(await warningsOf(text), says);
    await accepted(text);
  });
}

const SOUND: readonly (readonly [name: string, text: string])[] = [
  [
    'an exclude without the ending of its units means them all the same',
    stages("name: A, units: ['syncoid-*'], exclude: [syncoid-info]"),
  ],
  ['one stage with all services is fine', stages("name: A, jobs: ['*', plex]")],
  [
    'the rest of the services in a stage of its own is fine',
    stages('name: A, jobs: [plex]', "name: B, jobs: ['*'], exclude: [plex]"),
  ],
  ['a PostgreSQL engine is a job too', stages('name: A, jobs: [db]')],
  [
    'stages that need several earlier ones are fine',
    stages('name: A, jobs: [plex]', 'name: B, jobs: [db], needs: [A]', 'name: C, units: [c.service], needs: [A, B]'),
  ],
  ['one unit in two stages is fine', stages('name: A, units: [snap.service]', 'name: B, units: [snap.service]')],
  [
    'a pattern around the unit of a service that is left out is fine',
    stages("name: A, units: ['postgresql*.service'], exclude: [postgresql.service]"),
  ],
  [
    'an exclude that leaves out a part of a pattern is fine, also one that matches its text',
    stages("name: A, units: ['a*.service'], exclude: ['a?.service']"),
  ],
  [
    'a pattern among the excludes of a pattern is fine',
    stages("name: A, units: ['a*.service'], exclude: ['*-info.service']"),
  ],
  ['a unit beside a service of nearly its name is fine', stages('name: A, units: [plex-backup.service, plex.service]')],
  [
    'the same stage and the same job in two gates are fine',
    `${stages('name: A, jobs: [plex]')}  other: {stages: [{name: A, jobs: [plex]}]}\n`,
  ],
  [
    'a service that is named like a unit is a service',
    gateOver(['web.service: {backup: {paths: [/web]}}'], 'stages: [{name: A, jobs: [web.service]}]'),
  ],
  [
    'a unit that is named like a service, ending and all, is a unit',
    gateOver(['web.service: {backup: {paths: [/web]}}'], 'stages: [{name: A, units: [web.service]}]'),
  ],
  [
    'a preflight path below a mount point that need not be one is fine',
    gate(
      'preflight: [{path: /mnt/nas/restic}, {path: /mnt/nas, mounted: true}]',
      'stages: [{name: A, jobs: [plex]}]',
    ).replace('passwordFile: /run/nas-password', '$&, mounted: /mnt/nas'),
  ],
];

for (const [name, text] of SOUND) {
  test(name, async () => {
    assert.deepEqual(await errorsOf(text), []);
    assert.deepEqual(await warningsOf(text), []);
  });
}

test('a broken gate does not hide what is wrong with another', async () => {
  const text = `${stages('name: A, jobs: [plex], timeout: soon')}  other: {stages: [{name: A, jobs: [plx]}]}\n`;
  assertSays(await errorsOf(text), [
    'gate.default.stages[0].timeout: expected a duration',
    "gate.other.stages[0].jobs[0]: there is no service 'plx'; did you mean 'plex'?",
  ]);
});

test('a misspelt key is told once, not also as a stage that runs nothing', async () => {
  assertSays(await errorsOf(stages('name: A, unit: [a.service]')), [
    "stages[0].unit: unknown key 'unit'; did you mean 'units'?",
  ]);
});

test('a service that is broken is not also an unknown one, nor does a pattern miss it', async () => {
  const text = gateOver(
    ['a: {backup: {paths: [data]}}'],
    'stages:',
    '  - {name: A, jobs: [a]}',
    "  - {name: B, jobs: ['x*'], exclude: [a]}",
  );
  assertSays(await errorsOf(text), ['services.a.backup.paths[0]: expected an absolute path']);
  assert.deepEqual(await warningsOf(text), []);
  const misspelt = gateOver(['a: {bakup: {paths: [/a]}}'], 'stages: [{name: A, jobs: [a]}]');
  assertSays(await errorsOf(misspelt), ["services.a.bakup: unknown key 'bakup'"]);
});

test('a service of services.d can be a job, and one of a file that cannot be read is not unknown', async () => {
  const text = stages('name: A, jobs: [more]');
  await accepted(text, { 'more.yaml': 'services: {more: {backup: {paths: [/more]}}}\n' });
  assertSays(await errorsOf(text, { 'more.yaml': 'services: [\n' }), ['not valid YAML']);
  assertSays(await errorsOf(text), ["there is no service 'more'"]);
});
