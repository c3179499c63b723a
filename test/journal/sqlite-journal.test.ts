import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import type { Instant } from '../../src/domain/instant.ts';
import { openJournal, openTransientJournal } from '../../src/journal/open-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { selfIdentity } from '../../src/process/identity.ts';
import { plan, step } from '../support/plans.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { journalContract } from './journal-contract.ts';

const WRITER = join(import.meta.dirname, 'writer.ts');
const write = (stateDir: string, runs: number): ChildProcess & { stdout: NodeJS.ReadableStream } =>
  spawn(process.execPath, [WRITER, stateDir, String(runs)], { stdio: ['ignore', 'pipe', 'inherit'] });
const allRuns = { limit: 100_000 };
const NEW_RUN = { id: '01NEWRUN', plan: plan([step('a')]), startedAt: 1 as Instant, process: selfIdentity() };

/** Works with the journal in every way; every error must be one that a person can read. */
function useAll(stateDir: string): { notices: readonly string[]; error: HoldfastError | null } {
  let notices: readonly string[] = [];
  try {
    using journal = openJournal(stateDir);
    ({ notices } = journal);
    for (const run of journal.runs(allRuns)) journal.run(run.id);
    journal.latestStep('a');
    journal.evidence({ service: 'sonarr', kind: 'backup', limit: 100_000 });
    for (const run of journal.unfinishedRuns()) journal.abandonRun(run.id, 'died', 1 as Instant);
    journal.openRun({ ...NEW_RUN, id: `01NEW${Math.random()}` });
    return { notices, error: null };
  } catch (error) {
    if (error instanceof HoldfastError) return { notices, error };
    throw error;
  }
}

{
  const { path } = temporaryDirectory();
  let number = 0;
  journalContract('a journal on disk', () => openJournal(join(path, String((number += 1)))));
  process.on('exit', () => rmSync(path, { recursive: true, force: true }));
}
journalContract('a transient journal', openTransientJournal);

describe('what is asked of a journal for every status', () => {
  /** How SQLite answers what `ask` asks. */
  const plansOf = (ask: (journal: Journal) => unknown): string[] => {
    using directory = temporaryDirectory();
    openJournal(directory.path)[Symbol.dispose]();
    using db = new DatabaseSync(join(directory.path, 'journal.db'));
    const plans: string[] = [];
    const prepare = db.prepare.bind(db);
    db.prepare = (sql) => {
      plans.push(
        ...prepare(`EXPLAIN QUERY PLAN ${sql}`)
          .all()
          .map(({ detail }) => String(detail)),
      );
      return prepare(sql);
    };
    ask(new SqliteJournal(db, 'journal.db', []));
    return plans;
  };

  it('reads only those runs that have not ended, however many have', () => {
    const plans = plansOf((journal) => journal.unfinishedRuns());
    assert.deepEqual(
      plans.filter((each) => each.startsWith('SCAN')),
      ['SCAN runs USING INDEX runs_unfinished', 'SCAN effects USING INDEX effects_unsettled'],
    );
  });

  it('has the newest fact first without sorting any', () => {
    const job = { service: 'sonarr', repository: 'nas' };
    const filter = { kind: 'backup', complete: true, limit: 1 } as const;
    const plans = plansOf((journal) => [journal.evidence({ ...job, ...filter }), journal.evidenceOfEach([job], filter)]);
    assert.equal(plans.filter((each) => /SEARCH evidence USING INDEX evidence_of_job/.test(each)).length, 2, plans.join());
    assert.deepEqual(
      plans.filter((each) => each.includes('ORDER BY')),
      [],
    );
  });
});

describe('a journal on disk, opened again', () => {
  it('holds everything that was written before', () => {
    using directory = temporaryDirectory();
    {
      using journal = openJournal(directory.path);
      journal.openRun(NEW_RUN);
    }
    using journal = openJournal(directory.path, { thorough: true });
    assert.equal(journal.run('01NEWRUN')?.outcome, 'running');
  });

  it('creates the state directory and what is in it for its user alone', () => {
    using directory = temporaryDirectory();
    const stateDir = join(directory.path, 'deep', 'state');
    using _journal = openJournal(stateDir);
    assert.equal(statSync(stateDir).mode & 0o777, 0o700);
    for (const name of readdirSync(stateDir).filter((each) => each.startsWith('journal.db'))) {
      assert.equal(statSync(join(stateDir, name)).mode & 0o777, 0o600, name);
    }
  });

  it('refuses a format that only a newer Holdfast knows, and leaves it alone', () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'journal.db');
    openJournal(directory.path)[Symbol.dispose]();
    {
      using db = new DatabaseSync(file);
      db.exec('PRAGMA user_version = 999');
    }
    assert.throws(() => openJournal(directory.path), { code: 'journal-unusable', message: /newer Holdfast \(format 999/ });
    using db = new DatabaseSync(file);
    assert.equal(db.prepare('PRAGMA user_version').get()?.['user_version'], 999);
    assert.deepEqual(
      readdirSync(directory.path).filter((name) => name.includes('damaged')),
      [],
    );
  });

  it('applies each migration once: opening again changes nothing', () => {
    using directory = temporaryDirectory();
    const schema = (): unknown => {
      openJournal(directory.path)[Symbol.dispose]();
      using db = new DatabaseSync(join(directory.path, 'journal.db'));
      return [db.prepare('SELECT sql FROM sqlite_schema').all(), db.prepare('PRAGMA user_version').get()];
    };
    assert.deepEqual(schema(), schema());
  });
});

describe('several processes with one journal', () => {
  it('lose nothing when all write at once, from the very first moment', async () => {
    using directory = temporaryDirectory();
    const stateDir = join(directory.path, 'state');
    const outputs = await Promise.all([1, 2, 3, 4, 5, 6].map(() => text(write(stateDir, 8).stdout)));
    const ids = outputs.flatMap((output) => output.trim().split('\n'));
    assert.equal(ids.filter((id) => id.startsWith('error')).join(), '');
    assert.equal(ids.length, 48);
    using journal = openJournal(stateDir, { thorough: true });
    assert.deepEqual(journal.notices, []);
    const runs = journal.runs(allRuns);
    assert.deepEqual(runs.map((run) => run.id).toSorted(), ids.toSorted());
    assert(runs.every((run) => run.outcome === 'succeeded' && run.counts.succeeded === 3));
    assert.equal(journal.evidence({ service: 'sonarr', kind: 'backup', limit: 100_000 }).length, 144);
    assert.deepEqual(journal.unfinishedRuns(), []);
  });

  it('keep what was recorded, whole, when a writer is killed in the middle', async () => {
    using directory = temporaryDirectory();
    for (const after of [1, 2, 5]) {
      const child = write(directory.path, 1_000_000);
      const exited = once(child, 'exit');
      let seen = '';
      for await (const chunk of child.stdout) {
        seen += String(chunk);
        if (seen.split('\n').length > after && !child.killed) child.kill('SIGKILL');
      }
      await exited;
      using journal = openJournal(directory.path, { thorough: true });
      assert.deepEqual(journal.notices, []);
      for (const id of seen
        .trim()
        .split('\n')
        .filter((line) => line.length === 26)) {
        assert.equal(journal.run(id)?.outcome, 'succeeded');
        assert.equal(journal.evidence({ service: 'sonarr', kind: 'backup', snapshotId: id, limit: 9 }).length, 3);
      }
      assert(journal.unfinishedRuns().length <= 1);
      for (const run of journal.unfinishedRuns()) {
        for (const effect of run.effects) journal.settleEffect(effect.id, 1 as Instant);
        journal.abandonRun(run.id, 'died', 1 as Instant);
      }
    }
  });
});

describe('a damaged journal', () => {
  /** A journal of some 60 pages, all of them in the main file. */
  function filled(stateDir: string): string {
    {
      using journal = openJournal(stateDir);
      for (let index = 0; index < 60; index += 1) {
        const id = `01RUN${String(index).padStart(21, '0')}`;
        journal.openRun({ ...NEW_RUN, id, plan: plan(['a', 'b', 'c'].map((one) => step(one, { service: 'sonarr' }))) });
        journal.recordEvidence(id, {
          kind: 'backup',
          service: 'sonarr',
          repository: 'nas',
          snapshotId: 'a'.repeat(64),
          at: index as Instant,
          complete: true,
          detail: { padding: 'x'.repeat(2000) },
        });
      }
    }
    return join(stateDir, 'journal.db');
  }
  const seeded = (seed: number) => {
    let state = seed * 2_654_435_761 + 1;
    return (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  };

  it('is found at the first start after a boot, and read whole no second time in it', () => {
    using directory = temporaryDirectory();
    const stateDir = directory.path;
    const file = filled(stateDir);
    const open = (): readonly string[] => {
      using journal = openJournal(stateDir, { thorough: 'this-boot' });
      return journal.notices;
    };
    assert.deepEqual(open(), []);
    const bytes = readFileSync(file);
    bytes.fill(0xff, bytes.length - 3 * 4096, bytes.length - 4096);
    writeFileSync(file, bytes);
    assert.deepEqual(open(), [], 'nobody looks at each page with each start');
    writeFileSync(`${file}.whole`, readFileSync(`${file}.whole`, 'utf8').replace(/^\S+/, 'another-boot'));
    assert.match(open().join(), /journal\.db\.damaged-/);
    assert.deepEqual(open(), []);
  });

  it('is told in words, whichever bytes are wrong, and after at most one more start all works again', () => {
    using directory = temporaryDirectory();
    const sound = readFileSync(filled(join(directory.path, 'template')));
    const seen = { untouched: 0, aside: 0, told: 0 };
    for (let seed = 0; seed < 30; seed += 1) {
      const random = seeded(seed);
      const stateDir = join(directory.path, String(seed));
      mkdirSync(stateDir);
      const bytes = Buffer.from(sound);
      for (let hole = 0; hole <= random(4); hole += 1) {
        const from = random(bytes.length / 4096) * 4096 + random(2) * random(4096);
        for (let index = from; index < Math.min(from + 1 + random(4096), bytes.length); index += 1)
          bytes[index] = random(256);
      }
      writeFileSync(join(stateDir, 'journal.db'), bytes);
      const first = useAll(stateDir);
      if (first.error) seen.told += 1;
      else if (first.notices.length > 0) seen.aside += 1;
      else seen.untouched += 1;
      if (first.error) assert.equal(first.error.code, 'journal-unusable', `seed ${seed}: ${first.error.message}`);
      const second = first.error ? useAll(stateDir) : first;
      const byHand = /did not write/.test(second.error?.message ?? ''); // sound pages with strange text: no damage to SQLite
      if (second.error && !byHand) assert.fail(`seed ${seed}: ${second.error.message}`);
      for (const notice of [...first.notices, ...second.notices]) assert.match(notice, /journal\.db\.damaged-.*history/);
    }
    assert(seen.aside + seen.told > 10, JSON.stringify(seen)); // the test does meet damage
  });

  for (const [what, damage] of [
    ['a text file', (file: string) => writeFileSync(file, 'This is not a database. '.repeat(400))],
    ['a truncated file', (file: string) => truncateSync(file, 40_960)],
    ['a file of zeros', (file: string) => writeFileSync(file, Buffer.alloc(65_536))],
  ] as const) {
    it(`is moved aside with a notice, or told and moved aside at the next start: ${what}`, () => {
      using directory = temporaryDirectory();
      damage(filled(directory.path));
      const first = useAll(directory.path);
      const second = useAll(directory.path);
      assert.equal(second.error, null);
      assert.equal([...first.notices, ...second.notices].length, 1);
      assert.match([...first.notices, ...second.notices].join(), /damaged-/);
      const aside = readdirSync(directory.path).filter((name) => /^journal\.db\.damaged-.*Z$/.test(name));
      assert.equal(aside.length, 1);
    });
  }

  it('starts anew in an empty file', () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, 'journal.db'), '');
    assert.equal(useAll(directory.path).error, null);
  });

  it('is told when there is a directory in its place', () => {
    using directory = temporaryDirectory();
    mkdirSync(join(directory.path, 'journal.db'));
    assert.equal(useAll(directory.path).error?.code, 'journal-unusable');
  });

  it('is told when the state directory is a file', () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, 'state'), '');
    assert.equal(useAll(join(directory.path, 'state')).error?.code, 'journal-unusable');
  });

  it('is moved aside by one of several processes that find it, and the new one of the first is kept', async () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, 'journal.db'), 'no database '.repeat(1000));
    const outputs = await Promise.all([1, 2, 3, 4].map(() => text(write(directory.path, 3).stdout)));
    assert.equal(readdirSync(directory.path).filter((name) => /damaged-.*Z$/.test(name)).length, 1);
    using journal = openJournal(directory.path);
    assert.equal(journal.runs(allRuns).length, 12, outputs.join());
  });
});

describe('a state directory that cannot be used', () => {
  it('is noticed at the next write when it is deleted while the journal is open', () => {
    using directory = temporaryDirectory();
    const stateDir = join(directory.path, 'state');
    using journal = openJournal(stateDir);
    journal.openRun(NEW_RUN);
    rmSync(stateDir, { recursive: true });
    const effect = { runId: NEW_RUN.id, stepId: 'a', kind: 'x', payload: {}, at: 1 as Instant };
    assert.throws(() => journal.intendEffect(effect), { code: 'journal-unusable', message: /deleted or replaced/ });
    assert.throws(() => journal.openRun({ ...NEW_RUN, id: '01OTHER' }), { message: /deleted or replaced/ });
  });

  const canUnshare = (() => {
    try {
      execFileSync('unshare', ['-Urm', 'true'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  const inNamespace = (script: string, ...args: string[]): string =>
    execFileSync('unshare', ['-Urm', 'sh', '-c', script, 'sh', process.execPath, WRITER, ...args], { encoding: 'utf8' });

  it('is told when it is read-only', { skip: !canUnshare && 'needs user namespaces' }, () => {
    using directory = temporaryDirectory();
    const script = 'mount -t tmpfs -o ro tmpfs "$3" && { "$1" "$2" "$3" 1 || true; }';
    assert.equal(inNamespace(script, directory.path), 'error journal-unusable\n');
  });

  it('is told as no space when the disk is full', { skip: !canUnshare && 'needs user namespaces' }, () => {
    using directory = temporaryDirectory();
    const script = 'mount -t tmpfs -o size=2m tmpfs "$3" && { "$1" "$2" "$3" 100000 || true; }';
    const lines = inNamespace(script, directory.path).trim().split('\n');
    assert.equal(lines.at(-1), 'error no-space');
    assert(lines.length > 3);
    assert.equal(existsSync(join(directory.path, 'journal.db')), false); // it was another file system
  });
});
