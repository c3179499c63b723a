// `holdfast restore`: what comes back, what is refused, and that nothing is lost on the way.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { compareTrees } from '../../src/engine/restore/compare-trees.ts';
import { type Ended, fingerprint, listFiles, type ScratchHost, scratchHost, stepOf } from '../support/cli.ts';
import { makeOddTree, SPARSE_SIZE } from '../support/tree.ts';
import { mounted } from '../support/mounted.ts';

const signal = new AbortController().signal;

const reportOf = ({ stdout, stderr }: Ended): Report => {
  try {
    return JSON.parse(stdout) as Report; // its shape has a test of its own
  } catch {
    throw new Error(`not one JSON document: ${stdout}\n${stderr}`);
  }
};

/** Two repositories, one service, one backup. */
async function backedUp(t: Parameters<typeof scratchHost>[0]): Promise<{ host: ScratchHost; data: string }> {
  const host = scratchHost(t);
  host.addRepository('near', { primary: true });
  host.addRepository('far', { location: 'offsite' });
  const data = host.addService('notes', { 'a.txt': 'first', 'sub/b.txt': 'second' });
  assert.equal((await host.backUp()).code, 0);
  return { host, data };
}

const asideOf = (data: string): string[] =>
  readdirSync(join(data, '..')).filter((name) => name.startsWith('.notes.before-'));

test('everything odd survives backup and restore, into a directory and in place', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const original = host.path('data/odd');
  makeOddTree(original);
  host.services['odd'] = { backup: { paths: [original] } };
  assert.equal((await host.backUp()).code, 0);

  const ended = await host.run(['--json', 'restore', 'odd', '--to', host.path('out')]);
  assert.equal(ended.code, 0, ended.stderr);
  const { result } = stepOf(reportOf(ended), 'restore:odd@near');
  assert.equal(result?.['verified'], 'content and listing');
  const back = join(host.path('out'), original);
  const there = await compareTrees(original, back, signal);
  assert.deepEqual(there.differences, []);
  assert.ok(there.entries > 20);
  assert.equal(there.attributesCompared, true, 'getfattr is part of the test tools');
  assert.equal(result['files'], there.files);
  assert.equal(result['bytes'], there.bytes);
  assert.ok(statSync(join(back, 'sparse')).blocks * 512 < SPARSE_SIZE / 4, 'holes stay holes');

  const copy = host.path('copy');
  renameSync(original, copy);
  const inPlace = await host.run(['restore', 'odd', '--in-place']);
  assert.equal(inPlace.code, 0, inPlace.stderr);
  assert.deepEqual((await compareTrees(copy, original, signal)).differences, []);
  assert.deepEqual(host.leftovers(), []);
});

test('a comparison of trees sees each kind of difference', async (t) => {
  const host = scratchHost(t);
  const [a, b] = [host.path('a'), host.path('b')];
  makeOddTree(a);
  execFileSync('cp', ['--archive', '--sparse=always', a, b]);
  assert.deepEqual((await compareTrees(a, b, signal)).differences, []);
  rmSync(join(b, 'three'));
  writeFileSync(join(b, 'plain.txt'), 'plaim\n');
  chmodSync(join(b, 'setuid'), 0o755);
  rmSync(join(b, 'empty'));
  writeFileSync(join(b, 'more'), '');
  writeFileSync(join(b, 'three'), 'three names');
  const told = (await compareTrees(a, b, signal)).differences.join('\n');
  for (const sentence of [
    'plain.txt: content',
    'setuid: mode was 4755',
    'empty: missing',
    'more: not there before',
    'hard link to',
  ]) {
    assert.ok(told.includes(sentence), `${sentence} in\n${told}`);
  }
});

test('in place the old data is kept, the new is complete, and the report says where', async (t) => {
  const { host, data } = await backedUp(t);
  writeFileSync(join(data, 'a.txt'), 'spoilt');
  writeFileSync(join(data, 'late.txt'), 'written after the backup');
  const ended = await host.run(['--json', 'restore', 'notes', '--in-place']);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'first');
  assert.deepEqual(listFiles(data), ['a.txt', 'sub', 'sub/b.txt']);
  const { result } = stepOf(reportOf(ended), 'restore:notes@near');
  const [aside = ''] = asideOf(data);
  assert.deepEqual(result?.['kept'], [{ path: data, keptAt: host.path('data', aside) }]);
  assert.equal(readFileSync(host.path('data', aside, 'late.txt'), 'utf8'), 'written after the backup');
  assert.deepEqual(readdirSync(host.path('data')).toSorted(), [aside, 'notes']);
  assert.deepEqual(host.leftovers(), []);
  using journal = host.journal();
  const [fact] = journal.evidence({ service: 'notes', kind: 'restore', limit: 1 });
  assert.equal(fact?.complete, true);
  assert.equal(fact.detail['verified'], 'content and listing');
});

test('a service whose data is gone gets it back, and there is nothing to keep', async (t) => {
  const { host, data } = await backedUp(t);
  rmSync(data, { recursive: true });
  const ended = await host.run(['--json', 'restore', 'notes', '--in-place']);
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(listFiles(data), ['a.txt', 'sub', 'sub/b.txt']);
  assert.deepEqual(asideOf(data), []);
});

test('a dry run shows the restore and changes nothing', async (t) => {
  const { host, data } = await backedUp(t);
  const before = [...fingerprint(host.path('data')), ...fingerprint(host.stateDir)];
  for (const where of [['--in-place'], ['--to', host.path('out')]]) {
    const ended = await host.run(['--json', 'restore', 'notes', '--dry-run', ...where]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(
      reportOf(ended).steps.map(({ id, outcome }) => [id, outcome]),
      [['restore:notes@near', 'planned']],
    );
  }
  assert.deepEqual([...fingerprint(host.path('data')), ...fingerprint(host.stateDir)], before);
  assert.ok(!existsSync(host.path('out')) && existsSync(data));
});

test('a destination that holds anything, or lies in live data or a repository, is refused and left alone', async (t) => {
  const { host, data } = await backedUp(t);
  host.write('full/file', 'mine');
  host.write('file', 'mine');
  mkdirSync(host.path('vacant'), { mode: 0o751 });
  const before = fingerprint(host.path('data'));
  for (const [to, words] of [
    [host.path('full'), /not empty/],
    [host.path('file'), /not a directory/],
    [join(data, 'new'), /live data of notes/],
    [host.path('near/new'), /in the repository near/],
    [host.path('no/such/parent'), /no\/such is not a directory/],
    ['/', /root directory/],
  ] as const) {
    const ended = await host.run(['restore', 'notes', '--to', to]);
    assert.equal(ended.code, 2, to);
    assert.match(ended.stderr, words);
    assert.match(ended.stderr, /^hint: /m);
  }
  assert.deepEqual(fingerprint(host.path('data')), before);
  const ended = await host.run(['restore', 'notes', '--to', host.path('vacant')]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(lstatSync(host.path('vacant')).mode & 0o777, 0o751);
  assert.equal(readFileSync(join(host.path('vacant'), data, 'a.txt'), 'utf8'), 'first');
});

test('--include brings back a part with what is below it, and says when there is no such thing', async (t) => {
  const { host, data } = await backedUp(t);
  const part = await host.run(['restore', 'notes', '--to', host.path('part'), '--include', 'sub']);
  assert.equal(part.code, 0, part.stderr);
  assert.deepEqual(listFiles(join(host.path('part'), data)), ['sub', 'sub/b.txt']);
  const nothing = await host.run(['restore', 'notes', '--to', host.path('none'), '--include', 'typo']);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr + nothing.stdout, /does not hold .*typo/);
  assert.ok(!existsSync(host.path('none')));
  assert.deepEqual(
    readdirSync(host.root).filter((name) => name.includes('restoring')),
    [],
  );
});

test('the newest complete snapshot is taken, an older one by time or id, and another service’s never', async (t) => {
  const { host, data } = await backedUp(t);
  host.addService('mail', { inbox: 'letters' });
  assert.equal((await host.backUp(['mail'])).code, 0);
  const [first] = await host.snapshots('near');
  writeFileSync(join(data, 'a.txt'), 'changed');
  assert.equal((await host.backUp(['notes', '--repository', 'near'])).code, 0);
  const restored = async (name: string, ...args: string[]): Promise<string> => {
    const ended = await host.run(['restore', 'notes', '--to', host.path(name), ...args]);
    assert.equal(ended.code, 0, ended.stderr);
    return readFileSync(join(host.path(name), data, 'a.txt'), 'utf8');
  };
  assert.equal(await restored('newest'), 'changed');
  assert.equal(await restored('by-id', '--snapshot', String(first?.id.slice(0, 8))), 'first');
  assert.equal(await restored('by-time', '--at', String(first?.time)), 'first');
  const mail = (await host.snapshots('near')).find(({ tags }) => tags?.includes('holdfast:job=mail'));
  for (const [args, words, code] of [
    [['--snapshot', String(mail?.id.slice(0, 10))], /is of mail on host testhost, not notes/, 2],
    [['--snapshot', 'ffffffff'], /no snapshot ffffffff/, 2],
    [['--at', '900d'], /holds no snapshot of notes .* not after/, 2],
    [['--snapshot', 'xyz'], /no snapshot id/, 64],
    [['--at', 'yesterday'], /expected 2026/, 64],
    [['--host', 'elsewhere'], /Of other hosts there are some: --host testhost\./, 2],
    [['--repository', 'nearr'], /Did you mean near/, 64],
  ] as const) {
    const ended = await host.run(['restore', 'notes', '--to', host.path('wrong'), ...args]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, words);
  }
  assert.ok(!existsSync(host.path('wrong')));
});

test('an unreachable primary is passed over with a warning; one that answers with nothing is not', async (t) => {
  const { host } = await backedUp(t);
  host.addService('later', { x: 'x' });
  assert.equal((await host.backUp(['later', '--repository', 'far'])).code, 0);
  const empty = await host.run(['restore', 'later', '--to', host.path('out')]);
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /near answered, and holds no snapshot of later/);
  assert.match(empty.stderr, /--repository far/);
  assert.ok(!existsSync(host.path('out')));
  renameSync(host.path('near'), host.path('unplugged'));
  const ended = await host.run(['--json', 'restore', 'notes', '--to', host.path('out')]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(reportOf(ended).warnings.join('\n'), /near could not be asked .* far is used instead/);
  assert.equal(stepOf(reportOf(ended), 'restore:notes@far').outcome, 'succeeded');
});

test('damage in the repository is told, and nothing is put in place', async (t) => {
  const { host, data } = await backedUp(t);
  const near = host.path('near/data');
  for (const name of listFiles(near).filter((each) => each.length > 64)) {
    const pack = join(near, name);
    const bytes = readFileSync(pack);
    chmodSync(pack, 0o600);
    writeFileSync(pack, bytes.fill(0, 0, 40));
  }
  writeFileSync(join(data, 'a.txt'), 'live');
  for (const where of [['--in-place'], ['--to', host.path('out')]]) {
    const ended = await host.run(['restore', 'notes', '--repository', 'near', ...where]);
    assert.equal(ended.code, 2, ended.stdout);
    assert.match(ended.stderr + ended.stdout, /error: .*\n(?:.*\n)*hint: /);
  }
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'live');
  assert.deepEqual(readdirSync(host.path('data')), ['notes']);
  assert.ok(!existsSync(host.path('out')));
});

test('a restore needs no configuration and no state, only the URL and the password', async (t) => {
  const { host, data } = await backedUp(t);
  cpSync(host.path('far'), host.path('carried'), { recursive: true });
  const blocked = host.write('a-file', '');
  const bare = (...args: string[]): Promise<Ended> =>
    host.run(
      [
        '--state-dir',
        join(blocked, 'state'),
        'restore',
        '--url',
        host.path('carried'),
        '--password-file',
        host.path('password'),
        ...args,
      ],
      { env: { HOLDFAST_CONFIG: '/nowhere' } },
    );
  const wrongHost = await bare('--to', host.path('x'));
  assert.equal(wrongHost.code, 2);
  assert.match(wrongHost.stderr, /Of other hosts there are some: --host testhost\./);
  const ended = await bare('--host', 'testhost', '--service', 'notes', '--to', host.path('out'));
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /going on without history/);
  assert.equal(readFileSync(join(host.path('out'), data, 'sub/b.txt'), 'utf8'), 'second');
  const [snapshot] = await host.snapshots('far');
  const byId = await bare('--snapshot', String(snapshot?.id), '--to', host.path('out2'));
  assert.equal(byId.code, 0, byId.stderr);
  assert.equal((await bare('--in-place')).code, 64);
});

test('a wrong combination is a usage error before anything is read', async (t) => {
  const { host } = await backedUp(t);
  for (const args of [
    [],
    ['--to', '/x', '--in-place'],
    ['--in-place', '--include', 'a'],
    ['--to', '/x', '--snapshot', 'abcd', '--at', '3d'],
    ['--to', '/x', '--url', '/x'],
    ['--to', '/x', '--password-file', '/x'],
  ]) {
    assert.equal((await host.run(['restore', 'notes', ...args])).code, 64, args.join(' '));
  }
  assert.match(
    (await host.run(['restore', 'notes', '--to', '/x', '--in-place'])).stderr,
    /--to and --in-place exclude each other/,
  );
  assert.equal((await host.run(['restore', 'nots', '--to', '/x'])).code, 64);
});

test('the unit is stopped before the swap and started after it; one that will not start makes it partial', async (t) => {
  const { host, data } = await backedUp(t);
  host.services['notes'] = { ...host.services['notes'], unit: 'notes.service' };
  const log = host.path('unit.log');
  // There is no systemd here to be asked: this one answers as it does, and notes down what the data was when it was told.
  host.script(
    'bin/systemctl',
    `case $1 in
show) printf 'LoadState=loaded\\nActiveState=%s\\nSubState=x\\n' "\${FAKE_STATE:-active}";;
*) echo "$1 $(cat ${join(data, 'a.txt')})" >> ${log}; [ "$1" != start ] || [ -z "$FAKE_FAIL" ] || { echo 'Job for notes.service failed.' >&2; exit 1; };;
esac`,
  );
  const path = `${host.path('bin')}:${process.env['PATH'] ?? ''}`;
  const { PATH: tools } = await import('../support/cli.ts');
  const env = { PATH: `${host.path('bin')}:${tools}:${path}` };
  writeFileSync(join(data, 'a.txt'), 'spoilt');
  assert.equal((await host.run(['restore', 'notes', '--in-place'], { env })).code, 0);
  assert.equal(readFileSync(log, 'utf8'), 'stop spoilt\nstart first\n');

  rmSync(log);
  assert.equal((await host.run(['restore', 'notes', '--in-place'], { env: { ...env, FAKE_STATE: 'inactive' } })).code, 0);
  assert.ok(!existsSync(log), 'a unit that does not run is left alone');

  writeFileSync(join(data, 'a.txt'), 'spoilt');
  const failed = await host.run(['--json', 'restore', 'notes', '--in-place'], { env: { ...env, FAKE_FAIL: 'yes' } });
  assert.equal(failed.code, 1, failed.stderr);
  assert.match(String(stepOf(reportOf(failed), 'restore:notes@near').reason), /did not start/);
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'first');
});

test('a mount point stays: its entries are replaced and the old ones kept inside it', async (t) => {
  const { host, data } = await backedUp(t);
  writeFileSync(join(data, 'a.txt'), 'spoilt');
  writeFileSync(join(data, 'late.txt'), 'late');
  mkdirSync(join(data, 'lost+found'));
  chmodSync(data, 0o700);
  const before = lstatSync(data).ino;
  const ended = await host.run(['--json', 'restore', 'notes', '--in-place'], { under: mounted('--bind', data, data) });
  assert.equal(ended.code, 0, ended.stderr);
  const report = reportOf(ended);
  assert.match(report.warnings.join(), /is a mount point: the old data is kept inside it/);
  const aside = readdirSync(data).find((name) => name.startsWith('.notes.before-')) ?? '';
  assert.deepEqual(readdirSync(data).toSorted(), [aside, 'a.txt', 'lost+found', 'sub']);
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'first');
  assert.deepEqual(listFiles(join(data, aside)), ['a.txt', 'late.txt', 'sub', 'sub/b.txt']);
  assert.equal(lstatSync(data).ino, before);
  assert.equal(lstatSync(data).mode & 0o777, 0o755, 'its mode is the one of the snapshot');
  assert.deepEqual(stepOf(report, 'restore:notes@near').result?.['kept'], [{ path: data, keptAt: join(data, aside) }]);
  assert.deepEqual(host.leftovers(), []);
});

test('what is mounted inside the live data, or at the destination, is refused', async (t) => {
  const { host, data } = await backedUp(t);
  const sub = join(data, 'sub');
  const inside = await host.run(['restore', 'notes', '--in-place'], { under: mounted('--bind', sub, sub) });
  assert.equal(inside.code, 2);
  assert.match(inside.stderr, /sub is mounted inside it/);
  mkdirSync(host.path('disk'));
  const disk = await host.run(['restore', 'notes', '--to', host.path('disk')], {
    under: mounted('-t', 'tmpfs', 'none', host.path('disk')),
  });
  assert.equal(disk.code, 2);
  assert.match(disk.stderr, /mount point.*\nhint: .*disk\/restored/);
});

test('a destination that is too small is refused before anything is written', async (t) => {
  const { host, data } = await backedUp(t);
  writeFileSync(join(data, 'large'), Buffer.alloc(3_000_000, 'x'));
  assert.equal((await host.backUp(['--repository', 'near'])).code, 0);
  mkdirSync(host.path('disk'));
  const ended = await host.run(['--json', 'restore', 'notes', '--to', host.path('disk/out')], {
    under: mounted('-t', 'tmpfs', '-o', 'size=1m', 'none', host.path('disk')),
  });
  assert.equal(ended.code, 2);
  const { error } = stepOf(reportOf(ended), 'restore:notes@near');
  assert.equal(error?.code, 'no-space');
  assert.match(error.message, /2\.86 MiB are to be restored, 1\.00 MiB are free|are free/);
});

test('SIGINT ends a restore with 130, and takes back what was begun', async (t) => {
  const { host, data } = await backedUp(t);
  writeFileSync(join(data, 'a.txt'), 'live');
  const started = host.start(['--verbose', 'restore', 'notes', '--in-place']);
  await started.said(/in place \.\.\./);
  started.child.kill('SIGINT');
  assert.equal((await started.ended).code, 130);
  assert.equal(readFileSync(join(data, 'a.txt'), 'utf8'), 'live');
  assert.deepEqual(readdirSync(host.path('data')), ['notes']);
  assert.deepEqual(host.leftovers(), []);
});
