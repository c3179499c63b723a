import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { EffectKind } from '../../../src/domain/effect.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import { recoverFromCrash } from '../../../src/engine/runner/crash-recovery.ts';
import { runPlan } from '../../../src/engine/runner/runner.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openJournal, openTransientJournal } from '../../../src/journal/open-journal.ts';
import { interruption } from '../../../src/lib/interruption.ts';
import { selfIdentity } from '../../../src/process/identity.ts';
import { fileLockBroker, noLocks } from '../../../src/repositories/broker.ts';
import { options, plan, step } from '../../support/plans.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { directoryEffect } from './directory-effect.ts';

const CRASHING = join(import.meta.dirname, 'crashing.ts');
const DEAD = { ...selfIdentity(), bootId: 'another boot' };

async function crash(stateDir: string, workDir: string, point: string): Promise<void> {
  const child = spawn(process.execPath, [CRASHING, stateDir, workDir, point], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGKILL');
}

const recover = (journal: Journal, kinds: readonly EffectKind[], stateDir?: string): Promise<string[]> =>
  recoverFromCrash(options({ journal, kinds, broker: stateDir === undefined ? noLocks : fileLockBroker(stateDir) }));

/** A journal with a run that died and left effects of these kinds. */
function left(journal: Journal, kinds: readonly string[], stepIds: readonly string[] = []): void {
  const id = '01DIED';
  journal.openRun({ id, plan: plan([step('a'), step('b')]), startedAt: 1 as Instant, process: DEAD });
  for (const [index, kind] of kinds.entries()) {
    journal.intendEffect({ runId: id, stepId: stepIds[index] ?? 'a', kind, payload: { index }, at: 1 as Instant });
  }
}

describe('after a process was killed', () => {
  for (const [point, effects] of [
    ['intent', 1],
    ['made', 1],
    ['second', 1],
    ['working', 2],
    ['undo', 2],
  ] as const) {
    it(`the next run removes exactly what it made (killed at: ${point})`, async () => {
      using directory = temporaryDirectory();
      const stateDir = join(directory.path, 'state');
      const workDir = join(directory.path, 'work');
      mkdirSync(workDir);
      writeFileSync(join(workDir, 'of somebody else'), 'x');
      await crash(stateDir, workDir, point);
      using journal = openJournal(stateDir, { thorough: true });
      const [died] = journal.runs({ limit: 1 });
      assert.equal(died?.outcome, 'running');

      const report = await runPlan(
        plan([step('next', { locks: [{ name: 'repository/nas', mode: 'exclusive' }] })]),
        options({ journal, broker: fileLockBroker(stateDir), kinds: [directoryEffect] }),
      );
      assert.equal(report.outcome, 'succeeded');
      assert.equal(report.warnings.filter((note) => /^cleaned up after run .*: directory$/.test(note)).length, effects);
      assert.deepEqual(readdirSync(workDir), ['of somebody else']);
      const after = journal.run(died.id);
      assert.equal(after?.outcome, 'interrupted');
      assert.deepEqual(
        after?.steps.map((one) => one.outcome),
        ['succeeded', 'interrupted', 'interrupted'],
      );
      assert.match(after?.steps[1]?.reason ?? '', /ended without a word \(pid \d+\)/);
      assert.deepEqual(journal.unfinishedRuns(), []);
      assert.deepEqual(await recover(journal, [directoryEffect], stateDir), []);
    });
  }

  it('two that start together clean up once', async () => {
    using directory = temporaryDirectory();
    const stateDir = join(directory.path, 'state');
    mkdirSync(join(directory.path, 'work'));
    await crash(stateDir, join(directory.path, 'work'), 'working');
    let undone = 0;
    const counting: EffectKind = {
      kind: 'directory',
      undo: async (payload) => {
        undone += 1;
        await new Promise(setImmediate);
        await directoryEffect.undo(payload);
      },
    };
    using one = openJournal(stateDir);
    using two = openJournal(stateDir);
    const notes = await Promise.all([recover(one, [counting], stateDir), recover(two, [counting], stateDir)]);
    assert.equal(undone, 2); // the two effects, each once
    assert.deepEqual(
      notes.map((each) => each.length).toSorted((a, b) => a - b),
      [0, 2],
    );
  });
});

describe('crash recovery', () => {
  it('leaves a process that is still alive alone', async () => {
    using directory = temporaryDirectory();
    const stateDir = join(directory.path, 'state');
    const workDir = join(directory.path, 'work');
    mkdirSync(workDir);
    const child = spawn(process.execPath, [CRASHING, stateDir, workDir, 'alive'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    using journal = openJournal(stateDir);
    const notes = await recover(journal, [directoryEffect], stateDir);
    const both = [existsSync(join(workDir, 'one')), existsSync(join(workDir, 'two'))];
    child.stdin.end('go on\n');
    assert.deepEqual(notes, []);
    assert.deepEqual(both, [true, true]);
    assert.equal((await exited)[0], 0);
    assert.equal(journal.runs({ limit: 1 })[0]?.outcome, 'succeeded');
    assert.deepEqual(readdirSync(workDir), []);
  });

  it('touches only the dead one of two unfinished runs', async () => {
    const journal = openTransientJournal();
    left(journal, ['x']);
    journal.openRun({ id: '01LIVES', plan: plan([step('a')]), startedAt: 1 as Instant, process: selfIdentity() });
    journal.intendEffect({ runId: '01LIVES', stepId: 'a', kind: 'x', payload: {}, at: 1 as Instant });
    let undone = 0;
    await recover(journal, [{ kind: 'x', undo: () => Promise.resolve(void (undone += 1)) }]);
    assert.equal(undone, 1);
    assert.deepEqual(
      journal.unfinishedRuns().map((run) => [run.id, run.effects.length]),
      [['01LIVES', 1]],
    );
    assert.equal(journal.run('01LIVES')?.outcome, 'running');
  });

  it('undoes in the reverse order of making', async () => {
    const journal = openTransientJournal();
    left(journal, ['x', 'x', 'x']);
    const order: unknown[] = [];
    const kind: EffectKind = { kind: 'x', undo: (payload) => Promise.resolve(void order.push(payload['index'])) };
    await recover(journal, [kind]);
    assert.deepEqual(order, [2, 1, 0]);
  });

  it('tells an effect that it does not know, keeps it, and undoes those of other steps', async () => {
    const journal = openTransientJournal();
    left(journal, ['x', 'from the future'], ['b', 'a']);
    let undone = 0;
    const kind: EffectKind = { kind: 'x', undo: () => Promise.resolve(void (undone += 1)) };
    const notes = await recover(journal, [kind]);
    assert.equal(undone, 1);
    assert.equal(notes.length, 2);
    assert.match(notes[0] ?? '', /could not clean up after run 01DIED\w*: from the future/);
    assert.deepEqual(
      journal.unfinishedRuns()[0]?.effects.map((effect) => effect.kind),
      ['from the future'],
    );
    assert.equal(journal.run('01DIED')?.outcome, 'interrupted');
    assert.equal((await recover(journal, [kind])).length, 1); // told again at every start
  });

  it('leaves what is older as it is while something newer of the same step cannot be undone', async () => {
    const journal = openTransientJournal();
    left(journal, ['staging', 'unit', 'swap', 'spool', 'hooks', 'other'], ['a', 'a', 'a', 'a', 'a', 'b']);
    const undone: string[] = [];
    const broken = new Set(['swap', 'spool', 'hooks']);
    const kind = (name: string, more: Partial<EffectKind> = {}): EffectKind => ({
      kind: name,
      ...more,
      undo: () => (broken.has(name) ? Promise.reject(new Error('EIO')) : Promise.resolve(void undone.push(name))),
    });
    const kinds = [
      ...['staging', 'unit', 'swap', 'other'].map((name) => kind(name)),
      kind('spool', { independent: true }),
      kind('hooks', { once: true }),
    ];
    const notes = await recover(journal, kinds);
    assert.deepEqual(undone, ['other']);
    assert.match(
      notes.join('\n'),
      /could not clean up [^\n]*: swap: EIO[^\n]*\nleft as it is until then: unit [^\n]*\nleft .*staging/,
    );
    broken.clear();
    await recover(journal, kinds);
    assert.deepEqual(undone, ['other', 'spool', 'swap', 'unit', 'staging']);
    assert.deepEqual(journal.unfinishedRuns(), []);
  });

  it('tries again at the next start what could not be undone', async () => {
    const journal = openTransientJournal();
    left(journal, ['mount']);
    let busy = true;
    const kind: EffectKind = {
      kind: 'mount',
      undo: () => (busy ? Promise.reject(new Error('target is busy')) : Promise.resolve()),
    };
    assert.match((await recover(journal, [kind])).join(), /target is busy; it will be tried again/);
    busy = false;
    assert.match((await recover(journal, [kind])).join(), /cleaned up after run .*: mount/);
    assert.deepEqual(await recover(journal, [kind]), []);
  });

  it('stops between two effects when it is asked to, and goes on at the next start', async () => {
    const journal = openTransientJournal();
    left(journal, ['x', 'x']);
    const stop = new AbortController();
    let undone = 0;
    const kind: EffectKind = {
      kind: 'x',
      undo: () => {
        undone += 1;
        stop.abort(interruption('SIGTERM'));
        return Promise.resolve();
      },
    };
    await assert.rejects(recoverFromCrash(options({ journal, kinds: [kind], signal: stop.signal })), {
      code: 'interrupted',
    });
    assert.equal(undone, 1);
    await recover(journal, [kind]);
    assert.equal(undone, 2);
    assert.equal(journal.run('01DIED')?.outcome, 'interrupted');
  });

  it('costs nothing, not even a lock, when nothing was left', async () => {
    const broker = { acquire: () => Promise.reject(new Error('not needed')) };
    assert.deepEqual(await recoverFromCrash(options({ broker })), []);
  });
});
