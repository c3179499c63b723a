// `holdfast verify`: every damage is found, told down to services and paths, and on record; what could not be looked at is
// neither damaged nor well.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report, StepReport } from '../../src/domain/report.ts';
import type { Damage, Verification } from '../../src/domain/verification.ts';
import { appears } from '../support/appears.ts';
import { asOrdinaryUser, type Ended, NOBODY, type ScratchHost, scratchHost, stepOf } from '../support/cli.ts';
import { DAMAGES, itemsOf, pathOf, randomFrom } from '../support/damage.ts';

const random = randomFrom(1);

/** Two services in two repositories, one backup of each. */
async function backedUp(t: TestContext): Promise<{ host: ScratchHost; near: string }> {
  const host = scratchHost(t);
  const near = host.addRepository('near', { primary: true });
  host.addRepository('far', { location: 'offsite' });
  // so many names that their directory is larger than what keeps the configuration
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`small/${index}`, String(index)]));
  host.addService('notes', { 'a.bin': randomBytes(300_000), ...many });
  host.addService('photos', { 'p.bin': randomBytes(200_000) });
  assert.equal((await host.backUp()).code, 0);
  return { host, near };
}

const reportOf = ({ stdout, stderr }: Ended): Report => {
  try {
    return JSON.parse(stdout) as Report; // its shape has a test of its own
  } catch {
    throw new Error(`not one JSON document: ${stdout}\n${stderr}`);
  }
};

async function verify(host: ScratchHost, args: readonly string[] = ['near']): Promise<Ended & { report: Report }> {
  const ended = await host.run(['--json', 'verify', ...args]);
  return { ...ended, report: reportOf(ended) };
}

const resultOf = (step: StepReport): Verification => step.result as Verification; // as the step wrote it
const flawsOf = (report: Report, repository = 'near'): string[] => {
  const steps = report.steps.filter((step) => step.repository === repository && step.result?.['flaws'] !== undefined);
  return [...new Set(steps.flatMap((step) => resultOf(step).flaws.map(({ item, problem }) => `${problem} ${item}`)))];
};

/** Of a repository as a whole, newest first. */
function facts(host: ScratchHost, repository = 'near'): { how: string; complete: boolean; detail: Verification }[] {
  using journal = host.journal();
  return journal
    .evidence({ service: '', repository, kind: 'verify', limit: 100 })
    .map(({ complete, detail }) => ({ complete, detail: detail as Verification })) // written from one
    .map((fact) => ({ ...fact, how: fact.detail.how }));
}

/** The file of a snapshot of notes. */
function ownSnapshot(host: ScratchHost): string {
  using journal = host.journal();
  const [newest] = journal.evidence({ service: 'notes', repository: 'near', kind: 'backup', limit: 1 });
  return `snapshots/${newest?.snapshotId ?? ''}`;
}

function damageTo(host: ScratchHost, service: string): Damage[] {
  using journal = host.journal();
  return journal.evidence({ service, repository: 'near', kind: 'damage', limit: 100 }).map(({ detail }) => detail as Damage); // written from one
}

test('a whole repository is verified by its files and by restic, and that is on record', async (t) => {
  const { host } = await backedUp(t);
  const { code, stderr, report } = await verify(host, []);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    report.steps.filter(({ weight }) => weight === 'counted').map(({ id, outcome }) => `${id} ${outcome}`),
    ['scrub:near succeeded', 'verify:near succeeded', 'scrub:far succeeded', 'verify:far succeeded'],
  );
  assert.deepEqual(
    facts(host).map(({ how, complete, detail }) => [how, complete, detail.slice, detail['place']]),
    [
      ['check', true, null, host.path('near')],
      ['names', true, { index: 1, of: 10 }, host.path('near')],
    ],
  );
  assert.deepEqual(host.leftovers(), []);
  assert.deepEqual(host.locks('near'), []);
});

test('a damaged pack is told down to services, snapshots and paths, with what still holds them', async (t) => {
  const { host, near } = await backedUp(t);
  const [pack = ''] = itemsOf(near, 'data');
  DAMAGES.flip(pathOf(near, pack), random);
  const { code, report } = await verify(host, ['near', '--data', '100%']);
  assert.equal(code, 2);
  assert.deepEqual(flawsOf(report), [`damaged ${pack}`]);
  for (const id of ['scrub:near', 'verify:near']) {
    const step = stepOf(report, id);
    assert.equal(step.outcome, 'failed');
    assert.equal(step.error?.code, 'damaged');
    assert.match(step.error?.message ?? '', /touched: notes \(1 snapshot\)/);
    assert.match(step.error?.hint ?? '', /complete copy of notes is in far .*repair packs [0-9a-f]{64}/);
    const [touched] = (step.result?.['touched'] ?? []) as { paths: string[]; service: string }[]; // as the step wrote it
    assert.equal(touched?.service, 'notes');
    assert.ok(touched?.paths.includes(host.path('data/notes/a.bin')));
  }
  assert.deepEqual(
    facts(host).map(({ how, complete }) => [how, complete]),
    [
      ['check', false],
      ['names', false],
    ],
  );
  assert.deepEqual(damageTo(host, 'photos'), []);
  const [damage, ...others] = damageTo(host, 'notes');
  assert.deepEqual(others, []);
  assert.deepEqual(damage?.items, [pack]);
  assert.ok(damage?.paths.includes(host.path('data/notes/a.bin')));
  const screen = await host.run(['verify', 'near', '--data', '100%']);
  assert.match(screen.stdout, /DAMAGE +damaged data\/[0-9a-f]{64}/);
  assert.match(screen.stdout, /touched +notes: [0-9a-f]{8} of .*: \d+ paths?\n +.*data\/notes\/a\.bin/);
});

test('stock restic repairs as the hint says, and the next verification sees that it did', async (t) => {
  const { host, near } = await backedUp(t);
  const [pack = ''] = itemsOf(near, 'data');
  DAMAGES.flip(pathOf(near, pack), random);
  assert.equal((await verify(host, ['near', '--data', '100%'])).code, 2);
  const copy = await host.startRestic('near', ['repair', 'packs', pack.slice('data/'.length)]).ended;
  assert.equal(copy.code, 0, copy.stderr);
  writeFileSync(host.path('data/notes/a.bin'), randomBytes(10));
  assert.equal((await host.backUp()).code, 0);
  await host.restic('near', ['repair', 'snapshots', '--forget']);
  // old snapshots are rewritten under new ids: that the ones on record are gone is told once
  assert.equal((await verify(host, ['near', '--data', '100%'])).code, 1);
  const { code, report } = await verify(host, ['near', '--data', '100%']);
  assert.equal(code, 0, JSON.stringify(report.steps, null, 1));
  assert.ok(facts(host).some(({ detail }) => detail.gone.includes(pack)));
});

test('each kind of file that is damaged or missing is named, with whom it touches', async (t) => {
  const { host, near } = await backedUp(t);
  for (const name of ['near', 'state']) cpSync(host.path(name), host.path('whole', name), { recursive: true });
  for (const [kind, index, damage, expected] of [
    ['data', 0, DAMAGES.delete, 'missing'],
    ['data', 0, DAMAGES.cut, 'damaged'],
    ['data', 2, DAMAGES.flip, 'damaged'], // directories
    ['data', 2, DAMAGES.delete, 'missing'],
    ['index', 0, DAMAGES.flip, 'damaged'],
    ['snapshots', 0, DAMAGES.flip, 'damaged'],
    ['keys', 0, DAMAGES.flip, 'damaged'],
    ['config', 0, DAMAGES.flip, 'damaged'],
    ['config', 0, DAMAGES.delete, 'missing'],
  ] as const) {
    for (const name of ['near', 'state']) {
      rmSync(host.path(name), { recursive: true });
      cpSync(host.path('whole', name), host.path(name), { recursive: true });
    }
    const item = kind === 'snapshots' ? ownSnapshot(host) : (itemsOf(near, kind).at(index) ?? '');
    damage(pathOf(near, item), random);
    const { code, report } = await verify(host, ['near', '--data', '100%']);
    assert.equal(code, 2, item);
    assert.ok(flawsOf(report).includes(`${expected} ${item}`), `${item}: ${flawsOf(report).join()}`);
    assert.equal(flawsOf(report).length, 1);
    const touched = [...damageTo(host, 'notes'), ...damageTo(host, 'photos')];
    assert.ok(touched.length > 0);
    assert.ok(touched.every(({ items }) => items.includes(item)));
    if (kind === 'config') assert.equal(touched.length, 2); // everything
    if (kind === 'snapshots') assert.deepEqual([touched.length, touched[0]?.pathCount], [1, null]);
    if (kind === 'data' && index === 0) {
      assert.equal(touched.length, 1);
      assert.ok(touched[0]?.paths.includes(host.path('data/notes/a.bin')), JSON.stringify(touched));
    }
  }
});

test('a lost index is told as something that snapshots refer to and is not there', async (t) => {
  const { host, near } = await backedUp(t);
  const [index = ''] = itemsOf(near, 'index');
  rmSync(pathOf(near, index));
  const { code, report } = await verify(host);
  assert.equal(code, 2);
  assert.deepEqual(flawsOf(report), ['missing structure']);
  await host.restic('near', ['repair', 'index']);
  assert.equal((await verify(host)).code, 0);
});

test('a snapshot that is gone although retention did not remove it is told once, and no longer believed', async (t) => {
  const { host, near } = await backedUp(t);
  rmSync(pathOf(near, ownSnapshot(host)));
  const { code, report } = await verify(host);
  assert.equal(code, 1);
  assert.match(stepOf(report, 'scrub:near').reason ?? '', /^snapshot [0-9a-f]{8} of (notes|photos) \(made .* ago\) is gone/);
  assert.equal((await verify(host)).code, 0);
  assert.match((await host.run(['status'])).stdout, /gone/);
});

test('a wrong password is no damage: it could not be checked', async (t) => {
  const { host } = await backedUp(t);
  host.repositories['near'] = { ...host.repositories['near'], passwordFile: host.write('other', 'wrong', 0o600) };
  const { code, report } = await verify(host);
  assert.equal(code, 1); // its files are as they should be
  assert.equal(stepOf(report, 'verify:near').error?.code, 'wrong-password');
  assert.deepEqual(
    facts(host).map(({ how }) => how),
    ['names'],
  );
});

test('damage is told without the password, too, and then of all that may be touched', async (t) => {
  const { host, near } = await backedUp(t);
  const [pack = ''] = itemsOf(near, 'data');
  DAMAGES.flip(pathOf(near, pack), random);
  rmSync(host.path('password'));
  const { code, report } = await verify(host, ['near', '--keyless']);
  assert.equal(code, 2);
  assert.deepEqual(
    report.steps.map(({ id }) => id),
    ['scrub:near'],
  );
  assert.deepEqual(flawsOf(report), [`damaged ${pack}`]);
  for (const service of ['notes', 'photos']) assert.equal(damageTo(host, service)[0]?.pathCount, null);
});

test('a repository is read without any configuration', async (t) => {
  const { host, near } = await backedUp(t);
  rmSync(host.path('holdfast.yaml'));
  const bare = (...args: string[]) =>
    host.run(['--json', '--state-dir', host.path('elsewhere'), 'verify', '--url', near, ...args]);
  const keyless = await bare('--keyless');
  assert.equal(keyless.code, 0, keyless.stderr);
  const checked = await bare('--password-file', host.path('password'), '--data', '100%');
  assert.equal(checked.code, 0, checked.stderr);
  const [pack = ''] = itemsOf(near, 'data');
  DAMAGES.cut(pathOf(near, pack), random);
  const damaged = await bare('--keyless');
  assert.equal(damaged.code, 2);
  assert.deepEqual(flawsOf(reportOf(damaged), near), [`damaged ${pack}`]);
  const hint = stepOf(reportOf(damaged), `scrub:${near}`).error?.hint ?? '';
  assert.ok(hint.endsWith(`\`holdfast verify --url ${near} --data 100%\``), hint);
  assert.ok(!hint.includes('holdfast run'), hint);
});

test('a repository that another host has locked is neither damaged nor well, and its files are read all the same', async (t) => {
  const { host } = await backedUp(t);
  host.forgeLock('near', { host: 'elsewhere', pid: 1, minutes: 1 });
  const { code, report } = await verify(host, ['near', '--wait', '2s']);
  assert.equal(code, 1);
  assert.equal(stepOf(report, 'scrub:near').outcome, 'succeeded');
  assert.equal(stepOf(report, 'verify:near').error?.code, 'repository-locked');
  assert.deepEqual(
    facts(host).map(({ how }) => how),
    ['names'],
  );
});

test('a repository that goes away while restic checks it is unreachable, not damaged', async (t) => {
  const { host, near } = await backedUp(t);
  const restic = host.script(
    'restic',
    `case "$*" in *check*) mv '${near}/data' '${near}/away'; mkdir '${near}/data';; esac; exec restic "$@"`,
  );
  const ended = await host.run(['--json', 'verify', 'near'], { env: { HOLDFAST_RESTIC: restic } });
  const step = stepOf(reportOf(ended), 'verify:near');
  assert.equal(step.error?.code, 'repository-unreachable', JSON.stringify(step.error));
  assert.deepEqual(
    facts(host).map(({ how }) => how),
    ['names'],
  );
});

test('what this user may not read is not known', async (t) => {
  const { host, near } = await backedUp(t);
  host.giveTo(NOBODY);
  const [pack = ''] = itemsOf(near, 'data');
  const closed = `chmod 0 '${pathOf(near, pack)}'; exec "$@"`;
  const ended = await host.run(['--json', 'verify', 'near', '--data', '100%'], {
    under: [...asOrdinaryUser(), 'sh', '-c', closed, 'sh'],
  });
  assert.equal(ended.code, 2);
  for (const id of ['scrub:near', 'verify:near'])
    assert.equal(stepOf(reportOf(ended), id).error?.code, 'permission-denied', id);
  assert.deepEqual(facts(host), []);
});

test('a repository that cannot be written is read, and restic says why it does not check it', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('mounting needs root');
  const { host, near } = await backedUp(t);
  const readOnly = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c'];
  const under = [...readOnly, `mount --bind '${near}' '${near}' && mount -o remount,ro,bind '${near}' && exec "$@"`, 'sh'];
  const ended = await host.run(['--json', 'verify', 'near'], { under });
  const report = reportOf(ended);
  assert.equal(stepOf(report, 'scrub:near').outcome, 'succeeded');
  assert.notEqual(stepOf(report, 'verify:near').error?.code, 'damaged');
  assert.match(stepOf(report, 'verify:near').error?.message ?? '', /its file system is read-only/);
  assert.deepEqual(
    facts(host).map(({ how }) => how),
    ['names'],
  );
});

test('two verifications at once take turns', async (t) => {
  const { host } = await backedUp(t);
  const both = await Promise.all([host.run(['--json', 'verify', 'near']), host.run(['--json', 'verify', 'near'])]);
  for (const { code, stderr } of both) assert.equal(code, 0, stderr);
  assert.equal(facts(host).length, 4);
});

test('a verification and backups get along', async (t) => {
  const { host } = await backedUp(t);
  const both = await Promise.all([host.run(['--json', 'verify', 'near']), host.run(['--json', 'run'])]);
  for (const { code, stderr } of both) assert.equal(code, 0, stderr);
});

test('a scrub that is killed goes on where it stopped', async (t) => {
  const { host } = await backedUp(t);
  const slow = { limits: { download: '100KB/s' } };
  host.repositories['near'] = { ...host.repositories['near'], ...slow };
  const args = ['--json', 'verify', 'near', '--keyless'];
  const first = host.start(args);
  const memory = join(host.stateDir, 'scrub');
  await appears(memory, () => existsSync(join(memory, 'near.json')));
  first.child.kill('SIGKILL');
  await first.ended;
  assert.deepEqual(facts(host), []);
  delete (host.repositories['near'] as Record<string, unknown>)['limits'];
  const { code, report } = await verify(host, ['near', '--keyless']);
  assert.equal(code, 0);
  assert.equal(stepOf(report, 'scrub:near').result?.['resumed'], true);
  assert.deepEqual(readdirSync(memory), []);
  assert.deepEqual(host.leftovers(), []);
});

test('so many runs as there are parts read everything, one part after the other', async (t) => {
  const { host, near } = await backedUp(t);
  host.configure({ verification: { checkDataSubset: '34%' } });
  const slices: unknown[] = [];
  for (let run = 1; run <= 4; run += 1) {
    const { report } = await verify(host);
    slices.push(resultOf(stepOf(report, 'scrub:near')).slice?.index, resultOf(stepOf(report, 'verify:near')).slice?.index);
    const since = stepOf(report, 'verify:near').result?.['allReadSince'];
    assert.equal(since !== null, run >= 3);
  }
  assert.deepEqual(slices, [1, 1, 2, 2, 3, 3, 1, 1]);
  const dry = await host.run(['verify', 'near', '--dry-run']);
  assert.match(dry.stdout, /Check near and its data, part 2 of 3/);
  assert.ok(near);
});

test('what is due is what was not verified lately; a disabled section makes nothing due', async (t) => {
  const { host } = await backedUp(t);
  const first = await verify(host, ['--due']);
  assert.equal(first.report.steps.filter(({ outcome }) => outcome === 'succeeded').length, 5);
  const second = await verify(host, ['--due']);
  assert.equal(second.code, 0);
  assert.deepEqual(
    second.report.steps.map(({ id, outcome }) => `${id} ${outcome}`),
    ['verify:near skipped', 'verify:far skipped'],
  );
  host.configure({ verification: { schedule: '*:*:*' } });
  assert.equal((await verify(host, ['--due'])).report.steps.length, 5);
  host.configure({ verification: { enable: false } });
  assert.deepEqual((await verify(host, ['--due'])).report.steps, []);
  assert.equal((await host.run(['verify'])).code, 64);
  assert.equal((await host.run(['verify', 'near', '--keyless'])).code, 0);
});

test('only repositories of the section are verified, unless one is named', async (t) => {
  const { host } = await backedUp(t);
  host.configure({ verification: { repositories: ['far'] } });
  const idsOf = async (...args: string[]): Promise<string[]> =>
    reportOf(await host.run(['--json', 'verify', '--dry-run', ...args])).steps.map(({ id }) => id);
  assert.deepEqual(await idsOf(), ['preflight:tool:restic', 'scrub:far', 'verify:far']);
  assert.deepEqual(await idsOf('near'), ['preflight:tool:restic', 'scrub:near', 'verify:near']);
  assert.ok(!existsSync(join(host.stateDir, 'scrub')));
});

test('a command line that asks for what cannot be is refused', async (t) => {
  const { host } = await backedUp(t);
  host.repositories['cloud'] = { url: 's3:http://127.0.0.1:1/x', passwordFile: host.path('password') };
  for (const [args, said] of [
    [['nowhere'], /no repository is called nowhere/],
    [['near', '--data', '0%'], /expected a share/],
    [['near', '--data', 'all'], /expected a share/],
    [['near', '--keyless', '--data', '10%'], /exclude each other/],
    [['cloud', '--keyless'], /not on a local path/],
    [['--url', '/x'], /--url needs --password-file/],
    [['near', '--url', '/x', '--keyless'], /exclude each other/],
    [['--url', 'sftp:a:/b', '--keyless'], /must be a local path/],
    [['--url', '/x', '--keyless', '--due'], /needs a configuration/],
  ] as const) {
    const ended = await host.run(['verify', ...args]);
    assert.equal(ended.code, 64, args.join(' '));
    assert.match(ended.stderr, said);
  }
});

test('a damaged file that is truncated to nothing in the index keeps nobody from telling the rest', async (t) => {
  const { host, near } = await backedUp(t);
  const [index = ''] = itemsOf(near, 'index');
  truncateSync(pathOf(near, index), 0);
  const [pack = ''] = itemsOf(near, 'data');
  DAMAGES.flip(pathOf(near, pack), random);
  const { report } = await verify(host, ['near', '--data', '100%']);
  assert.deepEqual(flawsOf(report).toSorted(), [`damaged ${index}`, `damaged ${pack}`].toSorted());
});
