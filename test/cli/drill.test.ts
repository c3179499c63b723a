// `holdfast drill` with real restic: what is proven, what is found wrong, and that nothing but evidence is left behind.

import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { fingerprint, listFiles, type ScratchHost, type Section, stepOf } from '../support/cli.ts';
import { backedUp, detailOf, scratchOf } from './support/drills.ts';

/** Files of a repository's data, the largest first. */
function packsOf(host: ScratchHost, repository: string): string[] {
  const directory = host.path(repository, 'data');
  return listFiles(directory)
    .map((name) => join(directory, name))
    .filter((path) => lstatSync(path).isFile())
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
}

test('a drill restores all of it, holds it against the other copy, validates and times it, and leaves only evidence', async (t) => {
  const { host, data, drill, evidence } = await backedUp(t, ['near', 'far'], {
    rto: '1h',
    validators: [
      { type: 'sqlite', path: 'n.db', query: 'SELECT count(*) FROM notes' },
      { type: 'files', path: 'd1', minCount: 10 },
      { type: 'command', command: ['sh', '-c', 'test -s n.db && echo x >made'] },
    ],
  });
  const before = [fingerprint(data), ...['near', 'far'].map((name) => fingerprint(host.path(name, 'data')))];
  const { code, report, step } = await drill();
  assert.equal(code, 0, JSON.stringify(report, null, 1));
  const { result } = step();
  assert.equal(result?.['extent'], 'whole');
  assert.equal(result['files'], 42);
  assert.equal(result['extrapolated'], false);
  assert.ok(Number(result['rtoSeconds']) > 0 && result['rtoSeconds'] === result['seconds']);
  assert.equal(result['promisedSeconds'], 3600);
  assert.deepEqual((result['compared'] as Section)['with'], 'far');
  assert.equal((result['compared'] as Section)['files'], 42);
  const [fact, ...more] = evidence();
  assert.deepEqual([more.length, fact?.complete, fact?.snapshotId], [0, true, result['snapshotId']]);
  const { compared, validators, reason, extent } = detailOf(fact);
  assert.deepEqual({ compared, reason, extent }, { compared: { with: 'far', files: 42 }, reason: null, extent: 'whole' });
  assert.deepEqual(
    validators.map(({ type, ok }) => [type, ok]),
    [
      ['sqlite', true],
      ['files', true],
      ['command', true],
    ],
  );
  assert.equal(evidence('far')[0]?.complete, true);
  const after = [fingerprint(data), ...['near', 'far'].map((name) => fingerprint(host.path(name, 'data')))];
  assert.deepEqual(after, before, 'neither the live data nor a repository was touched');
  assert.deepEqual(scratchOf(host), []);
  assert.deepEqual(host.leftovers(), []);
  assert.deepEqual([...host.locks('near'), ...host.locks('far')], []);
});

test('a sample restores a few files, those that validators look at among them, and says that it extrapolates', async (t) => {
  const { drill, evidence, host } = await backedUp(t, ['near', 'far'], {
    validators: [
      { type: 'sqlite', path: 'n.db' },
      { type: 'files', path: 'd1', minCount: 10 },
    ],
  });
  const { code, step } = await drill('--sample', '5', '--repository', 'near');
  assert.equal(code, 0);
  const { result, warnings } = step();
  assert.equal(result?.['extent'], 'sample');
  assert.equal(result['files'], 6);
  assert.equal((result['of'] as Section)['files'], 42);
  assert.equal((result['compared'] as Section)['files'], 6);
  assert.equal(result['extrapolated'], true);
  assert.ok(Number(result['rtoSeconds']) >= Number(result['seconds']));
  assert.match(warnings.join('\n'), /files d1 needs all of the data, and was left out/);
  assert.deepEqual([evidence()[0]?.complete, detailOf(evidence()[0]).extent], [true, 'sample']);
  assert.deepEqual(scratchOf(host), []);
  host.configure({ verification: { restoreTesting: { sampleFiles: 3 } } });
  assert.equal((await drill('--repository', 'near')).step().result?.['files'], 4, 'as it is configured');
  assert.equal((await drill('--repository', 'near', '--whole')).step().result?.['files'], 42);
});

for (const [how, damage] of [
  ['deleted', (pack: string): void => rmSync(pack)],
  [
    'flipped',
    (pack: string): void => {
      const bytes = readFileSync(pack);
      const middle = Math.floor(bytes.length / 2);
      bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
      rmSync(pack);
      writeFileSync(pack, bytes);
    },
  ],
  [
    'cut short',
    (pack: string): void => {
      const bytes = readFileSync(pack);
      rmSync(pack);
      writeFileSync(pack, bytes.subarray(0, bytes.length / 3));
    },
  ],
] as const) {
  test(`a drill from a repository of which a pack was ${how} fails, names what cannot be restored, and is on record as failed`, async (t) => {
    const { host, drill, evidence } = await backedUp(t, ['near']);
    damage(packsOf(host, 'near')[0] ?? '');
    const { code, step } = await drill('--keep');
    assert.equal(code, 2);
    const { error } = step();
    assert.equal(error?.code, 'not-restored', JSON.stringify(error));
    assert.match(error.message, /did not come back as it is in the snapshot|cannot be restored/);
    assert.match([error.message, ...(error.tool?.stderrTail ?? [])].join('\n'), /data\/notes/);
    const [fact] = evidence();
    assert.deepEqual([fact?.complete, detailOf(fact).rtoSeconds, detailOf(fact).seconds], [false, null, null]);
    const kept = /kept in (\S+?)\.$/.exec(error.hint ?? '')?.[1] ?? '';
    assert.ok(existsSync(join(kept, 'data')), error.hint ?? '');
    assert.deepEqual(host.leftovers(), []);
    const gone = await drill();
    assert.match(gone.step().error?.hint ?? '', /--keep keeps/);
    assert.deepEqual(
      readdirSync(join(host.stateDir, 'drills')).map((name) => name.slice(0, 5)),
      ['kept-'],
    );
  });
}

test('a validator that finds something wrong fails the drill, with its last lines', async (t) => {
  const { drill, evidence } = await backedUp(t, ['near'], {
    validators: [
      { type: 'sqlite', path: 'n.db', query: 'SELECT 0' },
      { type: 'command', command: ['sh', '-c', 'yes filler | head -c 1000000; echo the index is torn >&2; exit 4'] },
      { type: 'files', path: 'd0' },
    ],
  });
  const { code, step } = await drill();
  assert.equal(code, 2);
  const { error } = step();
  assert.match(error?.message ?? '', /sqlite n\.db: the query answered 0; command sh -c .*: sh ended with exit code 4$/);
  assert.ok(error?.tool?.stderrTail.includes('the index is torn'));
  assert.ok((error?.tool?.stderrTail.length ?? 99) <= 50);
  const { validators, seconds } = detailOf(evidence()[0]);
  assert.deepEqual(
    validators.map(({ ok }) => ok),
    [false, false, true],
  );
  assert.ok((seconds ?? 0) > 0);
});

test('what could not be validated makes a drill partial, and is no proof', async (t) => {
  const { drill, evidence } = await backedUp(t, ['near'], {
    validators: [{ type: 'sql', database: 'shop', query: 'SELECT true' }],
  });
  const { code, step } = await drill();
  assert.equal(code, 1);
  assert.deepEqual([step().outcome, evidence()[0]?.complete], ['partial', false]);
  assert.match(step().reason ?? '', /not proven: sql shop \(.*database server/);
});

test('a repository that vanishes in the middle is no drill that failed: nothing is recorded', async (t) => {
  const { host, drill, evidence } = await backedUp(t, ['near']);
  const fake = host.script(
    'vanishing',
    `case " $* " in *" restore "*) ;; *) exec restic "$@" ;; esac
     mv '${host.path('near/data')}' '${host.path('away')}'; restic "$@"; code=$?
     mv '${host.path('near/config')}' '${host.path('away')}'; exit $code`,
  );
  mkdirSync(host.path('away'));
  const { code, stdout } = await host.run(['--json', 'drill'], { env: { HOLDFAST_RESTIC: fake } });
  assert.equal(code, 2);
  const { error } = stepOf(JSON.parse(stdout) as Report, 'drill:notes@near');
  assert.ok(['repository-missing', 'repository-unreachable'].includes(error?.code ?? ''), JSON.stringify(error));
  assert.deepEqual(evidence(), []);
  assert.deepEqual(scratchOf(host), []);
  const next = await drill();
  assert.equal(next.code, 2, 'nor one that is not there from the beginning');
  assert.deepEqual(evidence(), []);
});

test('rotation visits the newest, the middle, the newest and the oldest', async (t) => {
  const { host, data, drill } = await backedUp(t, ['near']);
  for (const content of ['two', 'three']) {
    writeFileSync(join(data, 'more'), content);
    assert.equal((await host.backUp()).code, 0);
  }
  const ids = (await host.snapshots('near')).toSorted((a, b) => (a.time < b.time ? 1 : -1)).map(({ id }) => id);
  const visited: unknown[] = [];
  for (let times = 0; times < 4; times += 1)
    visited.push((await drill('--pick', 'rotate', '--sample', '1')).step().result?.['snapshotId']);
  assert.deepEqual(visited, [ids[0], ids[1], ids[0], ids[2]]);
});

test('--due drills what has not been drilled for as long as the schedule says, and asks nothing for the rest', async (t) => {
  const { host, drill } = await backedUp(t, ['near', 'far']);
  assert.equal((await drill('--due', '--repository', 'near')).step().outcome, 'succeeded');
  rmSync(host.path('near'), { recursive: true }); // it is not asked
  const { code, step } = await drill('--due');
  assert.equal(code, 0);
  assert.match(step().reason ?? '', /^drilled .* ago, and the schedule is monthly$/);
  assert.deepEqual([step('near').outcome, step('far').outcome], ['skipped', 'succeeded']);
  host.configure({ verification: { restoreTesting: { schedule: 'minutely', enable: false } } });
  assert.match((await drill('--due')).step('far').reason ?? '', /enable is false/);
  host.configure({ verification: { restoreTesting: { enable: false } } });
  assert.equal((await drill('--repository', 'far')).code, 0, 'whoever types it wants it');
});

test('scratch in live data or in a repository is refused, and a dry run changes nothing', async (t) => {
  const { host, data, drill, evidence } = await backedUp(t, ['near']);
  for (const scratch of [join(data, 'scratch'), host.path('near/scratch')]) {
    host.configure({ verification: { restoreTesting: { scratch } } });
    const { code, step } = await drill();
    assert.equal(code, 2);
    assert.equal(step().error?.code, 'refused');
    assert.match(step().error?.hint ?? '', /verification\.restoreTesting\.scratch/);
    assert.ok(!existsSync(scratch));
  }
  host.configure({ verification: { restoreTesting: { scratch: host.path('elsewhere') } } });
  const dry = await drill('--dry-run');
  assert.equal(dry.code, 0);
  assert.match(dry.step().title, /^Drill notes \([0-9a-f]{8}\) from near$/);
  assert.ok(!existsSync(host.path('elsewhere')));
  assert.equal((await drill()).code, 0);
  assert.deepEqual(listFiles(host.path('elsewhere')), []);
  assert.equal(evidence().length, 1);
});

test('wrong command lines are told before anything is asked', async (t) => {
  const { host } = await backedUp(t, ['near']);
  for (const [args, told] of [
    [['nots'], /Did you mean notes/],
    [['--repository', 'nea'], /Did you mean near/],
    [['--against', 'fa'], /no repository is called fa/],
    [['--against', 'near', '--repository', 'near'], /is the repository that is drilled/],
    [['--sample', '0'], /at least 1/],
    [['--sample', '3', '--whole'], /exclude each other/],
    [['--pick', 'best'], /newest, middle, oldest, rotate/],
  ] as const) {
    const { code, stderr } = await host.run(['drill', ...args]);
    assert.equal(code, 64, stderr);
    assert.match(stderr, told);
  }
});

test('the screen says what came back, how it was proven, and how long it takes against what was promised', async (t) => {
  const { host } = await backedUp(t, ['near', 'far'], { rto: '1s', validators: [{ type: 'sqlite', path: 'n.db' }] });
  const { code, stdout, stderr } = await host.run(['drill', '--repository', 'near']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^notes@near {2}[0-9a-f]{8} of \S+Z, the newest$/m);
  assert.match(stdout, /^ {2}restored {2}all of it: 42 files, [\d.]+ \w+, [\d.]+ \w+\/s$/m);
  assert.match(stdout, /^ {2}proven {4}42 files are the same in far \([0-9a-f]{8}\); sqlite n\.db is good$/m);
  assert.match(stdout, /^ {2}time {6}[\d.]+m?s; promised are 1\.0s$/m);
  const sample = await host.run(['drill', '--repository', 'near', '--sample', '2', '--against', 'none']);
  assert.match(sample.stdout, /^ {2}restored {2}a sample: 3 files, .*; of 42 files, /m);
  assert.match(sample.stdout, /^ {2}proven {4}.*not held against a second copy; sqlite n\.db is good$/m);
  assert.match(sample.stdout, /^ {2}time {6}about .* for all of it, extrapolated; promised are 1\.0s$/m);
});
