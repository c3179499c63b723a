import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeTimers } from '../../../src/engine/gate/hold-timers.ts';
import type { UnitFacts } from '../../../src/tools/systemd/manager.ts';
import { found } from './support/gates.ts';

const OWN = ['metrics', 'notify', 'refresh', 'run@app', 'gate-release-01m8'].map((name) => `holdfast-${name}.timer`);

const facts = (name: string): UnitFacts => ({
  name,
  load: 'loaded',
  active: name === 'idle.timer' ? 'inactive' : 'active',
  sub: 'waiting',
  type: '',
  remainAfterExit: false,
  invocationId: null,
  startedAt: null,
  endedAt: null,
  result: 'success',
  exited: false,
  triggeredBy: name.endsWith('.service') ? [name.replace('.service', '.timer'), 'inbox.path'] : [],
});

test('timers of backups are held, and never those by which people would hear that a hold was forgotten', async () => {
  const manager = {
    find: () => Promise.resolve(OWN.map((name) => found(name))),
    facts: (unit: string) => Promise.resolve(facts(unit)),
  };
  const units = ['sanoid.service', 'idle.service', 'holdfast-notify.service'];
  assert.deepEqual(await activeTimers(manager, units), ['holdfast-refresh.timer', 'holdfast-run@app.timer', 'sanoid.timer']);
});
