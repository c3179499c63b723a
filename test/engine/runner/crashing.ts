// A process that dies at a chosen point: `crashing.ts STATE_DIR WORK_DIR POINT`. Its step makes two directories as effects.
// POINT: intent (recorded, not made), made, second (between two effects), working, undo (the second is being undone), none.

import { join } from 'node:path';
import { mkdirSync, writeFileSync } from 'node:fs';
import { openJournal } from '../../../src/journal/open-journal.ts';
import { fileLockBroker } from '../../../src/repositories/broker.ts';
import { runPlan } from '../../../src/engine/runner/runner.ts';
import { done, options, plan, step } from '../../support/plans.ts';
import { directoryEffect } from './directory-effect.ts';

const [stateDir = '', workDir = '', point = ''] = process.argv.slice(2);
const dieAt = async (here: string): Promise<void> => {
  if (here !== point) return;
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => {});
};
const hold = { ...directoryEffect, undo: (payload: Parameters<typeof directoryEffect.undo>[0]) => undo(payload) };
const undo = async (payload: Parameters<typeof directoryEffect.undo>[0]): Promise<void> => {
  await dieAt('undo');
  await directoryEffect.undo(payload);
};
const make = (path: string): Promise<void> => {
  mkdirSync(path);
  writeFileSync(join(path, 'content'), 'x');
  return Promise.resolve();
};

using journal = openJournal(stateDir);
const [one, two] = [join(workDir, 'one'), join(workDir, 'two')];
await runPlan(
  plan([
    step('done-before'),
    step('a', {
      needs: ['done-before'],
      locks: [{ name: 'repository/nas', mode: 'exclusive' }],
      run: async (context) => {
        await using _one = await context.hold('directory', { path: one }, async () => {
          await dieAt('intent');
          await make(one);
          await dieAt('made');
        });
        await dieAt('second');
        await using _two = await context.hold('directory', { path: two }, () => make(two));
        await dieAt('working');
        if (point === 'alive') {
          process.stdout.write('working\n');
          await new Promise((resolve) => process.stdin.once('data', resolve));
          process.stdin.destroy();
        }
        return done;
      },
    }),
    step('after', { needs: ['a'] }),
  ]),
  options({ journal, broker: fileLockBroker(stateDir), kinds: [hold] }),
);
