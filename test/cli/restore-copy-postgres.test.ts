// A PostgreSQL server out of the offsite copy of its pgBackRest repository alone: the repository itself is gone, and every row that
// was committed until the copy was made comes back, also at a moment, and in a drill.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Evidence } from '../../src/domain/evidence.ts';
import { textAt } from '../../src/lib/json.ts';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { type Ended, ScratchHost, stepOf } from '../support/cli.ts';
import { DAMAGES, itemsOf, pathOf } from '../support/damage.ts';
import { PORT, type Production, rowsOf, startProduction, USER } from '../support/pgbackrest.ts';

let production: Production;
let host: ScratchHost;
/** Committed before each copy. */
const counts: number[] = [];

before(async () => {
  production = startProduction();
  host = new ScratchHost();
  const { data: dataDir, socket, configFile, repository: path } = production;
  const server = { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile };
  host.addRepository('far', { location: 'offsite' });
  host.services['db'] = {
    postgres: { ...server, offsite: { repository: 'far', path } },
    protection: { validators: [{ type: 'sql', database: 'postgres', query: 'SELECT count(*) >= 20 FROM ledger' }] },
  };
  production.pgbackrest('--type=full', 'backup');
  for (const rows of [20, 15]) {
    production.commit(rows);
    production.archiveAll();
    const { code, stdout } = await host.backUp(['db', '--repository', 'far']);
    assert.equal(code, 0, stdout);
    counts.push(production.committed.length);
  }
  production.commit(5); // in no copy
  production.archiveAll();
  renameSync(production.repository, `${production.repository}.gone`);
});

after(() => {
  host[Symbol.dispose]();
  production[Symbol.dispose]();
});

const target = (name: string): string => join(production.root, name);
const restore = (to: string, ...more: readonly string[]): Promise<Ended> =>
  host.run(['restore', 'db', '--repository', 'far', '--to', target(to), '--json', ...more]);
const rows = (to: string): number => Number(rowsOf(join(target(to), 'data'), 'SELECT count(*) FROM ledger'));
const leftovers = (): string[] => readdirSync(production.root).filter((name) => name.startsWith('.'));

async function drill(): Promise<{ readonly code: number | null; readonly step: StepReport; readonly fact: Evidence }> {
  const { code, stdout, stderr } = await host.run(['drill', 'db', '--repository', 'far', '--json']);
  using journal = host.journal();
  const [fact] = journal.evidence({ service: 'db', repository: 'far', kind: 'drill', limit: 1 });
  assert.ok(fact, stdout + stderr);
  return { code, step: stepOf(JSON.parse(stdout) as Report, 'drill:db@far'), fact };
}

const metric = async (name: string): Promise<string | undefined> =>
  new RegExp(`^${name}\\{.*\\} (\\d)$`, 'm').exec((await host.run(['metrics'])).stdout)?.[1];

test('a restore from the copy alone has every row that was committed before it was made', async () => {
  const { code, stdout, stderr } = await restore('all');
  assert.equal(code, 0, stdout + stderr);
  const { result, repository } = stepOf(JSON.parse(stdout) as Report, 'restore:db@far');
  assert.deepEqual([repository, rows('all')], ['far', counts[1]]);
  const snapshots = (await host.snapshots('far')).toSorted((a, b) => (a.time < b.time ? -1 : 1));
  assert.equal(result?.['snapshotId'], snapshots[1]?.id);
  using journal = host.journal();
  const [fact] = journal.evidence({ service: 'db', kind: 'restore', limit: 1 });
  assert.deepEqual([fact?.repository, fact?.snapshotId, fact?.complete], ['far', snapshots[1]?.id, true]);
  assert.deepEqual(leftovers(), []);
});

test('a moment comes from the first copy that was made after it, a copy by its id as it is, and one that no copy has is refused', async () => {
  const tenth = production.committed[9];
  const at = new Date(Number((tenth?.after ?? 0n) / 1000n) + 1).toISOString();
  const [first] = (await host.snapshots('far')).toSorted((a, b) => (a.time < b.time ? -1 : 1));
  const planned = JSON.parse((await restore('at', '--at', at, '--dry-run')).stdout) as Report;
  assert.match(planned.steps[0]?.title ?? '', new RegExp(`from its copy in far alone \\(${first?.id.slice(0, 8)} `));
  assert.match(JSON.stringify(planned.steps[0]?.result?.['moments']), /"repository":"far"/);
  const { code, stderr } = await restore('at', '--at', at);
  assert.equal(code, 0, stderr);
  assert.equal(rows('at'), 10);
  assert.equal((await restore('first', '--snapshot', first?.id.slice(0, 8) ?? '')).code, 0);
  assert.equal(rows('first'), counts[0]);
  const late = await restore('late', '--at', new Date().toISOString());
  assert.equal(late.code, 2);
  assert.match(late.stdout + late.stderr, /nearest|can be had/);
  assert.deepEqual([existsSync(target('late')), leftovers()], [false, []]);
});

test('where no repository of pgBackRest can give anything back, the copy is named', async () => {
  const { code, stdout, stderr } = await host.run(['restore', 'db', '--to', target('none')]);
  assert.equal(code, 2, stdout);
  assert.match(stderr.replaceAll(/\s+/g, ' '), /holdfast (?:--config \S+ )?restore db --repository far --to DIR/);
});

test('it is not exchanged for the live server, and what to do instead is said', async () => {
  const { code, stdout, stderr } = await host.run(['restore', 'db', '--repository', 'far', '--in-place']);
  assert.equal(code, 64);
  assert.match(stdout + stderr, /--to DIR/);
});

test('a drill from the copy alone proves the server, how new it is and how long all of it takes; metrics say so', async () => {
  assert.equal(await metric('postgres_backup_offsite_verification_status'), '0');
  const { code, step, fact } = await drill();
  assert.equal(code, 0, JSON.stringify(step));
  const { result } = step;
  const last = Number((production.committed[(counts[1] ?? 0) - 1]?.after ?? 0n) / 1000n);
  assert.ok(Math.abs(Date.parse(textAt(result ?? {}, 'recoveryPoint')) - last) < 1000);
  assert.ok(Number(result?.['rtoSeconds']) < Number(result?.['seconds']));
  assert.deepEqual([fact.complete, fact.snapshotId], [true, result?.['snapshotId']]);
  assert.equal(await metric('postgres_backup_offsite_verification_status'), '1');
  assert.deepEqual(leftovers(), []);
});

test('a drill from a damaged copy fails, says so, and is on record', async () => {
  const directory = host.path('far');
  for (const item of itemsOf(directory, 'data').slice(0, 1)) DAMAGES.flip(pathOf(directory, item), () => 0.4);
  rmSync(host.path('state/cache'), { recursive: true, force: true });
  const { code, step, fact } = await drill();
  assert.deepEqual([code, step.error?.code], [2, 'not-restored'], JSON.stringify(step));
  assert.equal(fact.complete, false);
  assert.equal(await metric('postgres_backup_offsite_verification_status'), '0');
  assert.deepEqual(leftovers(), []);
});
