// A host lives a month with nobody there: what was due has run, what went wrong was told, and what is measured is true.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { alertHistory, missingPrometheus } from './support/alert-history.ts';
import { journalDisagreements, memoryOf, scrapesOf, STEP } from './support/unattended-metrics.ts';
import { makeUnattendedHost } from './support/unattended-host.ts';
import { damageIn, type Life, live, MONTH } from './support/unattended-life.ts';
import { asTime, type Happening, mistold, toldDays, untimely } from './support/unattended-record.ts';

const skip = missingFor('user-mode') || missingPrometheus;
let life: Life;

before(
  async () => {
    if (skip) return;
    await using lab = await openLab();
    const host = await lab.userMode({ name: 'forge', clock: MONTH.begin });
    await makeUnattendedHost(host);
    life = await live(host, MONTH);
  },
  { timeout: 3_400_000 },
);

test(
  'every scheduled job ran when systemd says that it is due, each time once, and what was missed once after the boot',
  { skip },
  () => {
    assert.deepEqual(untimely(life), []);
    assert.ok(life.timers.every(({ due }) => due.length > 0));
  },
);

test('what failed was told once when it began, and once when it was over', { skip }, () => {
  const happened: Happening[] = [
    // the repository was away from the 8th to the 10th; notes is backed up daily, ledger on Thursdays
    ['backup-failure', 'notes', '2031-10-08T21:00Z'],
    ['backup-failure', 'ledger', '2031-10-09T00:30Z'],
    ['backup-recovered', 'notes', '2031-10-10T21:00Z'],
    ['stale', 'ledger', '2031-10-11T00:00Z'],
    ['backup-recovered', 'ledger', '2031-10-16T00:30Z'],
    ['backup-recovered', 'ledger', '2031-10-16T00:30Z'], // its failure, and that its copy was too old
    // a source was away for a day; site is backed up on Saturdays
    ['backup-failure', 'site', '2031-10-18T22:30Z'],
    ['backup-recovered', 'site', '2031-10-25T22:30Z'],
  ];
  assert.deepEqual(mistold(life, happened), []);
  // A pack was damaged on the 12th, mended on the 14th, and looked at again on the 19th.
  assert.deepEqual(toldDays(life, 'verify-failure'), ['2031-10-12']);
});

test('at every step metrics say what the journal says', { skip }, () => {
  for (const stop of life.stops) assert.deepEqual(journalDisagreements(life, stop), [], asTime(stop.at));
});

test('alerts fire while something is wrong, and at no other time', { skip }, async (t) => {
  const firings = await alertHistory(life.rules, scrapesOf(life), STEP);
  const told = firings.map(({ alert, labels, from, until }) => {
    const { backup_job: job, repository, service, severity } = labels;
    const words = [asTime(from).slice(5, 13), asTime(until).slice(5, 13), alert, severity, job ?? repository ?? service];
    return words.join(' ').trim();
  });
  t.diagnostic(told.join('; '));
  const of = (name: string): string[] => told.filter((line) => line.split(' ')[2] === name).toSorted();
  assert.deepEqual(of('UnifiedBackupFailed'), [
    '10-08T21 10-10T21 UnifiedBackupFailed critical notes',
    '10-09T00 10-16T00 UnifiedBackupFailed critical ledger',
    '10-18T22 10-22T10 UnifiedBackupFailed critical site', // until it was off, and again after that
    '10-24T10 10-25T22 UnifiedBackupFailed critical site',
  ]);
  assert.deepEqual(of('UnifiedBackupStale'), [
    '10-11T00 10-16T00 UnifiedBackupStale critical ledger',
    '10-11T00 10-16T00 UnifiedBackupStale high ledger',
  ]);
  assert.match(of('RepositoryVerificationFailed').join(), /^10-12T22 10-19T22 [^,]* near$/);
  // Nobody writes metrics while it is off; it is back at 10:00, a moment before or after the scrape of that time.
  assert.match(of('BackupMonitoringUnhealthy').join(), /^10-22T10 10-24T(?:09|10) [^,]*$/);
  // Nothing was ever restored before the drills of the last day. What is damaged stays so until the repository is read again.
  const damage = damageIn(life);
  assert.deepEqual(damage.services, ['notes']);
  const begins = asTime(damage.since).slice(5, 13);
  const unprotected = of('ServiceUnprotected');
  assert.deepEqual(new Set(unprotected.map((line) => line.split(' ').at(-1))), new Set(['ledger', 'notes', 'site']));
  const critical = unprotected.filter((line) => line.includes('critical'));
  assert.deepEqual(critical, [`${begins} 10-19T22 ServiceUnprotected critical notes`]);
  assert.deepEqual(
    told.filter((line) => !EXPECTED.has(line.split(' ')[2] ?? '')),
    [],
  );
});
const EXPECTED = new Set([
  'UnifiedBackupFailed',
  'UnifiedBackupStale',
  'RepositoryVerificationFailed',
  'BackupMonitoringUnhealthy',
  'ServiceUnprotected',
  'BackupMonitoringWatchdog',
]);

test('systemd and the agent use no more memory at the end than after the first days', { skip }, (t) => {
  const memory = life.stops.map((stop) => memoryOf(stop));
  t.diagnostic(JSON.stringify({ first: memory[0], last: memory.at(-1) }));
  for (const key of ['systemd', 'agent'] as const) {
    const early = Math.max(...memory.slice(0, 6).map((each) => each[key]));
    const late = Math.max(...memory.slice(-6).map((each) => each[key]));
    assert.ok(late <= early * 1.15, `${key}: ${early} kB, then ${late} kB`);
  }
});

test('after all of it the units are as they were installed', { skip }, () => {
  assert.equal(life.unitsCheck, 0);
});
