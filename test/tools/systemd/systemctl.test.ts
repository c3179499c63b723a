import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRunning, parseHasJob, parseMainPids, parseUnitState, showArgs } from '../../../src/tools/systemd/systemctl.ts';

test('the state of a unit is read from show, in any order, and is none when something is missing', () => {
  assert.deepEqual(parseUnitState('ActiveState=active\nSubState=running\nLoadState=loaded\n'), {
    load: 'loaded',
    active: 'active',
    sub: 'running',
  });
  assert.equal(parseUnitState('ActiveState=active\n'), null);
  assert.equal(parseUnitState(''), null);
});

test('a oneshot that is being run is running, what has ended is not', () => {
  const running = (active: string): boolean => isRunning({ load: 'loaded', active, sub: '' });
  assert.deepEqual(['active', 'activating', 'reloading', 'deactivating'].map(running), [true, true, true, true]);
  assert.deepEqual(['inactive', 'failed', 'maintenance'].map(running), [false, false, false]);
});

test('a unit whose name begins with a dash is no option', () => {
  assert.deepEqual(showArgs('-.mount').slice(-2), ['--', '-.mount']);
});

test('the main process of each unit is read in the order of asking; what does not run, and what is no service, has none', () => {
  const stdout =
    'MainPID=431\nId=svc.service\n\nMainPID=0\nId=nosuch.service\n\nId=multi-user.target\n\nMainPID=431\nId=svc.service\n';
  const pids = parseMainPids(stdout, ['svc.service', 'nosuch', 'multi-user.target', 'svc']);
  assert.deepEqual(Object.fromEntries(pids), { 'svc.service': 431, svc: 431 });
  assert.deepEqual([...parseMainPids('', ['svc'])], []);
});

test('a unit that is about to be started has a job', () => {
  assert.equal(parseHasJob('Job=1231\n'), true);
  assert.equal(parseHasJob(''), false);
  assert.equal(parseHasJob('Job=0\n'), false);
});
