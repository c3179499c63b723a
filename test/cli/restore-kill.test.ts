// Killing Holdfast during a restore in place, at any moment: the data is wholly the old or wholly the new, and nothing else
// is left behind once the next command has cleaned up.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EFFECT_KINDS } from '../../src/engine/effect-kinds.ts';
import { recoverFromCrash } from '../../src/engine/runner/crash-recovery.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { fileLockBroker } from '../../src/repositories/broker.ts';
import { scratchHost } from '../support/cli.ts';

const KILLS = 20;
const FILES = 40;

test(`after each of ${KILLS} kills at random moments the data is complete, and nothing is left over`, async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const files = Object.fromEntries(Array.from({ length: FILES }, (_, index) => [`d${index % 5}/f${index}`, `new ${index}`]));
  const data = host.addService('notes', files);
  assert.equal((await host.backUp()).code, 0);
  const names = Object.keys(files);
  const fill = (): void => {
    for (const name of names) writeFileSync(join(data, name), `old ${name}`);
    writeFileSync(join(data, 'only old'), 'old');
  };
  fill();
  const begin = performance.now();
  assert.equal((await host.run(['restore', 'notes', '--in-place'])).code, 0);
  const whole = performance.now() - begin;
  const seen = { old: 0, new: 0 };
  for (let kill = 0; kill < KILLS; kill += 1) {
    for (const name of readdirSync(host.path('data')))
      if (name !== 'notes') rmSync(host.path('data', name), { recursive: true });
    fill();
    const { child, ended } = host.start(['restore', 'notes', '--in-place']);
    // The later half is where the work is: the first is Node.js starting and the choice of a snapshot.
    await delay(whole * (0.4 + 0.65 * Math.random()));
    child.kill('SIGKILL');
    await ended;
    {
      using journal = host.journal();
      const broker = fileLockBroker(host.stateDir);
      const notes = await recoverFromCrash({
        journal,
        broker,
        clock: systemClock,
        kinds: EFFECT_KINDS,
        signal: new AbortController().signal,
      });
      assert.ok(!notes.some((note) => note.startsWith('could not')), notes.join('\n'));
    }
    const first = readFileSync(join(data, names[0] ?? ''), 'utf8').split(' ', 1)[0] === 'old' ? 'old' : 'new';
    seen[first] += 1;
    for (const name of names)
      assert.equal(readFileSync(join(data, name), 'utf8'), first === 'old' ? `old ${name}` : files[name]);
    assert.equal(readdirSync(data).includes('only old'), first === 'old');
    const beside = readdirSync(host.path('data')).filter((name) => name !== 'notes');
    assert.deepEqual(
      beside.filter((name) => !name.startsWith('.notes.before-')),
      [],
    );
    assert.equal(beside.length, first === 'new' ? 1 : 0, 'the old data is kept exactly when the new is in place');
    assert.deepEqual(host.leftovers(), []);
  }
  t.diagnostic(`old data after ${seen.old} kills, new after ${seen.new}`);
  assert.equal((await host.run(['restore', 'notes', '--in-place'])).code, 0);
});
