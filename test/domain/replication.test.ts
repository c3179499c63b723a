// What is to be sent to a replica, held against a model of two pools that refuses what ZFS refuses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../src/domain/instant.ts';
import { keepAtSource, keepAtTarget } from '../../src/domain/replication-base.ts';
import { wordsOfBroken } from '../../src/domain/replication-broken.ts';
import {
  type Bookmark,
  decideReplication,
  isOfSyncoid,
  lagOf,
  newestCommon,
  type ReplicationDecision,
  type ResumeToken,
  sentBetween,
} from '../../src/domain/replication.ts';
import { byAge, fullName, type ZfsSnapshot } from '../../src/domain/zfs-snapshot.ts';

const RAW = { raw: true };

/** A source and its replica; times are numbers of the order in which things were done. */
class Pools {
  snapshots: ZfsSnapshot[] = [];
  bookmarks: Bookmark[] = [];
  replica: ZfsSnapshot[] | null = null;
  token: ResumeToken | null = null;
  written = 0;
  encrypted = false;
  replicaEncrypted = false;
  readable = true;
  holds = new Map<string, Set<string>>();
  #time = 1;

  take(name: string, properties = {}): ZfsSnapshot {
    this.#time += 1;
    const made = this.#snapshot('tank/a', name, String(1000 + this.#time), properties);
    this.snapshots.push(made);
    return made;
  }

  #snapshot(dataset: string, name: string, guid: string, properties = {}): ZfsSnapshot {
    const creation = (this.#time * 60_000) as Instant;
    return { dataset, name, guid, createtxg: this.#time, creation, holds: 0, properties };
  }

  takeOnReplica(name: string, written: number): void {
    this.#time += 1;
    this.replica?.push(this.#snapshot('vault/a', name, String(5000 + this.#time), { written: String(written) }));
  }

  /** As syncoid does. */
  bring(name: string): void {
    this.#receive(
      this.snapshots.filter((each) => each.name === name),
      null,
      false,
      false,
    );
  }

  /** False where it is held. */
  destroy(name: string): boolean {
    const found = this.snapshots.find((each) => each.name === name);
    if (!found || (this.holds.get(fullName(found))?.size ?? 0) > 0) return false;
    this.snapshots = this.snapshots.filter((each) => each !== found);
    return true;
  }

  get source() {
    const { snapshots, bookmarks, encrypted, readable } = this;
    return { dataset: 'tank/a', snapshots, bookmarks, encrypted, readable };
  }

  get target() {
    const { replica, written, token, replicaEncrypted } = this;
    return {
      dataset: 'vault/a',
      exists: replica !== null,
      snapshots: replica ?? [],
      written,
      encrypted: replicaEncrypted,
      token,
    };
  }

  /** As zfs receive would; `cut`: the connection breaks in mid-stream. */
  carryOut(decision: ReplicationDecision, cut: boolean): void {
    this.#time += 1;
    if (decision.kind === 'abandon') this.token = null;
    if (decision.kind === 'full') {
      assert.equal(this.replica, null, 'a whole stream is never received over anything');
      this.#receive([decision.to], null, cut, decision.raw);
    }
    if (decision.kind === 'incremental') {
      const { base, to } = decision;
      assert.equal(this.written, 0, 'ZFS refuses what has been written to');
      const between = this.snapshots.filter(
        (each) => each.createtxg > base.point.createtxg && each.createtxg <= to.createtxg,
      );
      assert.ok(base.snapshot !== null || !decision.all, 'several cannot be sent from a bookmark');
      this.#receive(decision.all ? between : [to], base.point, cut, decision.raw);
    }
    if (decision.kind === 'resume') {
      this.token = null;
      this.#receive([decision.to], null, cut, decision.token.raw);
    }
  }

  #receive(all: readonly ZfsSnapshot[], from: { readonly guid: string } | null, cut: boolean, raw: boolean): void {
    const whole = cut ? all.slice(0, all.length / 2) : all;
    const next = all[whole.length];
    const last = whole.at(-1) ?? from;
    if (next) this.token = { text: '1-x', toGuid: next.guid, fromGuid: last?.guid ?? null, raw };
    if (whole.length === 0) return;
    this.replica ??= [];
    this.replicaEncrypted = raw;
    for (const { name, guid, creation } of whole.toSorted(byAge)) {
      this.#time += 1;
      const createtxg = this.#time;
      this.replica.push({
        dataset: 'vault/a',
        name,
        guid,
        creation,
        createtxg,
        holds: 0,
        properties: { written: '10' },
      });
    }
  }

  /** What the step does once it has sent. */
  keep(): void {
    const base = newestCommon(this.source, this.target);
    if (base === null) return;
    const source = keepAtSource(base, this, this.holds, 'nas');
    const target = keepAtTarget(base.at, this.target.snapshots, this.holds, 'forge');
    if (source.bookmark !== null) this.bookmarks.push({ ...base.point, name: source.bookmark });
    for (const name of source.hold) this.#tags(name).add('holdfast:to:nas');
    for (const name of target.hold) this.#tags(name).add('holdfast:from:forge');
    for (const name of source.release) this.#tags(name).delete('holdfast:to:nas');
    for (const name of target.release) this.#tags(name).delete('holdfast:from:forge');
    this.bookmarks = this.bookmarks.filter(({ name }) => !source.forget.includes(name));
  }

  #tags(name: string): Set<string> {
    const tags = this.holds.get(name) ?? new Set();
    this.holds.set(name, tags);
    return tags;
  }

  /** What the step does before it sends. */
  hold(decision: ReplicationDecision): void {
    if (decision.kind === 'current' || !('to' in decision)) return;
    const more = decision.kind === 'incremental' ? [decision.base.snapshot, ...sentBetween(this.source, decision)] : [];
    for (const each of [decision.to, ...more])
      if (each !== null && !isOfSyncoid(each)) this.#tags(fullName(each)).add('holdfast:to:nas');
  }

  /** One stream that breaks, and with it the run. */
  breakOff(): ReplicationDecision {
    const decision = decideReplication(this.source, this.target, RAW);
    this.hold(decision);
    this.carryOut(decision, true);
    return decision;
  }

  /** Until nothing is left to do; each of `cuts` breaks a stream. */
  replicate(cuts: readonly boolean[] = []): ReplicationDecision {
    for (let round = 0; round < 8 + cuts.length + 2 * this.snapshots.length; round += 1) {
      const decision = decideReplication(this.source, this.target, RAW);
      if (decision.kind === 'current' || decision.kind === 'nothing' || decision.kind === 'broken') {
        if (decision.kind === 'current') this.keep();
        return decision;
      }
      this.hold(decision);
      this.carryOut(decision, cuts[round] ?? false);
    }
    throw new Error('it never ends');
  }
}

const acts = fc.array(
  fc.oneof(
    fc.constant({ what: 'take' as const }),
    fc.constant({ what: 'take' as const }),
    fc.constant({ what: 'temporary' as const }),
    fc.constant({ what: 'syncoid' as const }),
    fc.record({ what: fc.constant('destroy' as const), which: fc.nat(20) }),
    fc.constant({ what: 'break' as const }),
    fc.record({ what: fc.constant('replicate' as const), cuts: fc.array(fc.boolean(), { maxLength: 3 }) }),
  ),
  { maxLength: 40 },
);
type Act = ReturnType<typeof fc.sample<typeof acts extends fc.Arbitrary<infer A> ? A : never>>[number][number];

const temporary = (index: number): string => `holdfast-01M80J0X39J5PVH2N2NXRP7HAC-${index}`;

function act(pools: Pools, each: Act, index: number): ReplicationDecision | null {
  switch (each.what) {
    case 'take':
      pools.take(`s${index}`);
      return null;
    case 'temporary':
      pools.take(temporary(index));
      return null;
    case 'syncoid':
      pools.take(`syncoid_${index}`);
      return null;
    case 'destroy': {
      const some = pools.snapshots[each.which % Math.max(1, pools.snapshots.length)];
      if (some) pools.destroy(some.name);
      return null;
    }
    case 'break':
      return pools.breakOff();
    default:
      return pools.replicate(each.cuts);
  }
}

test('whatever is taken, destroyed and cut off at the source, the chain holds, and the replica gets the newest', () => {
  fc.assert(
    fc.property(acts, (list) => {
      const pools = new Pools();
      const had = new Set<string>();
      for (const [index, each] of list.entries()) {
        const decision = act(pools, each, index);
        if (decision === null) continue;
        assert.notEqual(decision.kind, 'broken', JSON.stringify(decision));
        const replica = new Set(pools.replica?.map(({ guid }) => guid));
        for (const guid of had) assert.ok(replica.has(guid), 'nothing goes from the replica');
        for (const guid of replica) had.add(guid);
        assert.ok(!pools.replica?.some(({ name }) => name.startsWith('holdfast-')), 'what nobody would ever destroy there');
        const others = pools.replica?.find(({ name }) => /^s\d/.test(name));
        assert.ok(!others || !pools.replica?.some((copy) => isOfSyncoid(copy) && copy.createtxg > others.createtxg));
        const newest = pools.snapshots.findLast(({ name }) => /^s\d/.test(name));
        if (newest && decision.kind === 'current') {
          const base = newestCommon(pools.source, pools.target);
          assert.ok(base && base.point.createtxg >= newest.createtxg);
          assert.equal(lagOf(pools.source, pools.target), 0);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a temporary snapshot is never what is sent to, and one of syncoid only where there is no other', () => {
  const pools = new Pools();
  pools.take(temporary(1));
  assert.deepEqual(pools.replicate(), { kind: 'nothing' });
  pools.take('syncoid_forge');
  assert.equal(pools.replicate().kind, 'current');
  assert.equal(pools.holds.size, 0, 'syncoid must be able to destroy its own');
  pools.take('daily');
  pools.take('syncoid_later');
  pools.take('clone', { 'holdfast:run': '01ABC' });
  const decision = decideReplication(pools.source, pools.target, RAW);
  assert.equal(decision.kind === 'incremental' && decision.to.name, 'daily');
});

test('those of syncoid are gone around as well: a copy of one would stay at the target for ever', () => {
  const pools = new Pools();
  for (const name of ['one', 'two', 'syncoid_early', 'three', 'four', 'syncoid_late', 'five']) pools.take(name);
  pools.replicate();
  assert.deepEqual(
    pools.replica?.map(({ name }) => name),
    ['one', 'two', 'three', 'four', 'five'],
  );
});

test('what syncoid itself has brought is a base like any other', () => {
  const pools = new Pools();
  for (const name of ['one', 'syncoid_forge']) pools.take(name);
  const all = decideReplication({ ...pools.source, snapshots: pools.snapshots.slice(0, 1) }, pools.target, RAW);
  pools.carryOut(all, false);
  pools.bring('syncoid_forge');
  for (const name of ['two', 'three']) pools.take(name);
  const decision = decideReplication(pools.source, pools.target, RAW);
  assert.deepEqual(decision.kind === 'incremental' && [decision.base.point.name, decision.to.name, decision.all], [
    'syncoid_forge',
    'three',
    true,
  ]);
});

test('a name that only begins like that of a temporary snapshot is sent as any other', () => {
  const pools = new Pools();
  pools.take('holdfast-before-the-upgrade');
  pools.replicate();
  assert.deepEqual(
    pools.replica?.map(({ name }) => name),
    ['holdfast-before-the-upgrade'],
  );
});

test('what a broken stream has brought is still known at the source, whatever is pruned until the next', () => {
  const pools = new Pools();
  pools.take('one');
  pools.replicate();
  for (const name of ['two', 'three', 'four', 'five']) pools.take(name);
  pools.breakOff();
  assert.deepEqual(
    pools.replica?.map(({ name }) => name),
    ['one', 'two', 'three'],
  );
  for (const name of ['two', 'three', 'four']) pools.destroy(name);
  assert.equal(pools.replicate().kind, 'current');
  assert.deepEqual(pools.snapshots.filter(({ name }) => pools.destroy(name)).length, 4, 'and are let go of then');
});

test('from a bookmark one snapshot is sent, and then all others', () => {
  const pools = new Pools();
  pools.take('one');
  pools.replicate();
  pools.take('two');
  pools.take('three');
  pools.holds.clear();
  pools.destroy('one');
  const first = decideReplication(pools.source, pools.target, RAW);
  assert.deepEqual(first.kind === 'incremental' && [first.to.name, first.all, first.base.snapshot], ['two', false, null]);
  pools.carryOut(first, false);
  const second = decideReplication(pools.source, pools.target, RAW);
  assert.deepEqual(second.kind === 'incremental' && [second.to.name, second.all], ['three', true]);
});

test('half a stream goes on where its snapshots are still there, and is abandoned where they are not', () => {
  const pools = new Pools();
  const one = pools.take('one');
  pools.take('two');
  pools.token = { text: '1-x', toGuid: one.guid, fromGuid: null, raw: false };
  assert.equal(decideReplication(pools.source, pools.target, RAW).kind, 'resume');
  pools.token = { ...pools.token, fromGuid: '77' };
  assert.equal(decideReplication(pools.source, pools.target, RAW).kind, 'abandon');
  pools.token = { ...pools.token, fromGuid: null };
  pools.destroy('one');
  assert.equal(decideReplication(pools.source, pools.target, RAW).kind, 'abandon');
});

/** The words, of what is broken. */
function told(pools: Pools, wish = RAW): string {
  const decision = decideReplication(pools.source, pools.target, wish);
  assert.equal(decision.kind, 'broken', decision.kind);
  const { message, hint } = wordsOfBroken(
    decision.kind === 'broken' ? decision.broken : { why: 'locked' },
    'tank/a',
    'vault/a',
    'holdfast replicate tank/a --start-over',
  );
  return `${message} -> ${hint}`;
}

test('a source that was rolled back, or a second host, never rolls the replica back: it is told which has what', () => {
  const pools = new Pools();
  pools.take('one');
  pools.take('two');
  pools.replicate();
  pools.holds.clear();
  pools.bookmarks = [];
  pools.destroy('two');
  assert.match(
    told(pools),
    /vault\/a has a snapshot after one that tank\/a does not have \(two\): the source was rolled back/,
  );
  pools.take('other');
  assert.match(told(pools), /and the source has a snapshot of its own since.*zfs rollback -r vault\/a@one/);
});

test('a snapshot that somebody took of an unchanged replica is in nobody’s way; one with changes is', () => {
  const pools = new Pools();
  pools.take('one');
  pools.replicate();
  pools.takeOnReplica('autosnap', 0);
  pools.take('two');
  assert.equal(pools.replicate().kind, 'current');
  pools.takeOnReplica('mine', 4096);
  assert.match(told(pools), /vault\/a has a snapshot after two/);
});

test('what was written into the replica is told, with how to look at it, as soon as it is in the way', () => {
  const pools = new Pools();
  pools.take('one');
  pools.replicate();
  pools.written = 2048;
  assert.equal(pools.replicate().kind, 'current');
  pools.take('two');
  assert.match(
    told(pools),
    /2\.00 KiB were written into vault\/a after one was received -> See what: zfs diff vault\/a@one/,
  );
});

test('without anything in common it is told which side lost it', () => {
  const pools = new Pools();
  pools.take('one');
  pools.replicate();
  pools.holds.clear();
  pools.bookmarks = [];
  pools.destroy('one');
  pools.take('two');
  assert.match(
    told(pools),
    /the source lost one .* and its bookmark, or another host sends there, too; what it has begins with two/,
  );
  assert.equal(lagOf(pools.source, pools.target), null, 'unknown is not zero');
  pools.replica = [];
  assert.match(told(pools), /exists and has no snapshot/);
});

test('encrypted goes as it is, or decrypted with the key where that is asked for, and never one after the other', () => {
  const pools = new Pools();
  pools.encrypted = true;
  pools.readable = false;
  pools.take('one');
  const first = decideReplication(pools.source, pools.target, RAW);
  assert.equal(first.kind === 'full' && first.raw, true);
  assert.match(told(pools, { raw: false }), /the encryption key of tank\/a is not loaded/);
  pools.readable = true;
  pools.carryOut(decideReplication(pools.source, pools.target, { raw: false }), false);
  pools.take('two');
  assert.match(told(pools), /was received decrypted, and tank\/a is to be sent encrypted/);
});

test('where the clock was set back nobody knows how far behind the replica is', () => {
  const pools = new Pools();
  pools.take('one');
  pools.replicate();
  const two = pools.take('two');
  pools.snapshots = [...pools.snapshots.slice(0, -1), { ...two, creation: 0 as Instant }];
  assert.equal(lagOf(pools.source, pools.target), null);
  assert.equal(pools.replicate().kind, 'current');
});

test('of the holds and bookmarks only our own of that target are taken back', () => {
  const pools = new Pools();
  const one = pools.take('one');
  pools.replicate();
  pools.holds.get('tank/a@one')?.add('holdfast:to:other').add('mine');
  pools.bookmarks.push({ ...one, name: 'holdfast:other:1' }, { ...one, name: 'holdfast:nas:mine' }, { ...one, name: 'my' });
  pools.take('two');
  pools.replicate();
  assert.deepEqual([...(pools.holds.get('tank/a@one') ?? [])], ['holdfast:to:other', 'mine']);
  assert.deepEqual([...(pools.holds.get('tank/a@two') ?? [])], ['holdfast:to:nas']);
  assert.deepEqual([...(pools.holds.get('vault/a@one') ?? [])], []);
  assert.deepEqual(pools.bookmarks.map(({ name }) => name).toSorted(), [
    `holdfast:nas:${pools.snapshots[1]?.guid}`,
    'holdfast:nas:mine',
    'holdfast:other:1',
    'my',
  ]);
});
