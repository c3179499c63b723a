// How runs are told whose process was killed, and how a run is named.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatInstant } from '../../src/domain/instant.ts';
import { plannedStep } from '../../src/domain/report.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { selfIdentity } from '../../src/process/identity.ts';
import { scratchHost, type ScratchHost } from '../support/cli.ts';
import { plan, step } from '../support/plans.ts';

/** A run with one step done and one begun, of a process that is there (this one) or not. */
function begin(host: ScratchHost, id: string, alive: boolean): void {
  using journal = host.journal();
  const process = alive ? selfIdentity() : { ...selfIdentity(), startTicks: '1' };
  const at = systemClock.now();
  journal.openRun({ id, plan: plan([step('a'), step('b')]), startedAt: at, process });
  journal.endStep(id, { ...plannedStep(step('a')), outcome: 'succeeded', endedAt: formatInstant(at) }, []);
  journal.startStep(id, 'b', at);
}

test('a run whose process is gone ended without a word, before the next run has cleaned up too', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('docs');
  begin(host, '01ARZ3NDEKTSV4RRFFQ69G5FAV', false);
  begin(host, '01ARZ3NDEKTSV4RRFFQ69G5FAW', true);
  const { stdout } = await host.run(['history']);
  const [, living, dead] = stdout.split('\n');
  assert.match(living ?? '', /^… .*FAW .*running: 1 of 2 succeeded$/);
  assert.match(dead ?? '', /^✗ .*FAV .*ended without a word: 1 of 2 succeeded, 1 interrupted$/);
  const shown = await host.run(['history', 'show', '01ARZ3NDEKTSV4RRFFQ69G5FAV']);
  assert.match(shown.stdout, /B +interrupted: the process ended without a word \(pid \d+\)/);
  assert.match(shown.stdout, /test ended without a word: 1 of 2 succeeded, 1 interrupted {2}\(run/);
  using journal = host.journal();
  assert.equal(journal.unfinishedRuns().length, 2, 'looking changes nothing');
});

test('history show names the last run, and says whether an id is of none or of several', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('docs');
  begin(host, '01ARZ3NDEKTSV4RRFFQ69G5FAV', true);
  begin(host, '01ARZ3NDEKTSV4RRFFQ69G5FAW', true);
  assert.match((await host.run(['history', 'show', 'latest'])).stdout, /01ARZ3NDEKTSV4RRFFQ69G5FAW/);
  const several = await host.run(['history', 'show', '01arz3ndek']);
  assert.equal(several.code, 64);
  assert.match(several.stderr, /error: 2 runs have an id that begins with 01arz3ndek\nhint: .*FAW, .*FAV/);
  assert.match((await host.run(['history', 'show', '01ARZ4'])).stderr, /error: no run has an id/);
});

test('a run counts what was asked for, and the history counts the same', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('docs');
  host.addService('notes');
  host.services['docs'] = { backup: { paths: [host.path('data/docs/gone')] } };
  host.services['notes'] = { backup: { paths: [host.path('data/notes'), host.path('data/notes-gone')] } };
  const { stdout } = await host.run(['run']);
  // and the configuration was kept
  const words = '1 of 3 succeeded, 1 partial, 1 blocked';
  assert.ok(stdout.includes(`run partial: ${words} in `), stdout);
  const { stdout: listed } = await host.run(['history']);
  assert.ok(listed.includes(`partial: ${words}\n`), listed);
});
