// What a migration may meet: a service that is not well, what stands in its way, Holdfast killed, and power that fails at any moment. A boot
// starts the service before Holdfast has looked at anything: it must find all of its data, on one side or the other, and never nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { stepOf } from '../support/cli.ts';
import { holdfast } from './support/holdfast-on.ts';
import { BACK, killAt, THERE } from './support/migrate-kills.ts';
import {
  assertSettled,
  backToDirectory,
  DATASET,
  declare,
  fingerprint,
  HEALTH,
  mark,
  nextStart,
  PATH,
  prepare,
  whereItIs,
} from './support/migrating-host.ts';

const CUTS = 6;
const skip = missingFor('machine');
let lab: Lab;
let host: Machine;
let expected: string;
/** How long a migration and a way back take that nothing happens to, in milliseconds. */
const whole = { there: 0, back: 0 };

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['400MB'], packages: ['attr', 'acl'] });
    await prepare(host);
    await declare(host);
    expected = await fingerprint(host);
  },
  { timeout: 900_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

async function measure(): Promise<void> {
  if (whole.back > 0) return;
  whole.there = await timeOf(['migrate', 'app', '--no-backup']);
  whole.back = await timeOf(['migrate', 'app', '--rollback']);
  await backToDirectory(host);
}

async function timeOf(args: readonly string[]): Promise<number> {
  const begin = performance.now();
  assert.equal((await holdfast(host, args)).exitCode, 0);
  return performance.now() - begin;
}

/** At a random moment of what is done between starting and ending. */
async function cutDuring(args: readonly string[], takes: number, mayFail: readonly string[]): Promise<string> {
  const running = holdfast(host, args).then(
    () => 'over',
    () => 'cut',
  );
  const moment = takes * (0.3 + 0.7 * Math.random()); // the first is Node.js starting, and looking
  await delay(moment); // the random moment is the point
  await host.powerCut();
  const how = `${Math.round(moment)} of about ${Math.round(takes)} ms: ${await running}`;
  await host.boot(mayFail);
  return how;
}

const migrate = (...args: string[]): ReturnType<typeof holdfast> => holdfast(host, ['migrate', 'app', ...args]);
const zfs = (...argv: string[]): Promise<string> => host.tell('zfs', ...argv);
const refusal = async (...args: string[]): Promise<string> => {
  const { exitCode, stdout } = await host.exec(['holdfast', '--json', 'migrate', ...args], { anyExit: true });
  assert.equal(exitCode, 2, stdout);
  const { error } = JSON.parse(stdout) as { error?: { message: string; hint: string } };
  assert.ok(error, stdout);
  return `${error.message} -> ${error.hint}`;
};

test(
  'a service that is not well on the dataset is put back at once, and the command says why',
  { skip, timeout: 600_000 },
  async () => {
    await declare(host, { migrate: { healthUrl: HEALTH, healthWithin: '20s' } });
    await host.sh('touch /run/sick');
    const { exitCode, report } = await migrate('--no-backup');
    assert.equal(exitCode, 2);
    const { error, result } = stepOf(report, 'migrate:app');
    assert.match(error?.message ?? '', /did not answer without an error within 20s: HTTP 503; it is back on the directory/);
    assert.equal(result?.['rolledBack'], true);
    assert.equal(await mark(host), 'kept');
    assert.equal(await assertSettled(host, expected), 'directory');
    await backToDirectory(host);
  },
);

for (const point of THERE.slice(3)) {
  test(
    `killed ${point.what}: with the next start it is on the ${point.side}, whole`,
    { skip, timeout: 600_000 },
    async () => {
      await declare(host);
      await killAt(host, point, ['--no-backup']);
      await nextStart(host);
      assert.equal(await assertSettled(host, expected), point.side);
      await backToDirectory(host);
    },
  );
}

test('killed, and asked for once more, it settles what was left, and does it', { skip, timeout: 600_000 }, async () => {
  await killAt(host, { program: 'zfs', when: 'after', pattern: '"create "*' }, ['--no-backup']);
  const { exitCode, stderr } = await migrate('--no-backup');
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /cleaned up after run \w+, which died .*: new-dataset/);
  assert.equal(await assertSettled(host, expected), 'dataset');
  await killAt(host, { program: 'zfs', when: 'after', pattern: '"set "*migration=kept*' }, ['--rollback']);
  assert.equal(
    (await host.exec(['holdfast', 'migrate', 'app', '--rollback'], { anyExit: true })).exitCode,
    2,
    'it was done',
  );
  assert.equal(await assertSettled(host, expected), 'directory');
  await backToDirectory(host);
});

test('killed while it goes back: with the next start it is on one side, whole', { skip, timeout: 900_000 }, async () => {
  assert.equal((await migrate('--no-backup')).exitCode, 0);
  for (const point of BACK) {
    await killAt(host, point, ['--rollback']);
    await nextStart(host);
    assert.equal(await assertSettled(host, expected), point.side, point.what);
  }
  await backToDirectory(host);
});

for (let cut = 1; cut <= CUTS; cut += 1) {
  const isBack = cut % 2 === 0;
  const byUnits = cut > CUTS - 2; // the boot itself is the next start: its unit comes before that of the service
  test(
    `power cut ${cut} of ${CUTS}, ${isBack ? 'on the way back' : 'on the way there'}: what boots finds all of its data, and the next start settles it`,
    { skip, timeout: 900_000 },
    async (t) => {
      await measure();
      if (isBack && (await mark(host)) !== 'live') await timeOf(['migrate', 'app', '--no-backup']);
      if (byUnits) assert.equal((await holdfast(host, ['units', 'install'])).exitCode, 0);
      await host.sh('sync; zpool sync');
      const how = await cutDuring(
        ['migrate', 'app', isBack ? '--rollback' : '--no-backup'],
        isBack ? whole.back : whole.there,
        byUnits ? ['holdfast-datasets.service'] : [], // datasets are not applied over files: on the directory it settles, and fails
      );
      if (byUnits) await host.sh('systemctl is-system-running --wait || true');
      const booted = await whereItIs(host, expected);
      if (!byUnits) await nextStart(host);
      const settled = await assertSettled(host, expected);
      assert.equal(settled, booted, 'what the boot began with is what stays');
      t.diagnostic(`${how}; on the ${settled}`);
      if (settled === 'directory' || isBack) await backToDirectory(host);
    },
  );
}

test('each that cannot be moved is refused, with what to do', { skip, timeout: 600_000 }, async () => {
  await declare(host, {}, { web: { backup: { paths: [`${PATH}/sub`] } } });
  assert.match(await refusal('app'), /the data of web \(\/persist\/app\/sub\) lies in/);
  assert.match(await refusal('web'), /no dataset is declared for web.*services\.web\.dataset/);
  await declare(host, { unit: undefined });
  await host.sh(`systemd-run --quiet --unit=reader --property=StandardInput=file:${PATH}/file sleep infinity`);
  assert.match(await refusal('app'), /no unit is declared for app, and its files are in use: (.*, )?sleep \(pid \d+\)/);
  await host.sh('systemctl stop reader');
  await declare(host);
  await host.sh(`mkdir ${PATH}/inner && mount -t tmpfs tmpfs ${PATH}/inner`);
  assert.match(await refusal('app'), /\/persist\/app\/inner is mounted inside/);
  await host.sh(`umount ${PATH}/inner && rmdir ${PATH}/inner`);
  await host.sh(`zfs create -o canmount=noauto ${DATASET}`);
  assert.match(await refusal('app'), /exists already/);
  await zfs('destroy', DATASET);
  await declare(host, { dataset: { refquota: '1M' } });
  const { exitCode, report } = await migrate('--no-backup');
  assert.equal(exitCode, 2);
  assert.equal(stepOf(report, 'migrate:app').error?.code, 'no-space');
  await declare(host, { dataset: { properties: { acltype: 'off' } } });
  assert.match(stepOf((await migrate('--no-backup')).report, 'migrate:app').error?.hint ?? '', /acltype/);
  assert.equal(await assertSettled(host, expected), 'directory');
  assert.equal(await mark(host), 'none');
});

test(
  'cleaned up after its time: the old directory is gone, and the dataset is one like any other',
  { skip, timeout: 600_000 },
  async () => {
    await declare(host, { migrate: { keepOld: '1ms', healthUrl: HEALTH } });
    assert.equal((await migrate('--no-backup')).exitCode, 0);
    const { exitCode, report } = await migrate('--clean-up');
    assert.equal(exitCode, 0, JSON.stringify(report.steps));
    assert.equal(await whereItIs(host, expected), 'dataset');
    assert.equal(await host.tell('ls', '-A', '/persist'), 'app');
    assert.equal(
      await zfs('get', '-H', '-s', 'local', '-o', 'property', 'all', DATASET),
      'recordsize\nmountpoint\ncanmount',
    );
    assert.match(await refusal('app'), /is on tank\/persist\/app already/);
    assert.deepEqual((await holdfast(host, ['datasets', 'plan'])).report.steps, []);
  },
);
