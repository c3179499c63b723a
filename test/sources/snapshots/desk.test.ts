// Who shares a snapshot with whom, and when it goes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import type { StepContext } from '../../../src/domain/plan.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { type Order, SnapshotDesk } from '../../../src/sources/snapshots/desk.ts';
import type { SnapshotProvider, SnapshotRecord } from '../../../src/sources/snapshots/provider.ts';

const gone = new HoldfastError({ code: 'snapshot-missing', operation: 'hold', subject: 'x', message: 'gone' });

/** Keeps who uses which snapshot, as a kernel does. */
class Kernel {
  readonly users = new Map<string, Set<string>>();
  taking: Promise<void> = Promise.resolve();
  refuses = false;

  readonly provider: SnapshotProvider = {
    kind: 'zfs',
    shared: true,
    locate: () => Promise.reject(gone),
    groupOf: () => '',
    identify: (name) => Promise.resolve({ name, id: null }),
    take: async ({ name, user }) => {
      await this.taking;
      if (this.refuses) throw new HoldfastError({ code: 'no-space', operation: 'take', subject: name, message: 'full' });
      this.users.set(name, new Set([user]));
    },
    join: ({ name, user }) => {
      if (!this.users.get(name)?.add(user)) return Promise.reject(gone);
      return Promise.resolve();
    },
    sourceOf: ({ name }) => ({ path: name }),
    namesOf: ({ name }) => [name],
    missing: () => Promise.resolve([]),
    ownPlaces: () => [],
    release: ({ name, user }) => {
      const users = this.users.get(name);
      users?.delete(user);
      if (users?.size === 0) this.users.delete(name);
      return Promise.resolve();
    },
  };

  /** A step's; its effects are undone by the provider, as the journal's would be. */
  context(): StepContext {
    let now = 0;
    return {
      signal: new AbortController().signal,
      runId: 'RUN',
      now: () => (now += 1) as Instant,
      hold: async (_kind: string, payload: unknown, make: () => Promise<void>) => {
        await using undo = new AsyncDisposableStack();
        undo.defer(() => this.provider.release(payload as SnapshotRecord, new AbortController().signal));
        await make();
        return undo.move();
      },
    } as unknown as StepContext; // what the desk uses of it
  }

  order(user: string, origins: readonly string[], fresh = false): Order {
    return { provider: this.provider, origins: origins.map((name) => ({ name, id: null })), user, fresh };
  }
}

test('a job that needs no more than another has uses its snapshot, which goes with the last of them', async () => {
  const [kernel, desk] = [new Kernel(), new SnapshotDesk()];
  const first = await desk.hold(kernel.order('app@near', ['tank/app', 'tank/media']), kernel.context());
  const second = await desk.hold(kernel.order('media@near', ['tank/media']), kernel.context());
  assert.equal(second.record.name, first.record.name);
  assert.equal(second.at, first.at);
  await first[Symbol.asyncDispose]();
  assert.deepEqual(
    [...kernel.users.values()].map((users) => users.size),
    [1],
  );
  await second[Symbol.asyncDispose]();
  assert.equal(kernel.users.size, 0);
});

test('a job that needs more, or whose hook has just made some of its data, has a snapshot of its own', async () => {
  const [kernel, desk] = [new Kernel(), new SnapshotDesk()];
  const first = await desk.hold(kernel.order('app@near', ['tank/app']), kernel.context());
  const more = await desk.hold(kernel.order('all@near', ['tank/app', 'tank/media']), kernel.context());
  const fresh = await desk.hold(kernel.order('app@far', ['tank/app'], true), kernel.context());
  assert.equal(new Set([first, more, fresh].map(({ record }) => record.name)).size, 3);
});

test('what is over is not joined again: the next job sees the data as it is then', async () => {
  const [kernel, desk] = [new Kernel(), new SnapshotDesk()];
  const first = await desk.hold(kernel.order('app@near', ['tank/app']), kernel.context());
  await first[Symbol.asyncDispose]();
  const second = await desk.hold(kernel.order('app@far', ['tank/app']), kernel.context());
  assert.notEqual(second.record.name, first.record.name);
});

test('a job that waits for a snapshot which cannot be made is told so by its own attempt, and nothing stays', async () => {
  const [kernel, desk] = [new Kernel(), new SnapshotDesk()];
  const begun = Promise.withResolvers<void>();
  kernel.taking = begun.promise;
  kernel.refuses = true;
  const both = ['app@near', 'app@far'].map((user) => desk.hold(kernel.order(user, ['tank/app']), kernel.context()));
  begun.resolve();
  for (const result of await Promise.allSettled(both))
    assert.equal(result.status === 'rejected' && result.reason.code, 'no-space');
  kernel.refuses = false;
  const later = await desk.hold(kernel.order('app@near', ['tank/app']), kernel.context());
  assert.equal(later.record.name, 'holdfast-RUN-3');
  await later[Symbol.asyncDispose]();
  assert.equal(kernel.users.size, 0);
});

test('a snapshot that somebody took away meanwhile is not used: the job makes its own', async () => {
  const [kernel, desk] = [new Kernel(), new SnapshotDesk()];
  const first = await desk.hold(kernel.order('app@near', ['tank/app']), kernel.context());
  kernel.users.clear();
  const second = await desk.hold(kernel.order('app@far', ['tank/app']), kernel.context());
  assert.notEqual(second.record.name, first.record.name);
});
