import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GateConfig, GateStage } from '../../src/config/configuration.ts';
import { explainConfiguration, explainedJson } from '../../src/config/explain.ts';
import { configurationJsonSchema } from '../../src/config/json-schema.ts';
import type { Share } from '../../src/domain/percentage.ts';
import { accepted, assertSays, BASE, errorsOf, read } from './support/files.ts';
import { bytes, minutes } from './support/units.ts';

const SERVICES = `services:
  sonarr: {backup: {paths: [/srv/sonarr]}}
  plex: {backup: {paths: [/srv/plex]}}
`;

/** A configuration with one gate, its keys in line 11 and after. */
const gate = (...lines: string[]): string =>
  `${BASE}${SERVICES}gate:\n  default:\n${lines.map((line) => `    ${line}\n`).join('')}`;
const stage = (keys: string): string => gate(`stages: [{name: A, ${keys}}]`);

async function gateOf(text: string, name = 'default'): Promise<GateConfig> {
  const found = (await accepted(text)).gates.get(name);
  assert.ok(found, `there is a gate ${name}`);
  return found;
}

const stagesOf = async (text: string): Promise<readonly GateStage[]> => (await gateOf(text)).stages;

test('what a gate and its stages do not say is built in', async () => {
  assert.deepEqual(await gateOf(gate('stages: [{name: All, jobs: ["*"]}]')), {
    name: 'default',
    preflight: [],
    criticalAbove: 0.5 as Share,
    stages: [
      {
        name: 'All',
        units: [],
        exclude: [],
        jobs: ['*'],
        concurrency: null,
        timeout: null,
        onFailure: 'count',
        expect: null,
        atLeast: null,
        needs: [],
        whenRunning: 'skip',
        freshWithin: null,
      },
    ],
  });
});

test('everything that a gate can say arrives as a value of its domain', async () => {
  const text = gate(
    'preflight: [{path: /mnt/nas/, minFree: 50GB, mounted: true}, {path: /srv}]',
    'criticalAbove: 12.5%',
    'stages:',
    "  - {name: ZFS snapshots, units: [sanoid.service, 'run-a\\x2db@*.service'], timeout: 5m, onFailure: warn, expect: 2}",
    '  - {name: Applications, jobs: [sonarr, "p*"], units: ["dump-*"], exclude: [dump-x.service], concurrency: 3,',
    '     onFailure: critical, atLeast: 4, needs: [ZFS snapshots], whenRunning: join, freshWithin: 30m}',
  );
  assert.deepEqual(await gateOf(text), {
    name: 'default',
    preflight: [
      { path: '/mnt/nas', minFree: bytes(50e9), mounted: true },
      { path: '/srv', minFree: null, mounted: false },
    ],
    criticalAbove: 0.125 as Share,
    stages: [
      {
        name: 'ZFS snapshots',
        units: ['sanoid.service', String.raw`run-a\x2db@*.service`],
        exclude: [],
        jobs: [],
        concurrency: null,
        timeout: minutes(5),
        onFailure: 'warn',
        expect: 2,
        atLeast: null,
        needs: [],
        whenRunning: 'skip',
        freshWithin: null,
      },
      {
        name: 'Applications',
        units: ['dump-*'],
        exclude: ['dump-x.service'],
        jobs: ['sonarr', 'p*'],
        concurrency: 3,
        timeout: null,
        onFailure: 'critical',
        expect: null,
        atLeast: 4,
        needs: ['ZFS snapshots'],
        whenRunning: 'join',
        freshWithin: minutes(30),
      },
    ],
  });
});

const COMMON = gate(
  'whenRunning: fail',
  'freshWithin: 30m',
  'stages:',
  '  - {name: A, units: [a.service]}',
  '  - {name: B, units: [b.service], whenRunning: join, freshWithin: 5m}',
);

test('a stage takes from its gate what it does not say itself', async () => {
  assert.deepEqual(
    (await stagesOf(COMMON)).map(({ whenRunning, freshWithin }) => [whenRunning, freshWithin]),
    [
      ['fail', minutes(30)],
      ['join', minutes(5)],
    ],
  );
});

test('each value of a stage says where it comes from: its own line, its gate, or nowhere', async () => {
  const { entries } = await read(COMMON);
  assert.ok(entries);
  const { origins, configuration } = explainedJson(explainConfiguration(entries));
  const ofGate = Object.fromEntries(Object.entries(origins).filter(([path]) => path.startsWith('gate.')));
  assert.deepEqual(ofGate, {
    'gate.default.criticalAbove': 'built-in',
    'gate.default.stages[0].name': 'holdfast.yaml:15',
    'gate.default.stages[0].units': 'holdfast.yaml:15',
    'gate.default.stages[0].onFailure': 'built-in',
    'gate.default.stages[0].whenRunning': 'gate default (holdfast.yaml:12)',
    'gate.default.stages[0].freshWithin': 'gate default (holdfast.yaml:13)',
    'gate.default.stages[1].name': 'holdfast.yaml:16',
    'gate.default.stages[1].units': 'holdfast.yaml:16',
    'gate.default.stages[1].onFailure': 'built-in',
    'gate.default.stages[1].whenRunning': 'holdfast.yaml:16',
    'gate.default.stages[1].freshWithin': 'holdfast.yaml:16',
  });
  assert.deepEqual(configuration['gate'], {
    default: {
      criticalAbove: '50%',
      stages: [
        { name: 'A', units: ['a.service'], onFailure: 'count', whenRunning: 'fail', freshWithin: '30m' },
        { name: 'B', units: ['b.service'], onFailure: 'count', whenRunning: 'join', freshWithin: '5m' },
      ],
    },
  });
});

test('there are as many gates as are written, and none where none is', async () => {
  const two = `${BASE}${SERVICES}gate:\n  a: {stages: [{name: A, jobs: [plex]}]}\n  b: {stages: [{name: A, jobs: [plex]}]}\n`;
  assert.deepEqual([...(await accepted(two)).gates.keys()], ['a', 'b']);
  assert.equal((await accepted(`${BASE}${SERVICES}`)).gates.size, 0);
  assert.equal((await accepted(`${BASE}${SERVICES}gate: {}\n`)).gates.size, 0);
});

const REFUSED: readonly (readonly [name: string, text: string, says: readonly string[]])[] = [
  [
    'a gate without stages is told what to write',
    gate('criticalAbove: 50%'),
    [
      "11:3 gate.default.stages: is missing: expected at least one stage, such as {name: Applications, jobs: ['*']} or {name: Snapshots",
    ],
  ],
  [
    'a gate with no stage in its list is told what to write',
    gate('stages: []'),
    ['12:5 gate.default.stages: expected at least one stage, such as'],
  ],
  ['stages that are no list are told what to write', gate('stages: {name: A}'), ['expected at least one stage']],
  ['a stage without a name is refused', gate("stages: [{jobs: ['*']}]"), ['stages[0].name: is missing: expected a name']],
  ['a stage with a name of two lines is refused', gate('stages: [{name: "A\\nB", jobs: ["*"]}]'), ['in one line']],
  ['a stage with spaces around its name is refused', gate('stages: [{name: "A ", jobs: ["*"]}]'), ['without spaces']],
  [
    'a stage with an endless name is refused',
    gate(`stages: [{name: ${'A'.repeat(101)}, jobs: ["*"]}]`),
    ['at most 100 characters'],
  ],
  [
    'a failure that would stop the gate is refused with the words that there are',
    stage('jobs: [plex], onFailure: stop'),
    ["stages[0].onFailure: expected one of warn, count, critical, found 'stop'"],
  ],
  [
    'another word for a unit that runs is refused with the nearest',
    stage('jobs: [plex], whenRunning: skipp'),
    ["expected one of skip, join, fail, found 'skipp'; did you mean 'skip'?"],
  ],
  ['a misspelt key names the nearest', stage('jbos: [plex]'), ["unknown key 'jbos'; did you mean 'jobs'?"]],
  ['no place for anything at once is refused', stage('jobs: [plex], concurrency: 0'), ['at least 1']],
  [
    'an expectation of nothing is refused',
    stage('jobs: [plex], expect: 0'),
    ['expect: expected a whole number of at least 1'],
  ],
  ['at least nothing is refused', stage('jobs: [plex], atLeast: 0'), ['atLeast: expected a whole number of at least 1']],
  ['a share that is a number is refused', gate('criticalAbove: 0.5', 'stages: [{name: A, jobs: [plex]}]'), ['a percentage']],
  [
    'a relative preflight path is refused',
    gate('preflight: [{path: mnt}]', 'stages: [{name: A, jobs: [plex]}]'),
    ['absolute'],
  ],
  [
    'a name of a gate that is no file name is refused',
    `${BASE}gate: {a/b: {stages: [{name: A, jobs: ["*"]}]}}\n`,
    ["'a/b'"],
  ],
  [
    'a gate without a name is told that it needs one',
    `${BASE}gate:\n  stages: [{name: A, jobs: ["*"]}]\n`,
    ['8:3 gate.stages: expected a gate with its stages, under its name, as in {default: {stages: [...]}}, found a list'],
  ],
  ['a list of gates is refused', `${BASE}gate: [default]\n`, ['expected a map of gates by name, found a list']],
];

for (const [name, text, says] of REFUSED) test(name, async () => assertSays(await errorsOf(text), says));

const NO_UNITS = 'expected a systemd unit or a shell pattern of units';
const UNITS: readonly (readonly [pattern: string, says: string | null])[] = [
  ['sanoid.service', null],
  ['syncoid-*', null],
  ['backup@home-a.service', null],
  ['[!a-c]?*[^0-9].service', null],
  [String.raw`x\x2dy:z_1.service`, null],
  ['a'.repeat(255), null],
  ['a'.repeat(256), 'expected a pattern of at most 255 characters'],
  ['*a*a*a*a', null],
  ['*a*a*a*a*', 'expected a pattern with at most 4 stars'],
  ['', NO_UNITS],
  ['a b.service', NO_UNITS],
  ['dir/a.service', NO_UNITS],
  ['{a,b}.service', NO_UNITS],
  ['[ab.service', NO_UNITS],
  ['ab].service', NO_UNITS],
  ['[].service', NO_UNITS],
  ['!a.service', NO_UNITS],
  ['ü.service', NO_UNITS],
  ['a.service\n', NO_UNITS],
];

for (const [pattern, says] of UNITS) {
  test(`${JSON.stringify(pattern.slice(0, 30))} is ${says === null ? 'a' : 'no'} pattern of units`, async () => {
    const text = JSON.stringify(pattern);
    const expected = says === null ? [] : [`stages[0].units[0]: ${says}`, `stages[0].exclude[0]: ${says}`];
    assertSays(await errorsOf(stage(`units: [${text}], exclude: [${text}]`)), expected);
  });
}

test('a job in a stage is a service, not a service in one repository', async () => {
  assertSays(await errorsOf(stage('jobs: [plex@nas]')), [
    'stages[0].jobs[0]: expected a service or a shell pattern of services (with *, ? and [..]), such as media-*; a service goes to all of its repositories',
  ]);
});

test('editors know the patterns, the words and what holds when nothing is written', () => {
  const text = JSON.stringify(configurationJsonSchema());
  for (const part of [
    '"enum":["warn","count","critical"]',
    '"default":"count"',
    '"enum":["skip","join","fail"]',
    '"default":"50%"',
  ])
    assert.ok(text.includes(part), part);
});
