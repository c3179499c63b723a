import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Duration, duration } from '../../../src/domain/duration.ts';
import { isStale, objectionTo, type Vantage } from '../../../src/engine/repository/stale-locks.ts';
import type { LocalProcess } from '../../../src/process/identity.ts';
import { MAX_DESCRIBED, type RepositoryLock } from '../../../src/tools/restic/locks.ts';
import { minutesAgo, NOW } from '../support/host.ts';

const PID = 4711;
const HOUR = duration(1, 'h');
const process = (program: string | null, signallable = true): LocalProcess => ({ program, signallable, age: HOUR });
const lock = (minutes: number, host = 'forge', pid = PID): RepositoryLock => ({
  id: 'a'.repeat(64),
  time: minutesAgo(minutes),
  exclusive: false,
  host,
  user: 'root',
  pid,
});
/** On the host `forge`, with that process at PID. */
const from = (found: LocalProcess | null, init = process('systemd')): Vantage => ({
  host: 'forge',
  now: NOW,
  processOf: (pid) => (pid === PID ? found : pid === 1 ? init : null),
});

const objectionToOne = (one: RepositoryLock, vantage: Vantage) => objectionTo({ ids: [one.id], described: [one] }, vantage);

const CASES: readonly (readonly [
  what: string,
  lock: RepositoryLock,
  found: LocalProcess | null,
  stale: boolean,
  objection: RegExp | null,
])[] = [
  ['a process that is gone', lock(1), null, true, null],
  ['a living restic', lock(4), process('restic'), false, null],
  ['a living restic that refreshed a little late', lock(25), process('restic'), false, null],
  ['a restic that was suspended', lock(26), process('restic'), false, /^process 4711 \(root\) on forge is alive .* 26m ago/],
  ['a suspended restic of NixOS', lock(600), process('.restic-wrapped'), false, /is alive and seems to be suspended/],
  ['a suspended restic that was downloaded', lock(600), process('restic-0.18.0'), false, /seems to be suspended/],
  ['a restic of another user', lock(4), process('restic', false), false, /seems to be alive/],
  ['a process that is hidden from this user', lock(90), process(null, false), false, /seems to be alive/],
  ['a stranger by now', lock(12), process('cron'), false, /is gone, but cron has its number now.* it will be in 19m$/],
  ['a stranger by now, just not old enough', lock(30), process('cron'), false, /it will be in 60s$/],
  ['a stranger by now, dated in the future by another clock', lock(-60), process('cron'), false, /it will be in 91m$/],
  ['a stranger by now, and old', lock(31), process('cron'), true, null],
  ['a stranger of another user by now: restic cannot signal it', lock(12), process('cron', false), false, null],
  ['another host', lock(29, 'nas'), process('cron'), false, null],
  ['another host, and old', lock(31, 'nas'), process('restic'), true, null],
];
for (const [what, one, found, stale, objection] of CASES) {
  test(`the lock of ${what} is ${stale ? 'stale' : 'not stale'}, and ${objection ? 'nothing is cleared' : 'clearing does no harm'}`, () => {
    assert.equal(isStale(one, from(found)), stale);
    const told = objectionToOne(one, from(found));
    if (objection) assert.match(told?.message ?? '', objection);
    else assert.equal(told, null);
  });
}

test('where there are more locks than are looked at, nothing is cleared as long as the host may give a young number twice', () => {
  const crowd = { ids: Array.from({ length: MAX_DESCRIBED + 1 }, () => ''), described: [] };
  const on = (init: LocalProcess) => objectionTo(crowd, from(null, init));
  const up = (minutes: number) => on({ ...process('systemd'), age: duration(minutes, 'm') });
  assert.match(up(30)?.message ?? '', /^there are 21 locks, .* started less than 30 minutes ago/);
  assert.equal(up(12)?.hint, 'Nothing needs to be done: try again in 19m.');
  assert.equal(up(31), null);
  assert.match(on(process('systemd', false))?.hint ?? '', /root/);
  assert.equal(
    objectionTo({ ...crowd, ids: crowd.ids.slice(1) }, from(null, { ...process('systemd'), age: 0 as Duration })),
    null,
  );
});

test('what may be cleared hangs nobody up and takes nothing from a living restic; in time everything dead may be', () => {
  const someProcess = fc.record({
    program: fc.constantFrom('restic', '.restic-wrapped', 'cron', null),
    signallable: fc.boolean(),
    age: fc.constant(HOUR),
  });
  const someLock = fc
    .record({
      pid: fc.integer({ min: 2, max: 6 }),
      minutes: fc.integer({ min: -5, max: 60 }),
      host: fc.constantFrom('forge', 'nas'),
    })
    .map(({ pid, minutes, host }) => lock(minutes, host, pid));
  const somePlace = fc.tuple(
    fc.array(someLock, { maxLength: 6 }),
    fc.array(fc.option(someProcess), { minLength: 5, maxLength: 5 }),
  );
  fc.assert(
    fc.property(somePlace, ([described, table]) => {
      const vantage: Vantage = { host: 'forge', now: NOW, processOf: (pid) => table[pid - 2] ?? null };
      const objection = objectionTo({ ids: described.map(({ id }) => id), described }, vantage);
      const here = described
        .map((one) => ({ isOld: NOW - one.time > duration(30, 'm'), host: one.host, found: vantage.processOf(one.pid) }))
        .filter(({ host }) => host === 'forge');
      // `restic unlock`, as its source has it
      const hungUp = here.filter(({ isOld, found }) => !isOld && found?.signallable && found.program === 'cron');
      const robbed = here.filter(({ isOld, found }) => found && found.program !== 'cron' && (isOld || !found.signallable));
      if (objection === null) assert.deepEqual([hungUp, robbed], [[], []]);
      const isDead = here.every(({ isOld, found }) => found === null || (isOld && found.program === 'cron'));
      if (isDead) assert.equal(objection, null);
    }),
  );
});
