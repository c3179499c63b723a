// Lost data comes back: only where there is none, from the first repository that has it, and never nothing instead.

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Instant } from '../../src/domain/instant.ts';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { emptyStartAllowed } from '../../src/engine/recover/empty-starts.ts';
import { asOrdinaryUser, type Ended, fingerprint, NOBODY, type ScratchHost, scratchHost, stepOf } from '../support/cli.ts';

type Recovered = Ended & { readonly report: Report; readonly of: (service: string) => StepReport };

async function recover(host: ScratchHost, args: readonly string[], options = {}): Promise<Recovered> {
  const ended = await host.run(['--json', 'recover', ...args], options);
  const report = JSON.parse(ended.stdout) as Report; // of the shape that every command has
  return { ...ended, report, of: (service) => stepOf(report, `recover:${service}`) };
}

/** Two repositories, services of these names, all backed up. */
async function backedUp(t: TestContext, ...services: readonly string[]): Promise<ScratchHost> {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far', { location: 'offsite' });
  for (const name of services) host.addService(name);
  const { code, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  return host;
}

const lose = (host: ScratchHost, service: string): void => rmSync(host.path('data', service), { recursive: true });
const content = (host: ScratchHost, service: string): string => readFileSync(host.path('data', service, 'a.txt'), 'utf8');
/** A restic that notes each repository that it is asked to list. */
const noting = (
  host: ScratchHost,
): { readonly env: { readonly HOLDFAST_RESTIC: string }; readonly asked: () => string[] } => {
  const log = host.write('asked', '');
  const restic = host.script(
    'noting-restic',
    `case "$*" in *snapshots*) echo "\${RESTIC_REPOSITORY##*/}" >> ${log};; esac; exec restic "$@"`,
  );
  return { env: { HOLDFAST_RESTIC: restic }, asked: () => readFileSync(log, 'utf8').split('\n').filter(Boolean) };
};

test('what is lost comes back, what is there stays, and each repository is asked once, only when something is lost', async (t) => {
  const host = await backedUp(t, 'a', 'b', 'c');
  const { env, asked } = noting(host);
  const nothing = await recover(host, ['--all'], { env });
  assert.deepEqual([nothing.code, nothing.report.outcome, asked()], [0, 'skipped', []]);
  assert.equal(nothing.of('a').reason, 'its data is there');
  lose(host, 'a');
  lose(host, 'b');
  mkdirSync(host.path('data/b'));
  writeFileSync(host.path('data/c/late.txt'), 'live');
  const before = fingerprint(host.path('data/c'));
  const { code, of, stderr } = await recover(host, ['--all'], { env });
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => of(name).outcome),
    ['succeeded', 'succeeded', 'skipped'],
  );
  assert.deepEqual([content(host, 'a'), content(host, 'b')], ['a', 'b']);
  assert.deepEqual(fingerprint(host.path('data/c')), before);
  assert.deepEqual(asked(), ['near']);
  using journal = host.journal();
  const [proof] = journal.evidence({ service: 'a', kind: 'restore', complete: true, limit: 1 });
  assert.equal(proof?.repository, 'near');
  assert.deepEqual(host.leftovers(), []);
});

test('a rehearsal says what would come from where, how old and how large, and changes nothing', async (t) => {
  const host = await backedUp(t, 'a', 'b');
  lose(host, 'a');
  const before = fingerprint(host.root);
  const { code, of } = await recover(host, ['--all', '--dry-run']);
  assert.equal(code, 0);
  assert.partialDeepStrictEqual(of('a'), {
    outcome: 'planned',
    result: { action: 'restore', repository: 'near', files: 1, bytes: 1 },
  });
  assert.deepEqual(of('b').result, { service: 'b', action: 'skip', reason: 'its data is there' });
  const { stdout } = await host.run(['recover', '--all', '--dry-run']);
  assert.match(stdout, /^a +comes back +near +[0-9a-f]{8} +\S+ +1 +1 B$/m);
  assert.match(stdout, /1 service would come back \(1 B\), 1 would stay as they are/);
  assert.match(stdout, /How long it takes is not known of a: never drilled from there/);
  const changed = fingerprint(host.root).filter(
    (line) => !before.includes(line) && !/^(home|state|holdfast|near\/locks) ?/.test(line),
  );
  assert.deepEqual(changed, []);

  await host.run(['drill', 'b', '--repository', 'near']);
  lose(host, 'b');
  const both = await recover(host, ['--all', '--dry-run']);
  assert.equal((both.of('b').result?.['takes'] as { extrapolated: boolean } | null)?.extrapolated, false);
  const told = (await host.run(['recover', '--all', '--dry-run'])).stdout;
  assert.match(told, /By the last drills it takes .*s, and nobody knows how long of a: never drilled\s+from there/);
});

test('a silent repository is passed over for the next; when all are silent nothing is touched, whatever is allowed', async (t) => {
  const host = await backedUp(t, 'a', 'b');
  for (const name of ['a', 'b'])
    host.services[name] = {
      ...host.services[name],
      protection: { allowEmptyStart: true },
      recover: { onFailure: 'start-empty' },
    };
  lose(host, 'a');
  renameSync(host.path('near'), host.path('near-away'));
  const other = await recover(host, ['a']);
  assert.equal(other.of('a').outcome, 'succeeded', other.stderr);
  assert.match(other.report.warnings.join(), /a: near could not be asked .*: far is used instead/);
  lose(host, 'a');
  renameSync(host.path('far'), host.path('far-away'));
  const { code, of } = await recover(host, ['--all']);
  assert.deepEqual([code, of('a').outcome, of('a').error?.code], [2, 'failed', 'repository-unreachable']);
  assert.match(of('a').error?.message ?? '', /near did not answer .*far did not answer/);
  assert.ok(!existsSync(host.path('data/a')));
  assert.equal(of('b').outcome, 'skipped');
});

test('a new service starts empty with the word of a person, which is good for one time and only where all have answered', async (t) => {
  const host = await backedUp(t, 'a');
  const directory = host.addService('new');
  rmSync(directory, { recursive: true });
  const refused = await recover(host, ['new']);
  assert.deepEqual([refused.code, refused.of('new').error?.code], [2, 'snapshot-missing']);
  assert.match(refused.of('new').error?.hint ?? '', /allowEmptyStart: true, and then .*recover new --allow-empty-once/);
  const tooEarly = await host.run(['recover', 'new', '--allow-empty-once']);
  assert.deepEqual(
    [tooEarly.code, /does not allow that it ever starts empty/.test(tooEarly.stdout + tooEarly.stderr)],
    [2, true],
  );

  host.services['new'] = { ...host.services['new'], protection: { allowEmptyStart: true } };
  assert.equal((await recover(host, ['new'])).of('new').outcome, 'failed', 'its configuration alone is not enough');
  assert.equal((await host.run(['recover', 'new', '--allow-empty-once'])).code, 0);
  renameSync(host.path('far'), host.path('far-away'));
  assert.equal((await recover(host, ['new'])).of('new').error?.code, 'repository-unreachable');
  renameSync(host.path('far-away'), host.path('far'));
  host.services['new'] = { ...host.services['new'], unit: 'new.service' };
  for (const kind of ['typed by hand', 'and once more']) {
    const typed = await recover(host, ['new']);
    assert.deepEqual([typed.code, typed.of('new').error?.retry], [2, 'never'], kind);
    assert.match(typed.of('new').error?.message ?? '', /it may start empty, this once, by the start of its unit/, kind);
    assert.match(typed.of('new').error?.hint ?? '', /^systemctl start new\.service\./, kind);
  }
  const allowed = await recover(host, ['new', '--before-start']);
  assert.deepEqual([allowed.code, allowed.of('new').outcome], [0, 'succeeded'], allowed.stderr);
  assert.partialDeepStrictEqual(allowed.of('new').result, { action: 'start-empty', held: false });
  assert.match(allowed.of('new').warnings.join(), /it starts without data: near and far answered and hold nothing of it/);
  const next = await recover(host, ['new', '--before-start']);
  assert.equal(next.of('new').outcome, 'failed', 'it was for one start');
});

test('a word that was given more than a day ago, or by a clock that was ahead, is over', async (t) => {
  const host = await backedUp(t, 'a');
  rmSync(host.addService('new'), { recursive: true });
  host.services['new'] = { ...host.services['new'], protection: { allowEmptyStart: true } };
  assert.equal((await host.run(['recover', 'new', '--allow-empty-once'])).code, 0);
  using journal = host.journal();
  const [given] = journal.keptEffects('empty-start-allowed');
  assert.ok(given);
  for (const [hours, stands] of [
    [-1, false],
    [1, true],
    [25, false],
  ] as const)
    assert.equal(
      emptyStartAllowed(journal, 'new', (given.keptAt + hours * 3_600_000) as Instant) !== null,
      stands,
      `${hours} h`,
    );
  assert.equal(emptyStartAllowed(journal, 'a', given.keptAt), null, 'it is for one service');
});

test('a service that was started empty although there are copies is held until its data is back or somebody takes it as it is', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('a');
  const missing = host.path('data/missing');
  const policy = { protection: { allowEmptyStart: true }, recover: { onFailure: 'start-empty' } };
  host.services['a'] = { backup: { paths: [directory, missing] }, ...policy };
  assert.equal((await host.backUp()).code, 1, 'an incomplete copy is made');
  rmSync(directory, { recursive: true });
  const letStart = async (): Promise<void> => {
    assert.equal((await host.run(['recover', 'a', '--allow-empty-once'])).code, 0);
    const { code, of } = await recover(host, ['a', '--before-start']);
    assert.equal(code, 0);
    assert.partialDeepStrictEqual(of('a').result, { action: 'start-empty', held: true });
  };
  await letStart();
  for (const each of [directory, missing]) {
    mkdirSync(each);
    writeFileSync(join(each, 'a.txt'), 'new and small');
  }
  const dry = await host.run(['run', 'a', '--dry-run']);
  assert.notEqual(dry.code, 0);
  assert.match(dry.stderr, /a: it was started empty .* although there are copies/);
  const held = await host.backUp();
  assert.deepEqual([held.code, /started empty .* although there are copies/.test(held.stdout + held.stderr)], [2, true]);
  const { stdout } = await host.run(['retention', 'plan', 'a']);
  assert.match(stdout, /started empty|nothing goes|keep/i);
  assert.match((await host.run(['status'])).stdout, /it was started empty[\s\S]*looked: a/);

  assert.equal((await host.run(['recover', 'a', '--acknowledge-empty'])).code, 0);
  const after = await host.backUp();
  assert.equal(after.code, 0, after.stderr);
});

test('a copy that cannot be read or is found not good is passed over for that of another repository, and nothing bad is put in place', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far', { location: 'offsite' });
  const directory = host.addService('a', { 'state.json': '{"good": 1}' });
  const validators = [{ type: 'json', path: 'state.json' }];
  host.services['a'] = { backup: { paths: [directory] }, protection: { validators } };
  assert.equal((await host.backUp()).code, 0);
  const good = readFileSync(join(directory, 'state.json'), 'utf8');
  writeFileSync(join(directory, 'state.json'), '{"half": ');
  assert.equal((await host.backUp(['--repository', 'near'])).code, 0);

  rmSync(directory, { recursive: true });
  const older = await recover(host, ['a']);
  assert.equal(older.code, 0, older.stderr);
  assert.match(
    older.of('a').warnings.join(),
    /near could not give it back \(snapshot [0-9a-f]{8} was restored, and json state.json says .*far is used instead/,
  );
  assert.equal(readFileSync(join(directory, 'state.json'), 'utf8'), good);

  rmSync(directory, { recursive: true });
  for (const each of readdirSync(host.path('near/data'))) rmSync(host.path('near/data', each), { recursive: true });
  const other = await recover(host, ['a']);
  assert.deepEqual([other.code, other.of('a').outcome], [0, 'succeeded'], other.stderr);

  rmSync(directory, { recursive: true });
  host.services['a'] = { ...host.services['a'], protection: { validators: [{ type: 'files', path: '.', minCount: 9 }] } };
  const none = await recover(host, ['a']);
  assert.deepEqual([none.code, none.of('a').outcome, existsSync(directory)], [2, 'failed', false]);
  assert.match(
    none.of('a').error?.message ?? '',
    /no other repository could give it back: far: .* there must be at least 9 files/,
  );
  assert.deepEqual(host.leftovers(), []);
});

test('data of another host is never taken, and a repository without what was put into it starts nothing empty', async (t) => {
  const host = await backedUp(t, 'a');
  host.services['a'] = { ...host.services['a'], protection: { allowEmptyStart: true } };
  host.configure({ host: 'other' });
  lose(host, 'a');
  const { code, of } = await recover(host, ['a']);
  assert.deepEqual([code, of('a').error?.code], [2, 'refused']);
  assert.match(of('a').error?.message ?? '', /answered and hold nothing of it, although [0-9a-f]{8} was put into near/);
});

test('copies that were removed on purpose let a service start anew with the word of a person who names each of them', async (t) => {
  const host = await backedUp(t, 'a');
  host.services['a'] = { ...host.services['a'], protection: { allowEmptyStart: true } };
  const held = await Promise.all(['near', 'far'].map((repository) => host.snapshots(repository)));
  const ids = held.map(([only]) => only?.id ?? '');
  await Promise.all(
    ['near', 'far'].map((repository, index) => host.restic(repository, ['forget', '--prune', ids[index] ?? ''])),
  );
  lose(host, 'a');
  const { of } = await recover(host, ['a', '--before-start']);
  assert.match(of('a').error?.message ?? '', /hold nothing of it, although [0-9a-f]{8} was put into near/);
  const plain = await host.run(['recover', 'a', '--allow-empty-once']);
  const said = plain.stdout + plain.stderr;
  assert.equal(plain.code, 2);
  for (const [index, repository] of ['near', 'far'].entries())
    assert.match(said, new RegExp(`${repository}: ${ids[index]?.slice(0, 8)} of 20\\S+ \\(1 file, 1 B\\)`));
  const words = ids.flatMap((id) => ['--gone', id.slice(0, 8)]);
  assert.equal((await host.run(['recover', 'a', '--allow-empty-once', ...words.slice(0, 2)])).code, 2, 'one is left');
  assert.notEqual((await host.run(['recover', 'a', '--allow-empty-once', ...words, '--gone', '01234567'])).code, 0);
  assert.equal((await recover(host, ['a', '--before-start'])).of('a').outcome, 'failed', 'nothing was allowed until now');
  assert.equal((await host.run(['recover', 'a', '--allow-empty-once', ...words])).code, 0);
  const started = await recover(host, ['a', '--before-start']);
  assert.partialDeepStrictEqual(started.of('a').result, { action: 'start-empty', held: false });
  assert.equal((await recover(host, ['a', '--before-start'])).of('a').outcome, 'failed', 'it was for one start');
});

test('one service that cannot come back does not keep the others from it', async (t) => {
  const host = await backedUp(t, 'a', 'z');
  const half = host.path('data/half');
  mkdirSync(join(half, 'one'), { recursive: true });
  mkdirSync(join(half, 'two'));
  for (const each of ['one', 'two']) writeFileSync(join(half, each, 'x'), each);
  host.services['half'] = { backup: { paths: [join(half, 'one'), join(half, 'two')] } };
  host.services['cache'] = { protection: { class: 'ephemeral' } };
  await host.backUp(['half']);
  rmSync(join(half, 'one'), { recursive: true });
  lose(host, 'a');
  lose(host, 'z');
  const { code, of } = await recover(host, ['--all']);
  assert.equal(code, 1);
  assert.deepEqual([of('a').outcome, of('z').outcome, of('cache').outcome], ['succeeded', 'succeeded', 'skipped']);
  assert.equal(of('half').error?.code, 'refused');
  assert.match(of('half').error?.message ?? '', /half\/one is absent, but .*half\/two has data/);
  assert.match(of('half').error?.hint ?? '', /restore half --in-place/);
  assert.ok(!existsSync(join(half, 'one')));
});

test('what was empty when it was backed up is no loss; a new file system with its lost+found is', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('a');
  mkdirSync(host.path('data/void'));
  host.services['a'] = { backup: { paths: [directory, host.path('data/void')], allowEmpty: true } };
  assert.equal((await host.backUp()).code, 0);
  assert.equal((await recover(host, ['a'])).of('a').reason, 'its data is there');
  lose(host, 'a');
  mkdirSync(join(directory, 'lost+found'), { recursive: true });
  assert.equal((await recover(host, ['a'])).of('a').outcome, 'succeeded');
  assert.equal(content(host, 'a'), 'a');
});

test('what cannot be looked at, or leads nowhere, is blocked: nobody knows whether its data is there', async (t) => {
  const host = await backedUp(t, 'a', 'b');
  host.giveTo(NOBODY);
  lose(host, 'b');
  symlinkSync('/nowhere/at/all', host.path('data/b'));
  const closed = host.path('data/closed');
  mkdirSync(closed);
  renameSync(host.path('data/a'), join(closed, 'a'));
  host.services['a'] = { backup: { paths: [join(closed, 'a')] } };
  chmodSync(closed, 0o000);
  const { code, of } = await recover(host, ['--all'], { under: asOrdinaryUser() });
  assert.deepEqual([code, of('a').error?.code, of('b').error?.code], [2, 'refused', 'refused']);
  assert.match(of('a').error?.message ?? '', /Permission denied/);
  assert.match(of('b').error?.message ?? '', /symbolic link to nothing/);
});

test('a mount that should be there and is not is told: nothing is put onto the disk below it', async (t) => {
  const host = await backedUp(t, 'a');
  lose(host, 'a');
  host.configure({
    gate: { default: { preflight: [{ path: host.path('data'), mounted: true }], stages: [{ name: 'jobs', jobs: ['*'] }] } },
  });
  const mount = await recover(host, ['a']);
  assert.match(mount.of('a').error?.message ?? '', /nothing is mounted at .*data, where .*data\/a belongs/);
  host.configure({ gate: undefined });
  rmSync(host.path('data'), { recursive: true });
  const parent = await recover(host, ['a']);
  const { code, retry } = parent.of('a').error ?? {};
  assert.deepEqual([code, retry], ['not-mounted', 'later'], 'it may only be late');
  assert.match(parent.of('a').error?.hint ?? '', /mkdir -p/);
});

test('an incomplete copy is not taken by itself', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('a');
  host.services['a'] = { backup: { paths: [directory, host.path('data/missing')] } };
  assert.equal((await host.backUp()).code, 1);
  rmSync(directory, { recursive: true });
  const { of } = await recover(host, ['a']);
  assert.equal(of('a').error?.code, 'refused');
  assert.match(of('a').error?.hint ?? '', /--snapshot [0-9a-f]{8}/);
});

test('into a mount point: the directory stays, its content comes back', async (t) => {
  const host = await backedUp(t, 'a');
  for (const each of readdirSync(host.path('data/a'))) rmSync(host.path('data/a', each));
  const under = [
    'unshare',
    ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    'mount -t tmpfs tmpfs "$1" || exit 99; copy=$2; d=$1; shift 2; "$@"; code=$?; cp -a "$d" "$copy"; exit $code',
    'sh',
    host.path('data/a'),
    host.path('copy'),
  ];
  const { code, of, stderr } = await recover(host, ['a'], { under });
  assert.deepEqual([code, of('a').outcome], [0, 'succeeded'], stderr);
  assert.deepEqual(readdirSync(host.path('copy')), ['a.txt']);
});

test('killed in the middle it starts over: the path holds nothing or all of it, never half', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${index}.txt`, `${index}`.repeat(100)]));
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('a', files);
  await host.backUp();
  // where restic has just restored, and where its listing is compared
  const marker = host.path('reached');
  for (const verb of ['restore', 'ls']) {
    rmSync(directory, { recursive: true, force: true });
    rmSync(marker, { force: true });
    const restic = host.script(
      `stop-${verb}`,
      `restic "$@"; code=$?; case "$*" in *" ${verb} "*) echo > ${marker}; echo "reached" >&2; kill -9 "$(cat ${host.path('pid')})"; sleep 60;; esac; exit $code`,
    );
    const wrapper = host.script('with-pid', `echo $$ > ${host.path('pid')}; exec "$@"`);
    const killed = await host.run(['recover', 'a'], { env: { HOLDFAST_RESTIC: restic }, under: [wrapper] });
    assert.deepEqual([killed.signal, existsSync(marker)], ['SIGKILL', true], killed.stderr);
    assert.ok(!existsSync(directory));
    const again = await recover(host, ['a']);
    assert.equal(again.of('a').outcome, 'succeeded', again.stderr);
    assert.deepEqual(
      Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')])),
      files,
    );
    assert.deepEqual(readdirSync(dirname(directory)), ['a']);
  }
  assert.deepEqual(host.leftovers(), []);
});

test('neither names nor --all, or both, is the wrong command line', async (t) => {
  const host = await backedUp(t, 'a');
  assert.equal((await host.run(['recover'])).code, 64);
  assert.equal((await host.run(['recover', 'a', '--all'])).code, 64);
  assert.equal((await host.run(['recover', 'typo'])).code, 64);
});
