// Holdfast is killed, and the power of its machine fails, at any moment of a migration. A boot starts the service before Holdfast has looked at
// anything: it must find all of its data, on the one side or the other, and never an empty directory.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { holdfast } from './support/holdfast-on.ts';
import { BACK, killAt, THERE } from './support/migrate-kills.ts';
import {
  assertSettled,
  backToDirectory,
  declare,
  fingerprint,
  mark,
  nextStart,
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
    whole.there = await timeOf(['migrate', 'app', '--no-backup']);
    whole.back = await timeOf(['migrate', 'app', '--rollback']);
    await backToDirectory(host);
  },
  { timeout: 900_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

async function timeOf(args: readonly string[]): Promise<number> {
  const begin = performance.now();
  assert.equal((await holdfast(host, args)).exitCode, 0);
  return performance.now() - begin;
}

/** At a random moment of what is done between starting and ending. */
async function cutDuring(args: readonly string[], takes: number): Promise<string> {
  const running = holdfast(host, args).then(
    () => 'over',
    () => 'cut',
  );
  const moment = takes * (0.3 + 0.7 * Math.random()); // the first is Node.js starting, and looking
  await delay(moment); // the random moment is the point
  await host.powerCut();
  const how = `${Math.round(moment)} of about ${Math.round(takes)} ms: ${await running}`;
  await host.boot();
  return how;
}

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
  const { exitCode, stderr } = await holdfast(host, ['migrate', 'app', '--no-backup']);
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
  assert.equal((await holdfast(host, ['migrate', 'app', '--no-backup'])).exitCode, 0);
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
    { skip, timeout: 600_000 },
    async (t) => {
      if (isBack && (await mark(host)) !== 'live') await timeOf(['migrate', 'app', '--no-backup']);
      if (byUnits) assert.equal((await holdfast(host, ['units', 'install'])).exitCode, 0);
      await host.sh('sync; zpool sync');
      const how = await cutDuring(
        ['migrate', 'app', isBack ? '--rollback' : '--no-backup'],
        isBack ? whole.back : whole.there,
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
