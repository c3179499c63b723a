// SIGKILL to Holdfast and to restic at random moments. Whatever the moment: nothing is left over, nothing is claimed that is
// not so, and the next run succeeds. KILL_SEED=<number> repeats a sequence.

import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ScratchHost, type Started } from '../support/cli.ts';

const KILLS = 25;
const REPOSITORIES = ['near', 'far'];

/** mulberry32: numbers from 0 to 1 that a seed repeats. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Victim implements Disposable {
  readonly host = new ScratchHost();
  readonly random: () => number;
  /** How long the last whole run took, in milliseconds: the window in which it pays to kill. */
  whole = 0;
  readonly #database: DatabaseSync;
  #changes = 0;

  constructor(t: TestContext) {
    const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
    t.diagnostic(`KILL_SEED=${seed}`);
    this.random = randomFrom(seed);
    const { host } = this;
    for (const name of REPOSITORIES) host.addRepository(name);
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i % 17}/${i}.txt`, `${i}\n`.repeat(50)]));
    const directory = host.addService('app', files);
    this.#database = new DatabaseSync(`${directory}/app.db`);
    this.#database.exec('PRAGMA journal_mode = WAL; CREATE TABLE a (n INTEGER PRIMARY KEY, filler BLOB)');
    this.#database.exec('INSERT INTO a (filler) VALUES (randomblob(500000))');
    const note = host.script('note', `echo "$1" >> ${host.path('log')}`);
    host.services['app'] = {
      backup: {
        paths: [directory],
        databases: [{ type: 'sqlite', path: `${directory}/app.db` }],
        hooks: { before: [[note, 'before']], after: [[note, 'after']] },
      },
    };
  }

  /** Something new to back up, so that each copy is another. */
  change(): void {
    this.#changes += 1;
    appendFileSync(this.host.path('data/app/0/0.txt'), `${this.#changes}\n`);
    this.#database.exec('INSERT INTO a (filler) VALUES (randomblob(1000))');
  }

  /** Everything that was started ends by itself, soon. */
  async assertNobodyLeft(): Promise<void> {
    const deadline = performance.now() + 15_000;
    while (this.host.processes().length > 0) {
      if (performance.now() > deadline) assert.fail(`still running: ${JSON.stringify(this.host.processes())}`);
      await delay(20); // they are nobody's children any more: no event tells
    }
  }

  /** The next run succeeds, and what is known is what is. */
  async assertRecovers(): Promise<void> {
    const { host } = this;
    const start = performance.now();
    const { code, stderr } = await host.backUp();
    this.whole = performance.now() - start;
    assert.equal(code, 0, stderr);
    assert.deepEqual(host.leftovers(), []);
    const hooks = readFileSync(host.path('log'), 'utf8').split('\n');
    const count = (word: string): number => hooks.filter((line) => line === word).length;
    assert.ok(count('after') >= count('before'), 'an after hook was never run');
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(host.root), 'a mount is left');
    for (const repository of REPOSITORIES) {
      const held = (await host.snapshots(repository)).toSorted((a, b) => (a.time < b.time ? -1 : 1));
      const ids = new Set(held.map((snapshot) => snapshot.id));
      using journal = host.journal();
      const known = journal.evidence({ service: 'app', repository, kind: 'backup', complete: true, limit: 1000 });
      assert.equal(known[0]?.snapshotId, held.at(-1)?.id, 'the newest copy that is known is not the newest that is there');
      for (const fact of known) assert.ok(ids.has(fact.snapshotId), `${fact.snapshotId} is claimed and not there`);
    }
  }

  /** Every copy is whole, for plain restic. */
  async assertSound(): Promise<void> {
    for (const repository of REPOSITORIES) {
      await this.#clearLocks(repository);
      await this.host.restic(repository, ['check', '--read-data']);
    }
  }

  /** What was killed keeps its lock for restic until it is reaped, which is up to this machine's first process. */
  async #clearLocks(repository: string): Promise<void> {
    const deadline = performance.now() + 15_000;
    do {
      await this.host.restic(repository, ['unlock']);
      if (this.host.locks(repository).every((name) => name.includes('-tmp-'))) return; // half written: restic passes them
    } while (performance.now() < deadline);
    assert.fail(`still locked: ${this.host.locks(repository).join(', ')}`);
  }

  [Symbol.dispose](): void {
    this.#database.close();
    this.host[Symbol.dispose]();
  }
}

test('Holdfast killed at any moment leaves nothing over, and the next run succeeds', async (t) => {
  using victim = new Victim(t);
  const { host, random } = victim;
  await victim.assertRecovers();
  let finished = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    victim.change();
    const run = host.start(['--json', 'run']);
    await delay(victim.whole * (0.15 + 0.8 * random()));
    run.child.kill('SIGKILL');
    if ((await run.ended).signal === null) finished += 1;
    await victim.assertNobodyLeft();
    if (random() < 0.6 || kill === KILLS - 1) await victim.assertRecovers(); // else the next victim meets what this one left
  }
  t.diagnostic(`${finished} of ${KILLS} kills came too late`);
  assert.ok(finished < KILLS / 2, 'too few kills met a run');
  await victim.assertSound();
});

/** The pid of a restic that backs up; null when the run ended before there was one. */
async function resticOf(run: Started, host: ScratchHost): Promise<number | null> {
  for (;;) {
    const restic = host.processes().find(({ command }) => /^\S*restic --json backup/.test(command));
    if (restic) return restic.pid;
    if (run.child.exitCode !== null) return null;
    await delay(3); // a process of a process: no event tells
  }
}

test('restic killed at any moment fails its job only, and the next run succeeds', async (t) => {
  using victim = new Victim(t);
  const { host, random } = victim;
  await victim.assertRecovers();
  let hit = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    victim.change();
    const run = host.start(['--json', 'run']);
    const pid = await resticOf(run, host);
    await delay(150 * random());
    try {
      if (pid !== null) process.kill(pid, 'SIGKILL');
    } catch {
      // it had ended: too late
    }
    const { code, stdout } = await run.ended;
    if (code === 0) {
      assert.match(stdout, /"outcome":"succeeded"/);
    } else {
      hit += 1;
      assert.equal(code, 1, stdout);
      assert.match(stdout, /restic was killed \(SIGKILL\)/);
    }
    assert.deepEqual(host.leftovers(), []);
    await victim.assertNobodyLeft();
    if (random() < 0.6 || kill === KILLS - 1) await victim.assertRecovers();
  }
  assert.ok(hit > KILLS / 2, 'too few kills met restic');
  t.diagnostic(`${hit} of ${KILLS} kills met restic at work`);
  await victim.assertSound();
});
