// `holdfast drill` of a PostgreSQL server, on a real one with a real pgBackRest: what it proves, what it finds wrong, and that the
// archive of production is the same bytes afterwards, whatever came of it.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Evidence } from '../../src/domain/evidence.ts';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { type Section, ScratchHost } from '../support/cli.ts';
import { PORT, type Production, startProduction, USER } from '../support/pgbackrest.ts';

let production: Production;
let host: ScratchHost;

before(() => {
  production = startProduction();
  host = new ScratchHost();
  production.sql('CREATE DATABASE shop');
  production.sql('CREATE TABLE orders AS SELECT n, md5(n::text) AS what FROM generate_series(1, 5000) n', 'shop');
  production.sql('CREATE INDEX ON orders (what)', 'shop');
  production.pgbackrest('--type=full', 'backup');
  production.commit(20);
  production.archiveAll();
});

after(() => {
  host[Symbol.dispose]();
  production[Symbol.dispose]();
});

function declare(protection: Section = {}): void {
  const { data: dataDir, socket, configFile } = production;
  const postgres = { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile };
  host.services = { db: { postgres, protection } };
}

async function drill(...more: readonly string[]): Promise<{ code: number | null; step: StepReport; told: string }> {
  const { code, stdout, stderr } = await host.run(['drill', 'db', '--json', ...more]);
  const step = (JSON.parse(stdout) as Report).steps.find(({ id }) => id === 'drill:db@repo1');
  assert.ok(step, stdout + stderr);
  return { code, step, told: stdout + stderr };
}

function lastFact(): Evidence | undefined {
  using journal = host.journal();
  const facts = journal.evidence({ service: 'db', kind: 'drill', limit: 100 });
  return facts.toSorted((a, b) => b.at - a.at)[0];
}

const leftovers = (): string[] => readdirSync(production.root).filter((name) => name.startsWith('.holdfast'));

const verified = async (): Promise<string | undefined> =>
  /^postgres_backup_verification_status\{.*\} (\d)$/m.exec((await host.run(['metrics'])).stdout)?.[1];

test('a drill recovers the server in isolation, reads all of it, asks its queries, and says how new and how fast it is back', async () => {
  declare({
    rto: '1h',
    validators: [
      { type: 'sql', database: 'shop', query: 'SELECT count(*) = 5000 FROM orders' },
      { type: 'sql', database: 'postgres', query: `SELECT count(*) = 20 FROM ledger` },
    ],
  });
  const archived = production.digest();
  const { code, step, told } = await drill();
  assert.equal(code, 0, told);
  const { result } = step;
  assert.deepEqual(result?.['read'], ['indexes', 'rows', 'pages']);
  const last = Number((production.committed.at(-1)?.after ?? 0n) / 1000n);
  assert.ok(Math.abs(Date.parse(JSON.stringify(result['recoveryPoint']).slice(1, -1)) - last) < 1000);
  assert.ok(Number(result['rtoSeconds']) > 0 && Number(result['rtoSeconds']) < Number(result['seconds']));
  const fact = lastFact();
  assert.deepEqual([fact?.complete, fact?.detail['all']], [true, true]);
  assert.equal(fact?.snapshotId, result['snapshotId']);
  assert.equal(production.digest(), archived);
  assert.deepEqual(leftovers(), []);
  assert.equal(production.sql('SELECT pg_is_in_recovery(), count(*) FROM ledger'), 'f|20');
  assert.equal(await verified(), '1');
  assert.match((await host.run(['verify'])).stderr, /holdfast .*drill db/);
  const words = await host.run(['drill', 'db', '--due']);
  assert.match(words.stdout, /skipped/);
});

test('a query that does not answer true fails the drill, and so do one that cannot be asked and one of no database', async () => {
  const queries = [
    ['shop', 'SELECT count(*) = 4999 FROM orders', /sql shop: the query answered f, not true/],
    ['shop', 'SELECT nothing FROM orders', /sql shop: column "nothing" does not exist/],
    ['gone', 'SELECT true', /sql gone: .*database "gone" does not exist/],
  ] as const;
  declare({ validators: queries.map(([database, query]) => ({ type: 'sql', database, query })) });
  const archived = production.digest();
  const { code, step, told } = await drill();
  assert.equal(code, 2, told);
  for (const [, , words] of queries) assert.match(step.error?.message ?? '', words);
  assert.equal(lastFact()?.complete, false);
  assert.equal(production.digest(), archived);
  assert.deepEqual(leftovers(), []);
  assert.equal(await verified(), '0');
});

test('damage in the repository fails the drill, and what only could not be tried leaves no record', async () => {
  declare();
  const good = lastFact();
  // a file of the log that the backup needs, with other bytes in it
  const log = join(production.repository, 'archive/db/15-1');
  const names = readdirSync(log, { recursive: true, encoding: 'utf8' }).filter((name) => /[0-9A-F]{24}-/.test(name));
  const damaged = join(log, names.toSorted((a, b) => (a < b ? -1 : 1)).at(-2) ?? '');
  const content = readFileSync(damaged);
  writeFileSync(damaged, Buffer.alloc(content.length, 1));
  const failed = await drill();
  assert.equal(failed.code, 2, failed.told);
  assert.equal(lastFact()?.complete, false);
  assert.notDeepEqual(lastFact(), good);
  writeFileSync(damaged, content);
  const known = lastFact();
  host.configure({ verification: { restoreTesting: { scratch: host.path('closed') } } });
  const untried = await drill();
  assert.equal(untried.code, 2);
  assert.match(untried.step.error?.message ?? '', /cannot get into/);
  assert.deepEqual(lastFact(), known);
  host.configure({ verification: {} });
});

test('a drill that archives after all is caught by its timeline', async () => {
  declare();
  const history = join(production.repository, 'archive/db/15-1/00000002.history');
  const running = drill();
  for (let tries = 0; tries < 3000 && leftovers().length === 0; tries += 1) await delay(20);
  writeFileSync(history, '1\t0/5000000\tno recovery target specified\n');
  const { code, step, told } = await running;
  rmSync(history);
  assert.equal(code, 2, told);
  assert.match(step.error?.message ?? '', /the archive has timeline 2 since the drill began/);
});

test('killed, it leaves nothing that the next command does not end: no server, no directory', async () => {
  declare();
  const { child, ended } = host.start(['drill', 'db']);
  const started = (): boolean => leftovers().some((name) => existsSync(join(production.root, name, 'data/postmaster.pid')));
  for (let tries = 0; tries < 3000 && !started(); tries += 1) await delay(20);
  child.kill('SIGKILL');
  await ended;
  const archived = production.digest();
  assert.equal((await drill()).code, 0);
  assert.deepEqual(leftovers(), []);
  assert.equal(production.digest(), archived);
  const servers = readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(production.root, '.holdfast-drill'));
    } catch {
      return false;
    }
  });
  assert.deepEqual(servers, []);
});
