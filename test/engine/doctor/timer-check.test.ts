import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitNames } from '../../../src/domain/naming.ts';
import { timersOf } from '../../../src/engine/doctor/timer-check.ts';
import { scheduledJobs } from '../../../src/engine/schedule/scheduled-jobs.ts';
import type { FoundUnit } from '../../../src/tools/systemd/manager.ts';
import { channel } from '../notify/support.ts';
import { configuration, METRICS } from '../support/host.ts';

const CONFIG = configuration({ notifications: { channels: [channel('phone')], templates: {}, summary: null } });
const timer = (name: string, active = 'active'): FoundUnit => ({
  name,
  load: 'loaded',
  active,
  sub: 'waiting',
  file: 'installed',
});
const ALL = scheduledJobs(CONFIG).map(({ kind, subject }) => timer(unitNames.timer(kind, subject)));

test('timers that all run are in order, however many others there are', () => {
  assert.deepEqual(timersOf(CONFIG, [...ALL, timer('holdfast-run@gone.timer', 'inactive')]).health, 'ok');
});

test('a timer that is missing, or does not run, is a problem, for what it starts does not happen', () => {
  const [first, ...rest] = ALL;
  assert.ok(first);
  assert.equal(timersOf(CONFIG, rest).health, 'problem');
  const { health, detail } = timersOf(CONFIG, [{ ...first, active: 'inactive' }, ...rest]);
  assert.equal(health, 'problem');
  assert.ok(detail.startsWith(`${first.name} of ${ALL.length} do not run`), detail);
});

test('a host without any timer is told how to get them, for it may be meant so', () => {
  assert.deepEqual(timersOf(CONFIG, []), {
    health: 'ok',
    detail: 'none is installed: nothing happens by itself',
    fix: 'holdfast units install',
  });
  assert.equal(timersOf(CONFIG, null).health, 'ok');
});

test('timers that run while nobody would be told of what fails are warned about', () => {
  const found = ALL.filter(({ name }) => name !== unitNames.timer('notify', null));
  const { health, detail, fix } = timersOf(configuration(), found);
  assert.equal(health, 'warning');
  assert.match(detail, /^\d+ run, and nobody is told when what they start fails: no channel is configured$/);
  assert.match(fix ?? '', /notifications\.channels/);
  const scraped = configuration({ metrics: { ...METRICS, textfile: '/x.prom' } });
  assert.equal(timersOf(scraped, [...found, timer(unitNames.timer('metrics', null))]).health, 'ok');
});

test('timers beside an agent that starts the same are a problem, and none is none', () => {
  const config = { ...CONFIG, agent: { ...CONFIG.agent, schedule: true } };
  assert.equal(timersOf(config, []).health, 'ok');
  assert.equal(timersOf(config, []).fix ?? null, null);
  const { health, detail } = timersOf(config, ALL);
  assert.deepEqual([health, /it happens twice/.test(detail)], ['problem', true]);
});
