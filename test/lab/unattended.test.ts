// A host lives a week with nobody there: what was due has run, what went wrong was told, and metrics say what the journal says.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { makeUnattendedHost } from './support/unattended-host.ts';
import { type Life, live, WEEK } from './support/unattended-life.ts';
import { journalDisagreements } from './support/unattended-metrics.ts';
import { asTime, type Happening, mistold, untimely } from './support/unattended-record.ts';

const skip = missingFor('user-mode');

let life: Life;

before(
  async () => {
    if (skip) return;
    await using lab = await openLab();
    const host = await lab.userMode({ name: 'forge', clock: WEEK.begin });
    await makeUnattendedHost(host);
    life = await live(host, WEEK);
  },
  { timeout: 1_800_000 },
);

test(
  'every scheduled job ran when systemd says that it is due, each time once, and what was missed once after the boot',
  { skip },
  () => {
    assert.deepEqual(untimely(life), []);
    assert.ok(life.timers.filter(({ due }) => due.length > 5).length >= 3, 'some of it daily');
  },
);

test('a repository that is away for a day is told once, and once that it is back', { skip }, () => {
  const happened: Happening[] = [
    ['backup-failure', 'notes', '2031-10-24T21:00Z'],
    ['backup-recovered', 'notes', '2031-10-25T21:00Z'],
  ];
  assert.deepEqual(mistold(life, happened), []);
});

test('at every step metrics say what the journal says', { skip }, () => {
  for (const stop of life.stops) assert.deepEqual(journalDisagreements(life, stop), [], asTime(stop.at));
});

test('after all of it the units are as they were installed', { skip }, () => {
  assert.equal(life.unitsCheck, 0);
});
