// Putting restored data in place: what is there after every way in which it can end.

import assert from 'node:assert/strict';
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import type { StepContext } from '../../../src/domain/plan.ts';
import { promote, PROMOTION } from '../../../src/engine/restore/promote.ts';
import { holdStaging, STAGING } from '../../../src/engine/restore/staging.ts';
import type { EntrySwap } from '../../../src/engine/restore/swap-entries.ts';
import type { Swap } from '../../../src/engine/restore/swap-paths.ts';
import { recoverFromCrash } from '../../../src/engine/runner/crash-recovery.ts';
import { effectKinds, StepEffects } from '../../../src/engine/runner/effects.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { selfIdentity } from '../../../src/process/identity.ts';
import { options, plan, step } from '../../support/plans.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const signal = new AbortController().signal;
const KINDS = [PROMOTION, STAGING];

/** A step with effects in a journal, of a process that is dead by now; `undone` is called before an effect is undone. */
function stepContext(journal: Journal = openTransientJournal(), undone: () => void = () => {}): StepContext {
  const dead = { ...selfIdentity(), bootId: 'another boot' };
  journal.openRun({ id: 'R', plan: plan([step('a')]), startedAt: 1 as Instant, process: dead });
  const kinds = effectKinds(
    KINDS.map((kind) => ({
      ...kind,
      undo: (...args: Parameters<typeof kind.undo>) => {
        undone();
        return kind.undo(...args);
      },
    })),
  );
  const effects = new StepEffects({ runId: 'R', stepId: 'a', journal, clock: systemClock, kinds });
  const context: Pick<StepContext, 'hold' | 'signal'> = { signal, hold: (...effect) => effects.hold(...effect) };
  return context as StepContext; // only these two are used
}

function folder(t: TestContext): (name: string, content?: string) => string {
  const directory = temporaryDirectory();
  t.after(() => directory[Symbol.dispose]());
  mkdirSync(join(directory.path, 'disk'));
  return (name, content) => {
    const path = join(directory.path, 'disk', name);
    if (content !== undefined) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'file'), content);
    }
    return path;
  };
}
type Folder = ReturnType<typeof folder>;

const content = (path: string): string => readFileSync(join(path, 'file'), 'utf8');

/** A swap of `name`, with the old and the new data. */
function swapAt(at: Folder, name: string, { old = true } = {}): Swap & { staged: string } {
  return {
    path: old ? at(name, `old ${name}`) : at(name),
    staged: at(`${name}.staging/${name}`, `new ${name}`),
    leaving: at(`${name}.leaving`),
    aside: at(`${name}.aside`),
    displaced: at(`${name}.displaced-`),
  };
}

const displacedIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /displaced-[^/]+\/[^/]+$/.test(name))
    .map((name) => join(directory, name));

test('a swap puts the new in place and keeps the old', async (t) => {
  const at = folder(t);
  const swap = swapAt(at, 'live');
  const journal = openTransientJournal();
  await promote(stepContext(journal), { entries: [], swaps: [swap] });
  assert.deepEqual([content(swap.path), content(swap.aside)], ['new live', 'old live']);
  assert.deepEqual(readdirSync(at('')).toSorted(), ['live', 'live.aside', 'live.staging']);
  assert.deepEqual(journal.unfinishedRuns()[0]?.effects, []);
});

test('what was put in place stays when a program replaces it at once: nothing is undone after a success', async (t) => {
  const at = folder(t);
  const swap = swapAt(at, 'live');
  let undone = 0;
  await promote(
    stepContext(openTransientJournal(), () => (undone += 1)),
    { entries: [], swaps: [swap] },
  );
  assert.equal(undone, 0);
  // Nor when settling it was all that did not happen.
  rmSync(swap.path, { recursive: true });
  at('live', 'replaced by its owner');
  rmSync(at('live.staging'), { recursive: true });
  await PROMOTION.undo({ swaps: [{ ...swap, formerly: true }] }, signal);
  assert.deepEqual([content(swap.path), content(swap.aside)], ['replaced by its owner', 'old live']);
  const first = swapAt(at, 'first', { old: false });
  await promote(stepContext(), { entries: [], swaps: [first] });
  rmSync(at('first.staging'), { recursive: true });
  await PROMOTION.undo({ swaps: [{ ...first, formerly: false }] }, signal);
  assert.equal(content(first.path), 'new first');
});

test('all of several swaps are made, or none', async (t) => {
  const at = folder(t);
  const swaps = ['one', 'two'].map((name) => swapAt(at, name));
  writeFileSync(at('two.leaving'), 'in the way: a directory cannot be renamed over a file');
  await assert.rejects(promote(stepContext(), { entries: [], swaps }));
  assert.equal(content(at('one')), 'old one');
  assert.equal(content(at('one.staging/one')), 'new one');
});

/** The renames of which a promotion is made, in their order. */
const movesOf = (swaps: readonly (Swap & { staged: string })[]): (readonly [string, string])[] => [
  ...swaps.filter(({ path }) => existsSync(path)).map(({ path, leaving }) => [path, leaving] as const),
  ...swaps.map(({ path, staged }) => [staged, path] as const),
  ...swaps.filter(({ path }) => existsSync(path)).map(({ leaving, aside }) => [leaving, aside] as const),
];

for (const [title, names, missing] of [
  ['one swap', ['one'], ''],
  ['several swaps', ['one', 'two', 'three'], ''],
  ['several swaps, one where there was nothing', ['one', 'two', 'three'], 'two'],
  ['a swap where there was nothing', ['one'], 'one'],
] as const) {
  test(`a death at any moment ends with all of the old or all of the new, however often it is undone: ${title}`, async (t) => {
    for (const meanwhile of [false, true]) {
      for (let moves = 0; ; moves += 1) {
        const at = folder(t);
        const swaps = names.map((name) => swapAt(at, name, { old: name !== missing }));
        const payload: JsonObject = { swaps: swaps.map((swap) => ({ ...swap, formerly: existsSync(swap.path) })) };
        const all = movesOf(swaps);
        if (moves > all.length) break;
        for (const [from, to] of all.slice(0, moves)) renameSync(from, to);
        const empty = names.filter((name) => !existsSync(at(name)) && name !== missing);
        if (meanwhile) for (const name of empty) at(name, `made meanwhile: ${name}`);
        const decided = all.length - names.filter((name) => name !== missing).length;
        const expected = moves < decided ? 'old' : 'new';
        // The same names on another file system: every device and inode number differs, as after a reboot.
        cpSync(at(''), at('../copy'), { recursive: true, preserveTimestamps: true });
        rmSync(at(''), { recursive: true });
        renameSync(at('../copy'), at(''));
        await PROMOTION.undo(payload, signal);
        await PROMOTION.undo(payload, signal);
        for (const name of names) {
          const what = `${name} after ${moves} moves`;
          if (expected === 'old' && name === missing) assert.ok(!existsSync(at(name)), what);
          else assert.equal(content(at(name)), `${expected} ${name}`, what);
          if (expected === 'new' && name !== missing) assert.equal(content(at(`${name}.aside`)), `old ${name}`, what);
        }
        const kept = displacedIn(at('')).filter((path) => basename(path) !== 'file');
        if (meanwhile) for (const name of empty) assert.ok(kept.some((path) => content(path) === `made meanwhile: ${name}`));
      }
    }
  });
}

test('where nothing of it is to be seen, undoing throws instead of taking that for done', async (t) => {
  const at = folder(t);
  const swap = swapAt(at, 'live');
  renameSync(swap.path, swap.leaving);
  renameSync(at(''), at('../elsewhere')); // not mounted
  mkdirSync(at(''));
  await assert.rejects(PROMOTION.undo({ swaps: [{ ...swap, formerly: true }] }, signal), { code: 'not-mounted' });
  await assert.rejects(PROMOTION.undo({ swaps: [{ ...swap, formerly: false }] }, signal), { code: 'not-mounted' });
  at('live', 'below the mount point');
  await assert.rejects(PROMOTION.undo({ swaps: [{ ...swap, formerly: true }] }, signal), { code: 'not-mounted' });
  await assert.rejects(PROMOTION.undo({ entries: [{ ...entrySwapAt(at, { fill: false }) }] }, signal), {
    code: 'not-mounted',
  });
});

test('old data is put back in the reverse order: a database comes after what is beside it', async (t) => {
  const at = folder(t);
  const main = swapAt(at, 'db');
  const companion = { ...swapAt(at, 'db-wal'), staged: null, displaced: at('no such directory/displaced-') };
  const payload = { swaps: [main, companion].map((swap) => ({ ...swap, formerly: true })) };
  for (const { path, leaving } of [main, companion]) renameSync(path, leaving);
  at('db-wal', 'made meanwhile');
  await assert.rejects(PROMOTION.undo(payload, signal), { code: 'ENOENT' });
  assert.ok(!existsSync(main.path), 'without its companion it would be another database');
  mkdirSync(at('no such directory'));
  await PROMOTION.undo(payload, signal);
  assert.deepEqual([content(main.path), content(companion.path)], ['old db', 'old db-wal']);
});

test('a swap without restored data is refused before anything is moved', async (t) => {
  const at = folder(t);
  const swaps = ['one', 'two'].map((name) => swapAt(at, name));
  rmSync(at('two.staging/two'), { recursive: true });
  let undone = 0;
  await assert.rejects(
    promote(
      stepContext(openTransientJournal(), () => (undone += 1)),
      { entries: [], swaps },
    ),
    { code: 'not-restored' },
  );
  assert.deepEqual([content(at('one')), content(at('two')), undone], ['old one', 'old two', 0]);
});

test('nor is an exchange of entries begun without restored data', async (t) => {
  const at = folder(t);
  const swap = entrySwapAt(at);
  rmSync(swap.staged, { recursive: true });
  await assert.rejects(promote(stepContext(), { entries: [swap], swaps: [] }), { code: 'not-restored' });
  assert.equal(content(join(swap.path, 'a')), 'old a');
});

test('a file that appears where the old one was is not overwritten', async (t) => {
  const at = folder(t);
  const [path, staged] = [at('live'), at('staging/live')];
  mkdirSync(at('staging'));
  writeFileSync(path, 'old');
  writeFileSync(staged, 'new');
  const swap = { path, staged, leaving: at('leaving'), aside: at('aside'), displaced: at('displaced-') };
  // The second takes away what the first has just put there: to it, that is something created meanwhile.
  writeFileSync(at('staging/other'), 'other');
  const second = { ...swap, staged: at('staging/other'), leaving: at('leaving2'), aside: at('aside2') };
  await assert.rejects(promote(stepContext(), { entries: [], swaps: [swap, second] }), {
    code: 'refused',
    message: /created/,
  });
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(
    displacedIn(at('')).map((each) => readFileSync(each, 'utf8')),
    ['new'],
  );
});

const NAMES = ['a', 'b', 'c', 'lost+found'];

function entrySwapAt(at: Folder, { fill = true } = {}): EntrySwap {
  if (fill) {
    for (const name of NAMES) at(`live/${name}`, `old ${name}`);
    for (const name of NAMES) at(`live/.restoring/live/${name}`, `new ${name}`);
  }
  return {
    path: at('live'),
    staged: at('live/.restoring/live'),
    own: ['.restoring', '.leaving', '.entering'],
    leaving: at('live/.leaving'),
    entering: at('live/.entering'),
    aside: at('live/.before'),
    displaced: at('live/.displaced-'),
  };
}

/** The very moves of an exchange. */
const entryMoves = (swap: EntrySwap): (() => void)[] => [
  () => mkdirSync(swap.leaving),
  ...['a', 'b', 'c'].map((name) => () => renameSync(join(swap.path, name), join(swap.leaving, name))),
  () => renameSync(swap.leaving, swap.entering),
  ...['a', 'b', 'c'].map((name) => () => renameSync(join(swap.staged, name), join(swap.path, name))),
  () => renameSync(swap.entering, swap.aside),
];

test('where the directory must stay, its entries are exchanged: before the point of no return the old, after it the new', async (t) => {
  for (const meanwhile of [false, true]) {
    for (let moves = 0; moves <= 9; moves += 1) {
      const at = folder(t);
      const swap = entrySwapAt(at);
      for (const move of entryMoves(swap).slice(0, moves)) move();
      const made = meanwhile ? ['a', 'b', 'c'].filter((name) => !existsSync(join(swap.path, name))) : [];
      for (const name of made) at(`live/${name}`, `made meanwhile: ${name}`);
      const expected = moves < 5 ? 'old' : 'new';
      for (const attempt of ['once', 'twice']) {
        await PROMOTION.undo({ entries: [{ ...swap }] }, signal);
        assert.deepEqual(
          NAMES.map((name) => content(join(swap.path, name))),
          [`${expected} a`, `${expected} b`, `${expected} c`, 'old lost+found'],
          `after ${moves} moves, ${attempt}`,
        );
      }
      const before = readdirSync(swap.path).filter((name) => name.startsWith('.before'));
      assert.deepEqual(before, moves < 5 ? [] : ['.before']);
      if (moves >= 5) for (const name of ['a', 'b', 'c']) assert.equal(content(at(`live/.before/${name}`)), `old ${name}`);
      const kept = displacedIn(swap.path).filter((path) => basename(path) !== 'file');
      assert.deepEqual(
        kept.map(content).toSorted(),
        made.map((name) => `made meanwhile: ${name}`),
      );
    }
  }
});

test('a death at any moment leaves all places of a service old or all of them new, also where one of them must stay', async (t) => {
  for (let moves = 0; moves <= 12; moves += 1) {
    const at = folder(t);
    const [kept, whole] = [entrySwapAt(at), swapAt(at, 'app')];
    const [mkdir, a, b, c, ofNoReturn, ...coming] = entryMoves(kept);
    const [out, into, aside] = movesOf([whole]).map(
      ([from, to]) =>
        () =>
          renameSync(from, to),
    );
    const all = [mkdir, a, b, c, out, ofNoReturn, into, ...coming, aside];
    for (const move of all.slice(0, moves)) move?.();
    const expected = moves < 6 ? 'old' : 'new';
    for (const attempt of ['once', 'twice']) {
      await PROMOTION.undo({ entries: [{ ...kept }], swaps: [{ ...whole, formerly: true }] }, signal);
      assert.deepEqual(
        [...['a', 'b', 'c'].map((name) => content(join(kept.path, name))), content(whole.path)],
        ['a', 'b', 'c', 'app'].map((name) => `${expected} ${name}`),
        `after ${moves} of ${all.length} moves, ${attempt}`,
      );
    }
    if (expected === 'new') assert.deepEqual([content(whole.aside), content(at('live/.before/a'))], ['old app', 'old a']);
  }
});

test('no place is changed while what one of them needs is not there', async (t) => {
  const at = folder(t);
  const [kept, whole] = [entrySwapAt(at), swapAt(at, 'app')];
  const payload = { entries: [{ ...kept }], swaps: [{ ...whole, formerly: true }] };
  renameSync(whole.path, whole.leaving);
  renameSync(kept.staged, at('elsewhere'));
  await assert.rejects(PROMOTION.undo(payload, signal), { code: 'not-mounted' });
  assert.ok(!existsSync(whole.path), 'the old is not put back beside a place that nobody sees');
  renameSync(at('elsewhere'), kept.staged);
  for (const move of entryMoves(kept).slice(0, 5)) move();
  renameSync(at('app.staging'), at('elsewhere'));
  await assert.rejects(PROMOTION.undo(payload, signal), { code: 'not-mounted' });
  assert.ok(!existsSync(join(kept.path, 'a')), 'the new is not put in place beside one that nobody sees');
  renameSync(at('elsewhere'), at('app.staging'));
  await PROMOTION.undo(payload, signal);
  assert.deepEqual([content(whole.path), content(join(kept.path, 'a'))], ['new app', 'new a']);
});

test('what cannot be put in place in one of the places is not put in place in another', async (t) => {
  const at = folder(t);
  const [kept, whole] = [entrySwapAt(at), { ...swapAt(at, 'app'), leaving: at('no such directory/leaving') }];
  await assert.rejects(promote(stepContext(), { entries: [kept], swaps: [whole] }));
  assert.deepEqual([content(whole.path), content(join(kept.path, 'a'))], ['old app', 'old a']);
});

test('an exchange of entries keeps the old ones, and gives their directory the owner and the mode of the new one', async (t) => {
  const at = folder(t);
  at('live/a', 'old a');
  const swap = entrySwapAt(at, { fill: false });
  mkdirSync(swap.staged, { recursive: true, mode: 0o710 });
  at('live/.restoring/live/b', 'new b');
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(swap.staged, 54_321, 54_322);
  let undone = 0;
  await promote(
    stepContext(openTransientJournal(), () => (undone += 1)),
    { entries: [swap], swaps: [] },
  );
  assert.equal(undone, 0);
  assert.deepEqual(readdirSync(swap.path).toSorted(), ['.before', '.restoring', 'b']);
  assert.equal(content(at('live/.before/a')), 'old a');
  const { mode, uid, gid } = lstatSync(swap.path);
  assert.equal(mode & 0o777, 0o710);
  assert.equal(lstatSync(swap.staged).mode, mode);
  if (isRoot) assert.deepEqual([uid, gid], [54_321, 54_322]);
});

test('an exchange of entries is not cut short by a cancellation', async (t) => {
  const at = folder(t);
  const swap = entrySwapAt(at);
  await promote({ ...stepContext(), signal: AbortSignal.abort(new Error('cancelled')) }, { entries: [swap], swaps: [] });
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => content(join(swap.path, name))),
    ['new a', 'new b', 'new c'],
  );
});

test('a staging stays, at every start, while the exchange above it can neither be finished nor taken back', async (t) => {
  const at = folder(t);
  const journal = openTransientJournal();
  const context = stepContext(journal);
  const staging = at('live/.restoring');
  const swap = entrySwapAt(at, { fill: false });
  for (const name of NAMES) at(`live/${name}`, `old ${name}`);
  await holdStaging(context, staging); // never disposed of: the process dies
  for (const name of NAMES) at(`live/.restoring/live/${name}`, `new ${name}`);
  journal.intendEffect({
    runId: 'R',
    stepId: 'a',
    kind: PROMOTION.kind,
    payload: { entries: [{ ...swap }] },
    at: 1 as Instant,
  });
  for (const move of entryMoves(swap).slice(0, 6)) move();
  renameSync(swap.staged, at('live/.restoring/unreadable'));
  const recover = (): Promise<string[]> => recoverFromCrash(options({ journal, kinds: KINDS }));
  for (const _ of [1, 2]) {
    assert.match(
      (await recover()).join('\n'),
      /could not clean up .*promotion: .*restoring\/live exists.*\nleft as it is until then: staging/,
    );
    assert.ok(existsSync(at('live/.restoring/unreadable/b')));
  }
  renameSync(at('live/.restoring/unreadable'), swap.staged);
  assert.match((await recover()).join('\n'), /cleaned up .*promotion\ncleaned up .*staging/);
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => content(at(`live/${name}`))),
    ['new a', 'new b', 'new c'],
  );
  assert.ok(!existsSync(staging));
  assert.deepEqual(await recover(), []);
});
