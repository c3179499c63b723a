// Putting restored data in place: what is there after every way in which it can end.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { StepContext } from '../../../src/domain/plan.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { ENTRY_PROMOTION, promoteEntries } from '../../../src/engine/restore/promote-entries.ts';
import { identityOf, promote, PROMOTION } from '../../../src/engine/restore/promote.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const signal = new AbortController().signal;

/** Makes the effect and undoes it, as the runner does; `die` leaves it as it is after making. */
const context = (): Pick<StepContext, 'hold' | 'signal'> => ({
  signal,
  async hold(kind, payload, make) {
    const undo = (): Promise<void> => (kind === PROMOTION.kind ? PROMOTION : ENTRY_PROMOTION).undo(payload, signal);
    try {
      await make();
    } catch (error) {
      await undo();
      throw error;
    }
    return { [Symbol.asyncDispose]: undo };
  },
});
// Only these two are used.
const stepContext = (): StepContext => context() as StepContext;

function folder(t: TestContext): (name: string, content?: string) => string {
  const directory = temporaryDirectory();
  t.after(() => directory[Symbol.dispose]());
  return (name, content) => {
    const path = join(directory.path, name);
    if (content !== undefined) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'file'), content);
    }
    return path;
  };
}

const content = (path: string): string => readFileSync(join(path, 'file'), 'utf8');

test('a swap puts the new in place and keeps the old; undoing it afterwards changes nothing', async (t) => {
  const at = folder(t);
  const swap = { path: at('live', 'old'), staged: at('staging/live', 'new'), aside: at('aside'), intruder: at('intruder') };
  await promote(stepContext(), [swap]);
  assert.deepEqual([content(swap.path), content(swap.aside)], ['new', 'old']);
});

test('all of several swaps are made, or none', async (t) => {
  const at = folder(t);
  const swaps = ['one', 'two'].map((name) => ({
    path: at(name, `old ${name}`),
    staged: at(`staging/${name}`, `new ${name}`),
    aside: at(`${name}.aside`),
    intruder: at(`${name}.intruder`),
  }));
  writeFileSync(at('two.aside'), 'in the way: a directory cannot be renamed over a file');
  await assert.rejects(promote(stepContext(), swaps), /put|ENOTDIR|not a directory/i);
  assert.deepEqual(
    swaps.map(({ path }) => content(path)),
    ['old one', 'old two'],
  );
  assert.deepEqual(
    swaps.map(({ staged }) => content(staged)),
    ['new one', 'new two'],
  );
});

test('after a death between the two renames the old is back, also when something was created there meanwhile', async (t) => {
  for (const meanwhile of [null, 'made by a service that restarted']) {
    const at = folder(t);
    const swap = {
      path: at('live', 'old'),
      staged: at('staging/live', 'new'),
      aside: at('aside'),
      intruder: at('intruder'),
    };
    const payload: JsonObject = {
      swaps: [{ ...swap, identity: await identityOf(swap.staged), formerly: await identityOf(swap.path) }],
    };
    renameSync(swap.path, swap.aside);
    if (meanwhile !== null) at('live', meanwhile);
    await PROMOTION.undo(payload, signal);
    await PROMOTION.undo(payload, signal);
    assert.equal(content(swap.path), 'old');
    if (meanwhile !== null) assert.equal(content(swap.intruder), meanwhile);
  }
});

test('where the directory must stay, its entries are exchanged: before the point of no return the old, after it the new', async (t) => {
  const names = ['a', 'b', 'c', 'lost+found'];
  for (let moves = 0; moves <= 8; moves += 1) {
    const at = folder(t);
    const swap = {
      path: at('live'),
      staged: at('live/.restoring/live'),
      own: ['.restoring', '.moving'],
      moving: at('live/.moving'),
      aside: at('live/.before'),
    };
    for (const name of names) at(`live/${name}`, `old ${name}`);
    for (const name of names) at(`live/.restoring/live/${name}`, `new ${name}`);
    // The very moves of an exchange, up to a death after so many of them.
    const exchange = [
      () => mkdirSync(swap.moving),
      ...['a', 'b', 'c'].map((name) => () => renameSync(join(swap.path, name), join(swap.moving, name))),
      () => renameSync(swap.moving, swap.aside),
      ...['a', 'b', 'c'].map((name) => () => renameSync(join(swap.staged, name), join(swap.path, name))),
    ];
    for (const move of exchange.slice(0, moves)) move();
    await ENTRY_PROMOTION.undo({ ...swap }, signal);
    const expected = moves < 5 ? 'old' : 'new';
    assert.deepEqual(
      names.map((name) => content(join(swap.path, name))),
      [`${expected} a`, `${expected} b`, `${expected} c`, 'old lost+found'],
      `after ${moves} moves`,
    );
    rmSync(at('live/.restoring'), { recursive: true });
    await ENTRY_PROMOTION.undo({ ...swap }, signal);
    assert.deepEqual(
      readdirSync(swap.path).filter((name) => name.startsWith('.')),
      moves < 5 ? [] : ['.before'],
    );
  }
});

test('an exchange of entries keeps the old ones, and what is created meanwhile', async (t) => {
  const at = folder(t);
  at('live/a', 'old a');
  at('live/.restoring/live/b', 'new b');
  const swap = {
    path: at('live'),
    staged: at('live/.restoring/live'),
    own: ['.restoring', '.moving'],
    moving: at('live/.moving'),
    aside: at('live/.before'),
  };
  await promoteEntries(stepContext(), swap);
  assert.deepEqual(readdirSync(swap.path).toSorted(), ['.before', '.restoring', 'b']);
  assert.equal(content(at('live/.before/a')), 'old a');
});
