// Reading a repository's files against their names, on directories that look like one.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../../src/domain/instant.ts';
import type { Rate } from '../../../src/domain/rate.ts';
import { EVERYTHING } from '../../../src/domain/verification.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { comesAfter } from '../../../src/repositories/scrub/repository-files.ts';
import {
  bytesToRead,
  scrub,
  type ScrubOptions,
  type ScrubRequest,
  type ScrubResult,
  type ScrubState,
} from '../../../src/repositories/scrub/scrub.ts';
import { ScrubMemory } from '../../../src/repositories/scrub/scrub-memory.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z') as Instant;

function temporary(t: TestContext): string {
  const directory = temporaryDirectory();
  t.after(() => directory[Symbol.dispose]());
  return directory.path;
}

class Store {
  readonly directory: string;
  readonly items: string[] = [];

  constructor(directory: string) {
    this.directory = directory;
    for (const kind of ['data', 'index', 'keys', 'locks', 'snapshots'])
      mkdirSync(join(directory, kind), { recursive: true });
    writeFileSync(join(directory, 'config'), randomBytes(155));
  }

  add(kind: string, content: Uint8Array | string = randomBytes(100)): string {
    const name = createHash('sha256').update(content).digest('hex');
    const item = `${kind}/${name}`;
    mkdirSync(join(this.path(item), '..'), { recursive: true });
    writeFileSync(this.path(item), content);
    this.items.push(item);
    return item;
  }

  path(item: string): string {
    const [kind = '', name = ''] = item.split('/');
    return kind === 'data' ? join(this.directory, kind, name.slice(0, 2), name) : join(this.directory, kind, name);
  }

  flip(item: string, at = 0): void {
    const content = readFileSync(this.path(item));
    content[at] = (content[at] ?? 0) ^ 1;
    writeFileSync(this.path(item), content);
  }

  scrub(request: Partial<ScrubRequest> = {}, options: Partial<ScrubOptions> = {}): Promise<ScrubResult> {
    const { directory } = this;
    return scrub(
      { directory, subject: 'nas', slice: EVERYTHING, rate: null, now: NOW, resume: null, former: [], ...request },
      {
        signal: new AbortController().signal,
        onState: () => {},
        assertPlace: () => Promise.resolve(),
        ...options,
      },
    );
  }
}

function storeOf(t: TestContext, packs = 12): Store {
  const store = new Store(join(temporary(t), 'repository'));
  for (let count = 0; count < packs; count += 1) store.add('data', randomBytes(500 + count));
  for (const kind of ['index', 'snapshots', 'keys']) store.add(kind);
  return store;
}

const failsAs =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code;

describe('a scrub', () => {
  it('finds nothing wrong with files that have their names', async (t) => {
    const store = storeOf(t);
    store.add('data', randomBytes(5_000_000)); // more than the buffers hold
    writeFileSync(join(store.directory, 'locks', 'f'.repeat(64)), 'a lock is named after something else');
    const seen: string[] = [];
    const { flaws, files, bytes, strangers } = await store.scrub({}, { onState: ({ done }) => void seen.push(done ?? '') });
    assert.deepEqual([flaws, files, strangers], [[], 16, 0]);
    assert.deepEqual(seen.toSorted(), store.items.toSorted());
    const request = { directory: store.directory, subject: 'nas', slice: EVERYTHING, rate: null, now: NOW };
    assert.equal(await bytesToRead({ ...request, resume: null, former: [] }, new AbortController().signal), bytes);
  });

  it('names every file that is not what its name says', async (t) => {
    const store = storeOf(t);
    const [flipped = '', cut = '', emptied = '', swapped = '', hollow = '', dangling = ''] = store.items;
    const [index = '', snapshot = '', key = ''] = store.items.slice(-3);
    store.flip(flipped, 200);
    truncateSync(store.path(cut), 10);
    truncateSync(store.path(emptied), 0);
    writeFileSync(store.path(swapped), 'something else');
    rmSync(store.path(hollow));
    mkdirSync(store.path(hollow));
    rmSync(store.path(dangling));
    symlinkSync('/nowhere', store.path(dangling));
    for (const item of [index, snapshot, key]) store.flip(item);
    const { flaws } = await store.scrub();
    assert.deepEqual(
      flaws.map(({ item }) => item).toSorted(),
      [flipped, cut, emptied, swapped, hollow, dangling, index, snapshot, key].toSorted(),
    );
    assert.ok(flaws.every(({ problem }) => problem === 'damaged'));
  });

  it('does not wait for a pipe in the place of a file', async (t) => {
    const store = storeOf(t, 2);
    const [first = '', second = ''] = store.items;
    for (const item of [first, second]) rmSync(store.path(item));
    execFileSync('mkfifo', [store.path(first), join(store.directory, 'fifo')]);
    symlinkSync(join(store.directory, 'fifo'), store.path(second));
    const { flaws } = await store.scrub();
    assert.deepEqual(flaws.map(({ item }) => item).toSorted(), [first, second].toSorted());
  });

  it('takes uploads that were broken off and files put there by hand for no damage, and counts them', async (t) => {
    const store = storeOf(t);
    writeFileSync(`${store.path(store.items[0] ?? '')}-tmp-123`, 'half');
    writeFileSync(`${store.path(store.items[0] ?? '')}.partial`, '');
    writeFileSync(join(store.directory, 'index', 'notes.txt'), 'mine');
    const { flaws, strangers } = await store.scrub();
    assert.deepEqual([flaws, strangers], [[], 3]);
  });

  it('takes what was removed while it read for no damage', async (t) => {
    const store = storeOf(t);
    const last =
      store.items
        .filter((item) => item.startsWith('data/'))
        .toSorted()
        .at(-1) ?? '';
    store.flip(last);
    const { flaws } = await store.scrub({}, { onState: ({ done }) => void (done === last && rmSync(store.path(last))) });
    assert.deepEqual(flaws, []);
  });

  it('sees that there can be no config, and no directory that every repository has', async (t) => {
    const store = storeOf(t);
    truncateSync(join(store.directory, 'config'), 10);
    assert.deepEqual((await store.scrub()).flaws, [{ item: 'config', problem: 'damaged' }]);
    rmSync(join(store.directory, 'config'));
    rmSync(join(store.directory, 'index'), { recursive: true });
    assert.deepEqual((await store.scrub()).flaws, [
      { item: 'config', problem: 'missing' },
      { item: 'structure', problem: 'missing' },
    ]);
  });

  it('knows nothing of a place where no repository is', async (t) => {
    const store = new Store(join(temporary(t), 'x'));
    rmSync(store.directory, { recursive: true });
    await assert.rejects(store.scrub(), failsAs('repository-missing'));
    mkdirSync(store.directory);
    await assert.rejects(store.scrub(), failsAs('repository-missing'));
  });

  it('claims nothing about a repository that goes away or is replaced in the middle', async (t) => {
    for (const replace of [true, false]) {
      const store = storeOf(t);
      let moved = false;
      const onState = (): void => {
        if (moved) return;
        moved = true;
        renameSync(store.directory, `${store.directory}.${replace}`);
        if (replace) new Store(store.directory).add('data');
      };
      await assert.rejects(store.scrub({}, { onState }), failsAs('repository-unreachable'));
    }
  });

  it('stops at the first file that went with its disk', async (t) => {
    const store = storeOf(t);
    for (let count = 0; count < 5; count += 1) store.add('keys');
    let files = 0;
    const onState = (): void => {
      files += 1;
      if (files === 1) renameSync(store.directory, `${store.directory}.away`);
    };
    await assert.rejects(store.scrub({}, { onState }), failsAs('repository-unreachable'));
    assert.equal(files, 1);
  });

  it('claims nothing when a part of it is gone at the end', async (t) => {
    const store = storeOf(t);
    const onState = (): void => rmSync(join(store.directory, 'data'), { recursive: true, force: true });
    await assert.rejects(store.scrub({}, { onState }), failsAs('repository-unreachable'));
  });

  it('stops at once when it is told to, with its reason', async (t) => {
    const store = storeOf(t);
    const stop = new AbortController();
    const reason = new Error('enough');
    let count = 0;
    const onState = (): void => {
      count += 1;
      if (count === 3) stop.abort(reason);
    };
    await assert.rejects(store.scrub({}, { signal: stop.signal, onState }), (error) => error === reason);
    assert.equal(count, 3);
  });

  it('reads no faster than it may', async (t) => {
    const store = storeOf(t, 1);
    store.add('data', randomBytes(3_000_000));
    const began = performance.now();
    await store.scrub({ rate: 10_000_000 as Rate });
    assert.ok(performance.now() - began >= 250, `${performance.now() - began} ms`);
  });
});

describe('a scrub in parts', () => {
  /** Cut short after `files` files. */
  async function cutShort(store: Store, files: number, resume: ScrubState | null): Promise<ScrubState | null> {
    const stop = new AbortController();
    let state: ScrubState | null = null;
    let count = 0;
    const onState = (now: ScrubState): void => {
      state = now;
      count += 1;
      if (count === files) stop.abort(new Error('killed'));
    };
    await assert.rejects(store.scrub({ resume }, { signal: stop.signal, onState }));
    return state;
  }

  it('reads each file once, wherever it is cut short, and finds the same as one that is not', async (t) => {
    const store = storeOf(t, 30);
    for (const item of store.items.filter((_, index) => index % 5 === 0)) store.flip(item);
    const whole = await store.scrub();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 }), async (cuts) => {
        let state: ScrubState | null = null;
        for (const files of cuts) state = await cutShort(store, files, state);
        const { flaws, files, startedAt, resumed } = await store.scrub({ resume: state, now: (NOW + 1000) as Instant });
        assert.deepEqual(flaws, whole.flaws);
        assert.deepEqual([files, resumed, startedAt], [whole.files, true, NOW]);
      }),
      { numRuns: 20 },
    );
  });

  it('drops what was repaired since an earlier part found it', async (t) => {
    const store = storeOf(t);
    const first = store.items.find((item) => item.startsWith('keys/')) ?? '';
    store.flip(first);
    const state = await cutShort(store, 2, null);
    assert.equal(state?.flaws.length, 1);
    store.flip(first); // back
    assert.deepEqual((await store.scrub({ resume: state })).flaws, []);
  });

  it('begins anew in another repository, and for another slice', async (t) => {
    const store = storeOf(t);
    const state = await cutShort(store, 2, null);
    const other = storeOf(t);
    assert.equal((await other.scrub({ resume: state })).resumed, false);
    assert.equal((await store.scrub({ resume: state, slice: { index: 1, of: 2 } })).resumed, false);
  });

  it('reads all data once in as many slices as there are, and everything else each time', async (t) => {
    const store = storeOf(t, 40);
    const seen: string[] = [];
    for (let index = 1; index <= 7; index += 1)
      await store.scrub({ slice: { index, of: 7 } }, { onState: ({ done }) => void seen.push(done ?? '') });
    const data = (items: readonly string[]): string[] => items.filter((item) => item.startsWith('data/')).toSorted();
    assert.deepEqual(data(seen), data(store.items));
    assert.equal(seen.length - data(seen).length, 7 * 3);
  });
});

test('damaged files of earlier times that are not there any more are told', async (t) => {
  const store = storeOf(t);
  const [there = '', removed = ''] = store.items;
  rmSync(store.path(removed));
  assert.deepEqual((await store.scrub({ former: [there, removed] })).gone, [removed]);
});

test('the order of files is one order', () => {
  const item = fc
    .tuple(fc.constantFrom('keys', 'index', 'snapshots', 'data'), fc.constantFrom('00aa', '01', 'ff', 'a0', '0a'))
    .map(([kind, name]) => `${kind}/${name}`);
  fc.assert(
    fc.property(item, item, item, (a, b, c) => {
      assert.equal(comesAfter(a, b) && comesAfter(b, a), false);
      assert.equal(a === b, !comesAfter(a, b) && !comesAfter(b, a));
      if (comesAfter(a, b) && comesAfter(b, c)) assert.ok(comesAfter(a, c));
    }),
  );
});

describe('the memory of a scrub', () => {
  const state: ScrubState = {
    identity: 'x',
    slice: EVERYTHING,
    startedAt: NOW,
    done: `data/${'a'.repeat(64)}`,
    files: 3,
    bytes: 17,
    flaws: [{ item: 'config', problem: 'missing' }],
  };

  it('is what was noted last, for a week', (t) => {
    const directory = temporary(t);
    let now = NOW;
    const memory = new ScrubMemory(directory, 'near/by', () => now);
    assert.equal(memory.recall(), null);
    memory.note(state);
    memory.note({ ...state, files: 4 });
    assert.equal(memory.recall()?.files, 3); // written now and then
    memory.save();
    assert.deepEqual(new ScrubMemory(directory, 'near/by', () => now).recall(), { ...state, files: 4 });
    now = (NOW + 8 * 24 * 3_600_000) as Instant;
    assert.equal(memory.recall(), null);
    memory.forget();
    assert.deepEqual(readdirSync(join(directory, 'scrub')), []);
  });

  it('is none when it was written in half, or cannot be written', (t) => {
    const directory = temporary(t);
    const memory = new ScrubMemory(directory, 'near', () => NOW);
    memory.note(state);
    truncateSync(join(directory, 'scrub', 'near.json'), 20);
    assert.equal(memory.recall(), null);
    const nowhere = new ScrubMemory('/dev/null', 'near', () => NOW);
    nowhere.note(state);
    assert.equal(nowhere.recall(), null);
  });
});
