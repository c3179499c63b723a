// The connection to a real systemd: many units at once, a systemd that starts itself anew, a connection that is cut, and the bus
// that everybody may use.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { duration } from '../../src/domain/duration.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import type { Manager, UnitRun } from '../../src/tools/systemd/manager.ts';
import { loadUnit } from '../../src/tools/systemd/calls.ts';
import { Link } from '../../src/tools/systemd/link.ts';
import { openManager } from '../../src/tools/systemd/open-manager.ts';
import { runUnit } from '../../src/tools/systemd/run-unit.ts';
import { BUS_RELAY, RELAY, SAMPLES } from './support/sample-units.ts';

const skip = missingFor('container');
const NEVER = new AbortController().signal;
const NOWHERE = '/nonexistent';

let lab: Lab;
let host: Container;
let manager: Manager;

before(async () => {
  if (skip) return;
  lab = await openLab();
  host = await lab.container({ name: 'forge', files: SAMPLES });
  await host.exec(['systemctl', 'start', 'relay.socket', 'bus-relay.socket', 'gap-timed.timer']);
  await host.exec(['systemctl', 'enable', 'real-name.service']);
  manager = await openManager(NEVER, { systemd: host.outside(RELAY), bus: NOWHERE }, host.outside(''));
});
after(async () => {
  await manager?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

const until = (unit: string, sub: string): Promise<unknown> =>
  host.sh('until [ "$(systemctl show -P SubState -- "$1")" = "$2" ]; do sleep 0.02; done', [unit, sub]);
const pick = ({ end, result, exitStatus }: UnitRun): unknown[] => [end, result, exitStatus];

test(
  "units are found loaded or installed, each once and by name, and what a pattern means is systemd's business",
  { skip },
  async () => {
    await assert.rejects(manager.start('batch@11.service')); // which stays loaded, and has no file of its own
    await host.exec(['systemctl', 'start', 'remains.service']);
    const found = await manager.find(['re[am]*', 'alias', 'batch@*', 'gap-timed.*', 'a\\b', 'absent']);
    const seen = found.map(({ name, load, active, sub, file }) => [name, load, active, sub, file].join(' '));
    assert.deepEqual(seen, [
      'alias.service    alias',
      'batch@.service    installed',
      'batch@11.service loaded failed failed ',
      'gap-timed.service loaded inactive dead installed',
      'gap-timed.timer loaded active waiting installed',
      'real-name.service    installed',
      'remains.service loaded active exited installed',
    ]);
    assert.deepEqual(await manager.find([]), []);
  },
);

test('500 units that are only installed are found', { skip }, async (context) => {
  await host.sh(
    'cd /etc/systemd/system && for i in $(seq 500); do cp quick.service "many-$i.service"; done; systemctl daemon-reload',
  );
  const [found, took] = await timed(() => manager.find(['many-*']));
  const [, systemctl] = await timed(() => host.exec(['systemctl', 'list-unit-files', 'many-*']));
  const [, one] = await timed(() => manager.find(['many-1']));
  context.diagnostic(`500 units are found in ${took} ms, one in ${one} ms; systemctl list-unit-files takes ${systemctl} ms`);
  assert.equal(found.length, 500);
  await host.sh('rm /etc/systemd/system/many-*; systemctl daemon-reload');
});

/** With the milliseconds that it took. */
async function timed<Made>(make: () => Promise<Made>): Promise<[Made, number]> {
  const begun = performance.now();
  const made = await make();
  return [made, Math.round(performance.now() - begun)];
}

test('facts are those of the unit that is there, also by another name', { skip }, async () => {
  await manager.run('three.service', NEVER);
  const { startedAt, endedAt, invocationId, ...failed } = await manager.facts('three');
  assert.deepEqual(failed, {
    name: 'three.service',
    load: 'loaded',
    active: 'failed',
    sub: 'failed',
    type: 'oneshot',
    remainAfterExit: false,
    result: 'exit-code',
    exited: true,
    triggeredBy: [],
  });
  assert.equal(invocationId, await host.tell('systemctl', 'show', '-P', 'InvocationID', 'three.service'));
  assert.ok(startedAt !== null && endedAt !== null && startedAt <= endedAt && endedAt <= Date.now());
  const idle = await manager.facts('gap-timed');
  assert.deepEqual(
    [idle.invocationId, idle.startedAt, idle.endedAt, idle.triggeredBy],
    [null, null, null, ['gap-timed.timer']],
  );
  assert.equal((await manager.facts('alias')).name, 'real-name.service');
  assert.equal((await manager.facts('absent')).load, 'not-found');
  assert.equal((await manager.facts('multi-user.target')).type, '');
});

test('forty units run at once over one connection, and none is lost or taken for another', { skip }, async () => {
  const units = Array.from({ length: 40 }, (_, index) => index + 10);
  const runs = await Promise.all(units.map((number) => manager.run(`batch@${number}.service`, NEVER)));
  assert.deepEqual(
    runs.map(({ end, exitStatus }) => [end, exitStatus]),
    units.map((number) => (number % 2 === 0 ? ['succeeded', 0] : ['failed', 1])),
  );
  assert.equal(new Set(runs.map(({ invocationId }) => invocationId)).size, 40);
});

for (const [title, command] of [
  ['systemd reads its units anew', ['systemctl', 'daemon-reload']],
  ['systemd starts itself anew', ['systemctl', 'daemon-reexec']],
  ['the connection is cut', ['systemctl', 'stop', 'relay.service']],
] as const) {
  test(`${title}: units go on, and how they end is known`, { skip }, async () => {
    const units = [
      'long@0.service',
      'long@3.service',
      'long-simple@0.service',
      'long-simple@4.service',
      'daemon.service',
      'polite.service',
    ];
    const runs = units.map((unit) => manager.run(unit, NEVER));
    const stopping = [
      until('long@0.service', 'start'),
      until('daemon.service', 'running'),
      until('polite.service', 'running'),
    ];
    await Promise.all(stopping);
    await host.exec(command);
    await manager.facts('daemon.service'); // it is back
    await host.exec(['systemctl', 'stop', 'daemon.service', 'polite.service']);
    assert.deepEqual((await Promise.all(runs)).map(pick), [
      ['succeeded', 'success', 0],
      ['failed', 'exit-code', 3],
      ['succeeded', 'success', 0],
      ['failed', 'exit-code', 4],
      ['stopped', 'success', null],
      ['stopped', 'success', 0],
    ]);
  });
}

test(
  'what ends while the connection is cut has failed when systemd still says so, and is not known otherwise',
  { skip },
  async () => {
    const units = ['gap.service', 'gap-timed.service', 'gap-three.service'];
    const runs = units.map((unit) => manager.run(unit, NEVER));
    await until('gap.service', 'start');
    await host.exec(['systemctl', 'stop', 'relay.socket', 'relay.service']);
    await Promise.all(units.map((unit, index) => until(unit, index < 2 ? 'dead' : 'failed')));
    await host.exec(['systemctl', 'start', 'relay.socket']);
    assert.deepEqual((await Promise.all(runs)).map(pick), [
      ['failed', 'unknown', null],
      ['failed', 'unknown', 0], // somebody may have stopped it, and been obeyed
      ['failed', 'exit-code', 3],
    ]);
  },
);

test(
  'while systemd starts itself anew again and again every run has its end, and none another',
  { skip },
  async (context) => {
    const kept = Array.from({ length: 20 }, (_, index) => `kept@${index + 70}`);
    await host.exec(['systemctl', 'start', ...kept.map((name) => `${name}.timer`)]);
    const batch = Array.from({ length: 30 }, (_, index) => `batch@${index + 60}`);
    const runs = [...batch, ...kept].map(async (unit) => (await manager.run(unit, NEVER)).end);
    await host.sh('for i in 1 2 3 4; do systemctl daemon-reexec; done');
    const ends = await Promise.all(runs);
    const [good, bad] = [0, 1].map((rest) => ends.slice(0, 30).filter((_, index) => index % 2 === rest));
    const unknown = good?.filter((end) => end === 'failed').length;
    context.diagnostic(`of 15 that end well, and are unloaded then, ${unknown} are not known to have`);
    assert.deepEqual(new Set(bad), new Set(['failed']));
    assert.deepEqual(new Set(good).difference(new Set(['failed'])), new Set(['succeeded']));
    assert.deepEqual(new Set(ends.slice(30)), new Set(['succeeded']), 'what stays loaded is known');
  },
);

test('when systemd does not come back, whoever waits is told', { skip }, async () => {
  await using link = await Link.open({ systemd: host.outside(RELAY), bus: NOWHERE }, NEVER, duration(500, 'ms'));
  const running = runUnit(link, 'long@0.service', NEVER);
  await until('long@0.service', 'start');
  const told = assert.rejects(running, /cannot be reached any more/);
  await host.exec(['systemctl', 'stop', 'relay.socket', 'relay.service']);
  await told;
  await assert.rejects(link.ask(loadUnit('x.service')), /cannot be reached any more/);
  await host.exec(['systemctl', 'start', 'relay.socket']);
});

test('on the bus that others use, too, it is the same', { skip }, async () => {
  await using other = await openManager(NEVER, { systemd: NOWHERE, bus: host.outside(BUS_RELAY) });
  const runs = ['long@0.service', 'long@3.service'].map((unit) => other.run(unit, NEVER));
  await until('long@3.service', 'start');
  await host.exec(['systemctl', 'daemon-reexec']);
  assert.deepEqual((await Promise.all(runs)).map(pick), [
    ['succeeded', 'success', 0],
    ['failed', 'exit-code', 3],
  ]);
});

test('nobody else on the bus is believed', { skip }, async () => {
  await using other = await openManager(NEVER, { systemd: NOWHERE, bus: host.outside(BUS_RELAY) });
  const running = other.run('long@3.service', NEVER);
  await until('long@3.service', 'start');
  await host.sh(LIE, ['long@3.service', '/org/freedesktop/systemd1/unit/long_403_2eservice']);
  assert.deepEqual(pick(await running), ['failed', 'exit-code', 3]);
});

/** To everybody on the bus, and to each alone: that the unit $1 with the path $2 is at rest, and its job done. */
const LIE = `
systemd=/org/freedesktop/systemd1
job=$(systemctl show -P Job "$1")
for name in "" $(busctl --system --unique --no-legend list | cut -d' ' -f1); do
  busctl --system emit \${name:+--destination=$name} "$2" org.freedesktop.DBus.Properties PropertiesChanged 'sa{sv}as' \
    org.freedesktop.systemd1.Unit 3 ActiveState s inactive SubState s dead Job '(uo)' 0 / 0
  busctl --system emit \${name:+--destination=$name} $systemd org.freedesktop.systemd1.Manager JobRemoved uoss "$job" $systemd/job/$job "$1" done
done`;

test('a manager that is closed says so to whoever still waits, and the process can end', { skip }, async () => {
  const closed = await openManager(NEVER, { systemd: host.outside(RELAY), bus: NOWHERE });
  const running = closed.run('long@0.service', NEVER);
  const lost = (error: unknown): boolean => error instanceof HoldfastError && error.code === 'tool-failed';
  const told = assert.rejects(running, lost);
  await closed.facts('long@0.service');
  await closed[Symbol.asyncDispose]();
  await told;
  await assert.rejects(closed.facts('long@0.service'), lost);
});
